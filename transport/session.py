"""Who is speaking, and whether they still live. Pure: the time is passed in.

                 hello
    (nobody) ───────────> CONNECTED ── bye ──────────────────────────> gone (orderly)
                           │   ^  │
            process died   │   │  │ nothing heard for 30 s
                           v   │  └──────────────────────────────────> gone
                          LOST ┘ hello again under the same token
                           │
                           └── 5 s ──────────────────────────────────> gone

Authority is the session's token, never a name in a field and never the
routing id, which is only where to send. Who missed something has to say hello
again before it is heard: that is when a client asks anew for what is open.
"""

from __future__ import annotations

from dataclasses import dataclass

from .messages import Hello

HEARTBEAT_SECONDS = 16.0
"""A little more than passes between two pushes of progress, so that a beat rides on each."""
SILENCE_SECONDS = 30.0
LOST_SECONDS = 5.0
PERSON = "person"


@dataclass(slots=True)
class Session:
    """One connected peer. ``identity`` is where to send, and changes on reconnect."""

    token: bytes
    identity: bytes
    pid: int
    hello: Hello
    heard_at: float
    lost_at: float | None = None
    agent: str = ""
    """The name under which it acts; empty: it is no agent."""
    agent_id: int = 0
    superseded: bool = False
    """Another session acts for its agent now."""
    left: bool = False
    """It has said bye."""
    _owner: str = ""

    @property
    def connected(self) -> bool:
        return self.lost_at is None

    @property
    def is_person(self) -> bool:
        return self.hello.kind == "cli"

    @property
    def is_door(self) -> bool:
        """Whether it speaks for no agent, and looks at one."""
        return self.hello.kind == "door"

    @property
    def sees_all(self) -> bool:
        """Whether it may read everybody's mail."""
        return self.is_person or self.is_door

    @property
    def shown_as(self) -> str:
        """How people and models see the speaker."""
        if self.is_person:
            return PERSON
        return self.agent or self.hello.agent or self.hello.label or self.hello.kind

    def act_as(self, agent: str, agent_id: int) -> None:
        """Let the session act for an agent. Whoever owned its tasks before goes on doing so."""
        self.agent = agent
        self.agent_id = agent_id
        if self.hello.agent and agent and not self._owner:
            self._owner = f"agent:{agent_id}"

    @property
    def principal(self) -> str:
        """Who owns what this session starts: the agent, else its conversation, else itself.

        An agent is meant by its number: it keeps its tasks when it takes another name.
        """
        if self._owner:
            return self._owner
        if self.is_door:
            return f"session:{self.token.hex()}"
        if self.hello.agent:
            return f"agent:{self.hello.agent}"
        if self.hello.thread:
            return f"thread:{self.hello.thread}"
        return f"session:{self.token.hex()}"

    def deadline(self) -> float:
        """When this session is gone if nothing more is heard."""
        if self.lost_at is not None:
            return self.lost_at + LOST_SECONDS
        return self.heard_at + SILENCE_SECONDS


class Sessions:
    """All sessions of one broker life."""

    def __init__(self) -> None:
        self._by_token: dict[bytes, Session] = {}
        self._by_identity: dict[bytes, Session] = {}

    def __len__(self) -> int:
        return len(self._by_token)

    def open(self, token: bytes, identity: bytes, pid: int, hello: Hello, now: float) -> Session:
        """Open a session under a fresh ``token``."""
        session = Session(token, identity, pid, hello, now)
        self._by_token[token] = session
        self._by_identity[identity] = session
        return session

    def resume(self, token: bytes, identity: bytes, hello: Hello, now: float) -> Session | None:
        """Take up ``token`` again from a new connection; None when it is not known."""
        session = self._by_token.get(token)
        if session is None:
            return None
        self._disconnect(session)
        self._by_identity[identity] = session
        session.identity = identity
        session.hello = hello
        session.heard_at = now
        session.lost_at = None
        return session

    def hear(self, identity: bytes, token: bytes, now: float) -> Session | None:
        """Return the session that speaks, or None when it has to say hello first."""
        session = self._by_identity.get(identity)
        if session is None or session.token != token:
            return None
        session.heard_at = now
        return session

    def missed(self, identity: bytes) -> None:
        """What was sent there is lost: who speaks there has to say hello again first."""
        self._by_identity.pop(identity, None)

    def on(self, identity: bytes) -> Session | None:
        """Return the session that a connection speaks for."""
        return self._by_identity.get(identity)

    def get(self, token: bytes) -> Session | None:
        """Return the session of ``token``, if it is not gone."""
        return self._by_token.get(token)

    def lose(self, token: bytes, now: float) -> None:
        """Its process died: the session is gone soon, unless taken up again."""
        session = self._by_token.get(token)
        if session is not None and session.lost_at is None:
            session.lost_at = now

    def close(self, token: bytes) -> Session | None:
        """Forget a session and return it."""
        session = self._by_token.pop(token, None)
        if session is not None:
            self._disconnect(session)
        return session

    def _disconnect(self, session: Session) -> None:
        # A hello that was sent twice opened two sessions on one connection: the later has it.
        if self._by_identity.get(session.identity) is session:
            del self._by_identity[session.identity]

    def expire(self, now: float) -> list[Session]:
        """Close and return the sessions that are gone by now."""
        gone = [s for s in self._by_token.values() if s.deadline() <= now]
        for session in gone:
            self.close(session.token)
        return gone

    def extend(self, gap: float) -> None:
        """The broker itself was stopped for ``gap`` seconds: nobody was silent for that."""
        for session in self._by_token.values():
            session.heard_at += gap
            if session.lost_at is not None:
                session.lost_at += gap

    def next_deadline(self) -> float | None:
        """When :meth:`expire` may next have something to do."""
        return min((s.deadline() for s in self._by_token.values()), default=None)
