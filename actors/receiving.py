"""Serves requests for mail: receive, acknowledge, extend, look."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

import msgspec

from ..transport import letters, mail, messages, names
from ..transport.errors import BadRequest, NotAuthorised, SignalpostError, StaleLease
from ..transport.session import Session
from .agent import Agent
from .inbox import Inbox
from .inboxes import Inboxes
from .mail_services import MailServices, Then
from .membership import Membership
from .moment import Moment
from .orders import giving_up
from .receiver import Receiver
from .registry import Registry

logger = logging.getLogger(__name__)

LOOK_LIMIT = 1000
"""So many messages a person sees at once."""

Settling = Callable[[Inbox, Moment], list[letters.Settled]]


class Receiving:
    """What agents ask of their own inboxes, and a person of anybody's."""

    def __init__(
        self,
        registry: Registry,
        membership: Membership,
        inboxes: Inboxes,
        services: MailServices,
        here: Callable[[bytes], bool],
    ) -> None:
        self._registry = registry
        self._membership = membership
        self._inboxes = inboxes
        self._services = services
        self._here = here
        self._acknowledging: set[bytes] = set()
        """The requests that go on once what they acknowledge is on disk."""

    # ------------------------------------------------------------ taking

    def receive(self, session: Session, correlation: bytes, request: mail.Receive) -> None:
        """Take mail, or wait for some; what the request acknowledges is on disk before.

        :raises SignalpostError: nothing was taken
        """
        _check_wait(request.wait_seconds)
        _check_count(request.max_messages, letters.MAX_BATCH)
        self._senders(request.sender)  # is refused now or never: later it has acknowledged
        agent = self._membership.agent_of(session)
        # The same request again: its answer was lost on the way, so what it took is taken anew.
        self._give_up(agent, correlation)
        if not request.acknowledge:
            self._receive(session.token, agent, correlation, request, ())
            return
        self._acknowledging.add(correlation)
        token, held = session.token, request.acknowledge
        settled = self._settle(agent, held, lambda i, now: i.settle(token, held, "ack", now))

        def go_on(error: Exception | None) -> None:
            wanted = correlation in self._acknowledging and self._here(token)
            self._acknowledging.discard(correlation)
            if error is not None:
                self._refuse(token, correlation, error)
            elif wanted:
                self._receive(token, agent, correlation, request, tuple(settled))

        self._when_kept(go_on)

    def give_up(self, session: Session, correlation: bytes) -> None:
        """Whoever waits does so no more; what an answer has taken goes back."""
        self._acknowledging.discard(correlation)
        agent = self._registry.agent_of(session.token)
        if agent is not None:
            self._give_up(agent, correlation)

    def _give_up(self, agent: Agent, correlation: bytes) -> None:
        inbox = self._inboxes.look(agent)
        if inbox is not None and inbox.knows(correlation):
            self._inboxes.tell_existing(agent, giving_up(correlation))

    def _receive(
        self,
        token: bytes,
        agent: Agent,
        correlation: bytes,
        request: mail.Receive,
        acknowledged: tuple[letters.Settled, ...],
    ) -> None:
        wait = request.wait_seconds
        receiver = Receiver(
            correlation=correlation,
            session=token,
            most=request.max_messages,
            senders=self._senders(request.sender),
            in_reply_to=request.in_reply_to,
            deadline=None if wait is None else self._services.clock().mono + wait,
            acknowledged=acknowledged,
        )
        self._inboxes.tell(agent, lambda inbox, now: inbox.receive(receiver, now), receiver)

    # ------------------------------------------------------------ settling

    def settle(self, session: Session, correlation: bytes, request: mail.Settle) -> None:
        """Say what became of messages; answered when that is on disk."""
        token, held, outcome = session.token, request.messages, request.outcome
        agent = self._membership.agent_of(session)
        settled = self._settle(agent, held, lambda i, now: i.settle(token, held, outcome, now))

        def answer(error: Exception | None) -> None:
            if error is not None:
                self._refuse(token, correlation, error)
            else:
                self._services.reply(token, correlation, mail.SettledAll(messages=settled))

        self._when_kept(answer)

    def extend(self, session: Session, request: mail.Extend) -> mail.SettledAll:
        """Renew leases."""
        token, held = session.token, request.messages
        agent = self._membership.agent_of(session)
        return mail.SettledAll(
            messages=self._settle(agent, held, lambda i, now: i.extend(token, held, now))
        )

    def _settle(
        self, agent: Agent, held: list[letters.Held], work: Settling
    ) -> list[letters.Settled]:
        found: list[letters.Settled] = []
        self._inboxes.tell_existing(agent, lambda inbox, now: found.extend(work(inbox, now)))
        missing = held if not found else []
        found += [
            letters.Settled(message_id=h.message_id, code=StaleLease.code, detail=_STALE)
            for h in missing
        ]
        return [self._explained(agent, one) for one in found]

    def _explained(self, agent: Agent, settled: letters.Settled) -> letters.Settled:
        """Tell a message of somebody else from one that is not held any more."""
        if not settled.code or self._inboxes.where(settled.message_id) in (None, agent.id):
            return settled
        logger.warning("refused %s, who wanted to settle another agent's message", agent.name)
        return letters.Settled(
            message_id=settled.message_id,
            code=NotAuthorised.code,
            detail=f"message {settled.message_id} was sent to another agent."
            " Only the one who received a message may acknowledge it.",
        )

    # ------------------------------------------------------------ looking

    def peek(self, session: Session, request: mail.Peek) -> mail.Deliveries:
        """Look at mail without taking it.

        :raises NotAuthorised: it is somebody else's
        """
        _check_count(request.max_messages, LOOK_LIMIT if session.sees_all else letters.MAX_BATCH)
        inbox = self._inboxes.look(self._whose(session, request.agent))
        if inbox is None:
            return mail.Deliveries(messages=[])
        senders = self._senders(request.sender)
        found = inbox.peek(senders, request.in_reply_to, request.max_messages)
        return mail.Deliveries(
            messages=[msgspec.structs.replace(m.delivery(), lease=b"") for m in found]
        )

    def status(self, request: mail.InboxStatus) -> mail.Inboxes:
        """Tell how full inboxes are.

        :raises UnknownAgent: there is no such agent
        """
        chosen = (
            [self._registry.resolve(request.agent)] if request.agent else self._registry.agents()
        )
        return mail.Inboxes(inboxes=[self._state(agent) for agent in chosen])

    def _state(self, agent: Agent) -> letters.InboxState:
        inbox = self._inboxes.look(agent)
        oldest = inbox.oldest if inbox is not None else None
        return letters.InboxState(
            agent=agent.name,
            depth=inbox.depth if inbox is not None else 0,
            max_size=agent.inbox_bound or self._services.settings.inbox_bound,
            in_flight=inbox.in_flight if inbox is not None else 0,
            oldest_age=None
            if oldest is None
            else round(self._services.clock().wall - oldest.sent.wall, 3),
            waiting_senders=inbox.parked if inbox is not None else 0,
            dead_letters=self._inboxes.dead[agent.id],
        )

    def _whose(self, session: Session, name: str) -> Agent:
        if session.is_door and name:
            return self._registry.resolve(name)
        own = self._membership.agent_of(session)
        agent = self._registry.resolve(name) if name else own
        if agent is not own and not session.is_person:
            raise NotAuthorised(
                f"this is the inbox of {agent.name}. You may look into your own;"
                f" a person can look with: signalpost inbox {agent.name}"
            )
        return agent

    # ------------------------------------------------------------ inside

    def _when_kept(self, then: Then) -> None:
        """Go on when all that has happened so far is on disk."""
        self._services.chores.add(lambda: self._services.store.when_committed(then))

    def _senders(self, name: str) -> frozenset[str | int]:
        """Return by what the mail of an agent is found: its number, and every name it may bear."""
        if not name:
            return frozenset()
        name = names.agent_name(name)
        agent = self._registry.find(name)
        if agent is None:
            return frozenset({name})
        return frozenset({name, agent.id, agent.name, *self._registry.old_names(agent)})

    def _refuse(self, token: bytes, correlation: bytes, error: Exception) -> None:
        code = error.code if isinstance(error, SignalpostError) else "STORE_FULL"
        failed = messages.Failed(code=code, detail=str(error))
        self._services.reply(token, correlation, failed)


_STALE = "you do not hold it: it was acknowledged, has expired, or goes to whoever asks next."


def _check_wait(seconds: float | None) -> None:
    if seconds is not None and not 0 <= seconds < math.inf:
        raise BadRequest("wait_seconds must be 0 or more. Use 0 to return at once.")


def _check_count(count: int, limit: int) -> None:
    if not 1 <= count <= limit:
        raise BadRequest(f"max_messages must be from 1 to {limit}, not {count}.")
