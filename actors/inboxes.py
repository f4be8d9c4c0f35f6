"""All inboxes of a broker: which actor serves which agent, made at the first mail or receiver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from .agent import Agent
from .inbox import Inbox
from .inbox_actor import InboxActor, Work
from .mail_services import Asker, MailServices, Senders
from .message import Message

RESTING = 64
"""So many empty inboxes keep their actors: mail that comes one by one makes none anew."""


class Bells(Protocol):
    """Where it is heard what waits; see :mod:`doorbells`."""

    def hear(self, agent: Agent, inbox: Inbox | None) -> None:
        """Something was done at an inbox."""
        ...


class Inboxes:
    """Gives orders to inboxes, and looks at what they hold."""

    def __init__(self, services: MailServices) -> None:
        self.senders: Senders
        """Set before the first order; likewise:"""
        self.bells: Bells
        self._services = services
        self._actors: dict[int, InboxActor] = {}
        self._resting: dict[InboxActor, None] = {}
        """Those whose inbox was empty, the longest first."""
        self._where: dict[str, int] = {}
        self.dead: Counter[int] = Counter()
        """Dead letters by agent."""

    # ------------------------------------------------------------ telling them

    def tell(self, agent: Agent, work: Work, asker: Asker | None = None) -> None:
        """Give an order to an agent's inbox, which is made if there is none."""
        actor = self._actors.get(agent.id) or self._make(agent)
        actor.tell(work, asker)

    def tell_existing(self, agent: Agent, work: Work) -> None:
        """Give an order to an agent's inbox; where there is none there is nothing to do."""
        actor = self._actors.get(agent.id)
        if actor is not None:
            actor.tell(work)

    def redrive(self, agent: Agent, message: Message) -> None:
        """Put a dead letter back."""
        self.dead[message.agent_id] -= 1
        self._where[message.id] = message.agent_id = agent.id
        self.tell(agent, lambda inbox, now: inbox.redrive(message, now))

    def restore(self, agent: Agent, messages: Iterable[Message]) -> None:
        """Put back what an earlier broker life left."""
        for message in messages:
            self._where[message.id] = agent.id
            self.tell(agent, _restoring(message))

    def absorb(self, former: Agent, agent: Agent) -> None:
        """Move the mail of a former agent to another; its receivers are answered with nothing."""
        if dead := self.dead.pop(former.id, 0):
            self.dead[agent.id] += dead
        actor = self._actors.pop(former.id, None)
        if actor is None:
            return
        moved: list[Message] = []
        actor.tell(lambda inbox, now: moved.extend(inbox.hand_over()))
        for message in moved:
            self._where[message.id] = message.agent_id = agent.id
        if moved:
            self.tell(agent, lambda inbox, now: inbox.absorb(moved, now))

    def forget(self, message_id: str) -> None:
        """A message never came to be."""
        self._where.pop(message_id, None)

    def close(self) -> None:
        """Stop every timer."""
        for actor in self._actors.values():
            actor.close()

    # ------------------------------------------------------------ for the actors

    def home(self, message: Message) -> InboxActor | None:
        """Return the actor whose inbox has a message now."""
        return self._actors.get(message.agent_id)

    def came(self, message: Message) -> None:
        """A message was accepted."""
        self._where[message.id] = message.agent_id

    def ended(self, message: Message) -> None:
        """A message is in no inbox any more."""
        self._where.pop(message.id, None)
        if message.state == "dead":
            self.dead[message.agent_id] += 1

    def rest(self, actor: InboxActor) -> None:
        """An inbox is empty and nobody waits at it: its actor leaves once many others rest too."""
        if self._actors.get(actor.agent.id) is not actor:  # its mail went to another one
            actor.close()
            return
        self._resting[actor] = None
        if len(self._resting) > RESTING:
            first = next(iter(self._resting))
            del self._resting[first]
            if first.is_idle:
                self._leave(first)

    def done(self, actor: InboxActor) -> None:
        """Something was done at an inbox, and all that followed at once."""
        self.bells.hear(actor.agent, self.look(actor.agent))

    # ------------------------------------------------------------ looking at them

    def look(self, agent: Agent) -> Inbox | None:
        """Return an agent's inbox; None: it is empty and nobody waits at it."""
        actor = self._actors.get(agent.id)
        return actor.inbox if actor is not None else None

    def where(self, message_id: str) -> int | None:
        """Return the agent in whose inbox an open message is."""
        return self._where.get(message_id)

    def depth(self, agent: Agent) -> int:
        """Return how many unacknowledged messages an agent has."""
        inbox = self.look(agent)
        return inbox.depth if inbox is not None else 0

    def burden(self, agent: Agent) -> tuple[bool, bool, int]:
        """Return how ill an agent is placed to take a message that others could take: more is worse.

        A full inbox would refuse it, and who is gone leaves it lying.
        """
        inbox = self.look(agent)
        return inbox is not None and inbox.is_full, agent.is_gone, self.depth(agent)

    # ------------------------------------------------------------ inside

    def _leave(self, actor: InboxActor) -> None:
        actor.close()
        if self._actors.get(actor.agent.id) is actor:
            del self._actors[actor.agent.id]

    def _make(self, agent: Agent) -> InboxActor:
        bound = agent.inbox_bound or self._services.settings.inbox_bound
        inbox = Inbox(
            bound, self._services.settings.lease, self._services.tokens, self._services.seqs
        )
        actor = InboxActor(agent, inbox, self._services, self.senders, self)
        self._actors[agent.id] = actor
        return actor


def _restoring(message: Message) -> Work:
    return lambda inbox, _now: inbox.restore(message)
