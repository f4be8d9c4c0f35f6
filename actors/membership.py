"""Which session acts for which agent, told to the store, to the log, and to those who ask.

The rules are in :mod:`registry`; here is what they need of the world, and what
follows when an agent comes, takes another name, or goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..transport import mail, process
from ..transport.errors import BadRequest, NameTaken
from ..transport.session import Session
from .agent import Agent
from .agent_row import row_of_agent
from .arrival import Arrival
from .directory import AgentChanged, AgentRemoved, ForwardRemoved, ForwardSet
from .doorbells import Doorbells
from .expected import Expected
from .inbox_actor import Work
from .inboxes import Inboxes
from .mail_services import MailServices
from .registry import Registry
from .survivors import Survivors, client_of


class Membership:
    """Agents and the sessions that act for them."""

    def __init__(
        self,
        registry: Registry,
        inboxes: Inboxes,
        services: MailServices,
        session_of: Callable[[bytes], Session | None],
        push: Callable[[Session, mail.Push], None],
        bells: Doorbells,
        expected: Expected,
    ) -> None:
        self._registry = registry
        self._inboxes = inboxes
        self._services = services
        self._session_of = session_of
        self._push = push
        self._bells = bells
        self._expected = expected
        self.survivors = Survivors(self._lost)

    # ------------------------------------------------------------ coming and going

    def arrive(self, session: Session) -> None:
        """A session was opened: let it act for the agent that it names; a door acts for none.

        :raises NameTaken: a living agent has the name, and this one insists on it
        :raises BadRequest: it is no legal name
        """
        hello = session.hello
        if hello.kind == "door":
            return
        before = self._registry.agent_of(session.token)
        claim = self._registry.arrive(
            Arrival(
                session=session.token,
                kind=hello.kind,
                agent=hello.agent,
                thread=hello.thread,
                label=hello.label,
                client=hello.client,
                pid=session.pid,
                pid_started=process.start_time(session.pid),
                working_directory=hello.working_directory,
                client_process=_client_process(session),
            ),
            self._services.clock(),
        )
        self._supersede(claim.superseded)
        if before is not None and before is not claim.agent:
            self._inboxes.tell_existing(before, _leaving(session.token))
        if claim.left is not None:
            self._gone(claim.left)
        if claim.agent is not None and claim.agent is not before:
            self.survivors.forget(claim.agent.id)
            self._act_as(session, claim.agent)
            self._tell_arrival(claim.agent)
        if claim.agent is not None:
            self._expected.come(claim.agent)
        self._persist()

    def depart(self, session: Session, *, died: bool) -> None:
        """A session is gone: it waits for nothing, and what it held goes back to the inbox."""
        token = session.token
        self._inboxes.senders.leave(token)
        agent = self._registry.agent_of(token)
        if agent is not None:
            self._inboxes.tell_existing(agent, _leaving(token, died=died))
        left = self._registry.depart(token, self._services.clock())
        if left is not None:
            self._gone(left)
        self._persist()

    def register(self, session: Session, request: mail.Register) -> mail.Registered:
        """Give the session's agent a name, or make it an agent.

        :raises NameTaken: another living agent has it
        :raises BadRequest: it is no legal name
        """
        naming = self._registry.register(
            session.token,
            request.name,
            request.role,
            request.description,
            request.inbox_bound,
            self._services.clock(),
        )
        agent = naming.agent
        self.survivors.forget(agent.id)
        self._supersede(naming.superseded)
        if naming.former is not None:
            self._hasten(agent.holders)
            self._services.store.move(naming.former.id, agent.id)
            self._bells.merge(naming.former, agent)
            self._inboxes.absorb(naming.former, agent)
            self._bells.merged(agent)
        for token in agent.holders:
            if (holder := self._session_of(token)) is not None:
                self._act_as(holder, agent)
        bound = agent.inbox_bound or self._services.settings.inbox_bound
        self._inboxes.tell_existing(agent, lambda inbox, now: inbox.resize(bound, now))
        self._tell_arrival(agent)
        self._expected.come(agent)
        self._persist()
        return mail.Registered(
            name=agent.name, role=agent.role, description=agent.description, inbox_bound=bound
        )

    def unregister(self, session: Session, *, force: bool) -> None:
        """Remove the session's agent.

        :raises BadRequest: it has unread mail, and ``force`` was not asked for
        """
        agent = self.agent_of(session)
        depth = self._inboxes.depth(agent)
        if depth and not force:
            raise BadRequest(
                f"{depth} unread message{'s' * (depth > 1)} for {agent.name}. Receive them first,"
                " or unregister with force=true: they become dead letters, which a person can"
                " put back."
            )
        holders = [self._session_of(token) for token in agent.holders]
        self._hasten(agent.holders)
        self._registry.unregister(session.token)
        reason = f"{agent.name} was unregistered"
        self._inboxes.tell_existing(agent, lambda inbox, _now: inbox.bounce(reason))
        self._inboxes.tell_existing(agent, lambda inbox, now: inbox.empty_into_dead(reason, now))
        for holder in holders:
            if holder is not None:
                holder.act_as("", 0)
        self._services.events.write("agent_gone", agent=agent.name)
        self._persist()

    def part_from(self, agents: Iterable[Agent]) -> None:
        """Forget who had only looked and has ended while no broker ran."""
        for agent in agents:
            if agent.awaited is None:
                self._pass_over(agent)
        self._persist()

    def expire(self) -> None:
        """Forget unnamed agents that are gone for long and have no mail."""
        now = self._services.clock()
        self._registry.expire(now.wall, lambda agent: not self._inboxes.depth(agent))
        self._persist()

    def next_expiry(self) -> float | None:
        """When :meth:`expire` may next have something to do, in Unix seconds."""
        return self._registry.next_expiry()

    # ------------------------------------------------------------ asking

    def agent_of(self, session: Session) -> Agent:
        """Return the agent for which a session acts.

        :raises NameTaken: another session has taken it over
        :raises BadRequest: it acts for none
        """
        agent = self._registry.agent_of(session.token)
        if agent is None and session.superseded:
            raise _superseded(session.agent)
        if agent is None:
            raise BadRequest(
                "you are no agent yet. Give a name first: register_agent(name),"
                ' or signalpost.connect(agent="NAME").'
            )
        return agent

    def touch(self, session: Session) -> None:
        """The session has asked for something: its agent works."""
        if self._registry.touch(session.token, session.heard_at):
            self._persist()

    # ------------------------------------------------------------ inside

    def _act_as(self, session: Session, agent: Agent) -> None:
        session.superseded = False
        session.act_as(agent.name, agent.id)

    def _hasten(self, tokens: Iterable[bytes]) -> None:
        for token in tokens:
            self._inboxes.senders.hasten(token)

    def _supersede(self, tokens: tuple[bytes, ...]) -> None:
        self._hasten(tokens)
        for token in tokens:
            session = self._session_of(token)
            if session is None:
                continue
            session.superseded = True
            agent = self._registry.find(session.agent)
            if agent is not None:
                self._inboxes.tell_existing(agent, _turning_away(token, _superseded(session.agent)))
                self._inboxes.tell_existing(agent, _leaving(token))
            self._push(session, mail.Superseded(agent=session.agent))

    def _gone(self, agent: Agent) -> None:
        if agent.is_person:  # who comes and goes with every command, and may still reply
            return
        reason = f"{agent.name} has gone"
        self._inboxes.tell_existing(agent, lambda inbox, _now: inbox.bounce(reason))
        self._services.events.write("agent_gone", agent=agent.name)
        self._pass_over(agent)

    def _pass_over(self, agent: Agent) -> None:
        if not self._inboxes.depth(agent):  # some clients list their servers' tools, and leave
            self._registry.pass_over(agent)

    def _lost(self, agent_id: int) -> None:
        """The process that spoke for an agent in an earlier broker life has ended."""
        agent = self._registry.lose(agent_id, self._services.clock())
        if agent is not None:
            self._gone(agent)
        self._persist()

    def _tell_arrival(self, agent: Agent) -> None:
        if not agent.is_person:
            self._services.events.write(
                "agent_registered", agent=agent.name, role=agent.role, client=agent.client
            )

    def _persist(self) -> None:
        store = self._services.store
        for change in self._registry.take_changes():
            match change:
                case AgentChanged(agent):
                    store.put_agent(row_of_agent(agent))
                    self._bells.stirred(agent)
                case AgentRemoved(agent_id):
                    self._bells.forget(agent_id)
                    store.forget_agent(agent_id)
                case ForwardSet(name, agent_id):
                    store.put_forward(name, agent_id)
                case ForwardRemoved(name):
                    store.forget_forward(name)


def _superseded(name: str) -> NameTaken:
    return NameTaken(
        f"another session of your client acts for {name} now."
        " Restart this server, or take another name: register_agent(name)."
    )


def _turning_away(token: bytes, error: NameTaken) -> Work:
    return lambda inbox, _now: inbox.turn_away(token, error)


def _leaving(token: bytes, *, died: bool = False) -> Work:
    return lambda inbox, now: inbox.leave(token, died=died, now=now)


def _client_process(session: Session) -> tuple[int, float] | None:
    """Return what tells the MCP client behind a bridge from every other process."""
    if session.hello.kind != "bridge":
        return None
    return client_of(session.pid)
