"""Serves requests about doorbells: finds who is meant, and who may ask.

A door session speaks for no agent. It names one, tells the conversation, or is
found by itself and the processes above it: a hook is started by the MCP client whose bridge
speaks for the agent, and a plugin is that client itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..transport import bell, housekeeping, mail, messages, names
from ..transport.errors import BadRequest, NotAuthorised
from ..transport.session import Session
from .agent import Agent
from .ancestry import Process, lineage
from .bell_effects import Waiter
from .doorbells import Doorbells
from .expected import Expectation, Expected
from .kinship import below, in_thread
from .membership import Membership
from .moment import Moment
from .registry import Registry
from .standing import Standing

MAX_EVERY_SECONDS = 86400.0
"""More time than this between two rings is as good as off."""
MAX_DETAIL = 200
"""Characters of why a ring gave up."""
_GOES_ON = ("session_start", "prompt", "stop", "session_end")
"""Events after which the hook of an earlier stop has nobody to speak to."""
AT_THE_DOOR = (
    *bell.REQUESTS,
    *(messages.Heartbeat, messages.Bye, messages.CancelCall),
    *(messages.TaskStatus, messages.QueueStatus, messages.ListTasks, housekeeping.GetInfo),
    *(mail.ListAgents, mail.Peek, mail.ReadMessage, mail.InboxStatus, mail.History),
)
"""What a door session may ask: about bells, and what a person may read."""


class Doorman:
    """Who looks, waits, rings and sets."""

    def __init__(
        self,
        registry: Registry,
        membership: Membership,
        standing: Standing,
        bells: Doorbells,
        expected: Expected,
        reply: Callable[[bytes, bytes, messages.Reply], object],
        clock: Callable[[], Moment],
        above: Callable[[int], tuple[Process, ...]] = lineage,
    ) -> None:
        """``above`` returns a process and those above it."""
        self._registry = registry
        self._membership = membership
        self._standing = standing
        self._bells = bells
        self._expected = expected
        self._reply = reply
        self._clock = clock
        self._above = above
        self._lineages: dict[bytes, tuple[Process, ...]] = {}
        """Of each session that was looked for among processes."""

    def check(self, request: messages.Request) -> None:
        """Refuse what is none of a door session's business.

        :raises NotAuthorised: it is not
        """
        if not isinstance(request, AT_THE_DOOR):
            raise NotAuthorised(
                "a session of kind door speaks for no agent: it asks about doorbells, and reads."
                " Connect as a client to do more."
            )

    def act(
        self, session: Session, correlation: bytes, request: bell.Request
    ) -> messages.Reply | None:
        """Serve a request; None: it is answered later.

        :raises SignalpostError: it is refused
        """
        match request:
            case bell.LookAtBell():
                return self._look(session, request)
            case bell.AwaitBell():
                return self._await(session, correlation, request)
            case bell.AwaitAgent():
                return self._expect(session, correlation, request)
            case bell.NoteRing():
                return self._note(session, request)
            case bell.SetBell():
                return self._set(session, request)

    def give_up(self, correlation: bytes) -> None:
        """Nobody waits for this answer any more, or nobody got it."""
        self._expected.give_up(correlation)
        self._bells.give_up(correlation)

    def leave(self, session: Session) -> None:
        """A session is gone."""
        self._expected.leave(session.token)
        self._bells.leave(session.token, died=not session.left)
        self._lineages.pop(session.token, None)

    # ------------------------------------------------------------ requests

    def _look(self, session: Session, request: bell.LookAtBell) -> bell.Doorstep:
        agent = self._meant(session, request.agent, request.thread)
        if agent is None:
            return bell.Doorstep()
        self._standing.hear(agent, request.event)
        if request.event in _GOES_ON and self._bells.known(agent) is not None:
            self._bells.relieve(agent)
        return self._bells.tell(agent, request.way) if request.tell else self._bells.step(agent)

    def _await(
        self, session: Session, correlation: bytes, request: bell.AwaitBell
    ) -> bell.Doorstep | None:
        wait = request.wait_seconds
        if wait is not None and not 0 <= wait < math.inf:
            raise BadRequest("wait_seconds must be 0 or more. Use 0 to return at once.")
        agent = self._meant(session, request.agent, request.thread)
        deadline = None if wait is None else self._clock().mono + wait
        waiter = Waiter(correlation, session.token, request.way, request.after, deadline)
        if agent is not None:
            self._bells.wait(agent, waiter)
        elif request.agent and wait is None:
            name = names.own_agent_name(request.agent)
            self._expected.wait(
                Expectation(
                    correlation, session.token, lambda came: self._bells.wait(came, waiter), name
                )
            )
        else:
            return bell.Doorstep()
        return None

    def _expect(
        self, session: Session, correlation: bytes, request: bell.AwaitAgent
    ) -> bell.Doorstep | None:
        agent = self._meant(session, request.agent, request.thread)
        if agent is not None:
            return self._bells.step(agent)

        def show(came: Agent) -> None:
            self._reply(session.token, correlation, self._bells.step(came))

        name = names.own_agent_name(request.agent) if request.agent else ""
        above = self._above_of(session)
        self._expected.wait(
            Expectation(correlation, session.token, show, name, request.thread, above)
        )
        return None

    def _note(self, session: Session, request: bell.NoteRing) -> messages.Accepted:
        agent = self._meant(session, request.agent, "")
        if agent is None:
            raise BadRequest("nobody is meant by that. Name the agent that was told.")
        if len(request.detail) > MAX_DETAIL:
            raise BadRequest(f"the detail is too long. Use at most {MAX_DETAIL} characters.")
        self._bells.note(agent, request)
        return messages.Accepted()

    def _set(self, session: Session, request: bell.SetBell) -> bell.BellState:
        every = request.every_seconds
        if every is not None and not 0 <= every <= MAX_EVERY_SECONDS:
            raise BadRequest(
                f"every_seconds={every:g} is no time between rings."
                f" Use 0 to {MAX_EVERY_SECONDS:g}, or switch the bell off."
            )
        agent = self._whose(session, request)
        if (request.on, every) != (None, None):
            self._bells.adjust(agent, request.on, every)
        door = self._bells.of(agent)
        return bell.BellState(
            agent=agent.name, on=door.on, every_seconds=door.every, rings=door.rings()
        )

    # ------------------------------------------------------------ who is meant

    def _whose(self, session: Session, request: bell.SetBell) -> Agent:
        """Return whose bell is to be shown or set.

        :raises NotAuthorised: it is another's
        :raises UnknownAgent: nobody has this name
        """
        if session.is_door:
            agent = self._registry.resolve(request.agent) if request.agent else None
            agent = agent or self._meant(session, "", "")
            if agent is None:
                raise BadRequest("nobody is meant by that. Name the agent.")
            if (request.on, request.every_seconds) != (None, None):
                raise NotAuthorised(_NOT_YOURS.format(agent.name))
            return agent
        own = self._membership.agent_of(session)
        agent = self._registry.resolve(request.agent) if request.agent else own
        if agent is not own and not session.is_person:
            raise NotAuthorised(_NOT_YOURS.format(agent.name))
        return agent

    def _meant(self, session: Session, name: str, thread: str) -> Agent | None:
        """Return of whom a request speaks; None: of nobody that is known.

        :raises NotAuthorised: of another than the session's own agent
        """
        if session.is_door or session.is_person:
            return self._named(session, name, thread)
        own = self._membership.agent_of(session)
        if name and self._registry.find(name) is not own:
            raise NotAuthorised(_NOT_YOURS.format(name))
        return own

    def _named(self, session: Session, name: str, thread: str) -> Agent | None:
        if name:
            return self._registry.find(name)
        agents = self._registry.agents()
        return in_thread(agents, thread) or below(agents, self._above_of(session))

    def _above_of(self, session: Session) -> tuple[Process, ...]:
        found = self._lineages.get(session.token)
        if found is None:
            found = self._lineages[session.token] = self._above(session.pid)
        return found


_NOT_YOURS = (
    "this is the doorbell of {0}. Only that agent and a person may set it,"
    " with: signalpost doorbell {0}"
)
