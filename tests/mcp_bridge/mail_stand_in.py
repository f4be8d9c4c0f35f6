"""A post office that is not there: one inbox, in memory, that does what it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import msgspec

from signalpost.transport.bell import Doorstep
from signalpost.transport.letters import (
    AgentState,
    Delivery,
    Goal,
    Held,
    InboxState,
    Kind,
    Outcome,
    RingOutcome,
    Role,
    SentMessage,
    Settled,
    StoredMessage,
    Way,
)
from signalpost.transport.mail import Deliveries, Registered, Sent

SENT = Sent(sent=[SentMessage("bob", "m1", "stored", "idle")])


def delivery(number: int = 1, **changes: object) -> Delivery:
    fields: dict[str, Any] = {
        "id": f"id{number}",
        "sender": "bob",
        "to": "alice",
        "kind": "task",
        "content": f"text {number}",
        "sent_at": 1_700_000_000.123,
        "lease": b"lease%d" % number,
    }
    fields.update(changes)
    return Delivery(**fields)


def stored(content: str = "text", **changes: object) -> StoredMessage:
    fields: dict[str, Any] = {
        "id": "id1",
        "sender": "bob",
        "to": "alice",
        "kind": "task",
        "content": content,
        "metadata": b"",
        "in_reply_to": "",
        "sent_at": 1_700_000_000.123,
        "state": "leased",
        "attempts": 0,
        "delivered_at": None,
        "ended_at": None,
        "reason": "",
    }
    fields.update(changes)
    return StoredMessage(**fields)


def agent_state(name: str = "bob", **changes: object) -> AgentState:
    fields: dict[str, Any] = {
        "name": name,
        "role": "both",
        "description": "reviews",
        "presence": "idle",
        "client": "claude-code",
        "pid": 7,
        "working_directory": "/src",
        "since": 1_700_000_000.0,
        "depth": 2,
    }
    fields.update(changes)
    return AgentState(**fields)


@dataclass(kw_only=True)
class MailStandIn:
    """Notes in ``posted`` what it was asked, in order."""

    agent: str = "alice"
    inbox: list[Delivery] = field(default_factory=list[Delivery])
    leased: dict[str, Delivery] = field(default_factory=dict[str, Delivery])
    sent: Sent = SENT
    refuses: Exception | None = None
    mail_held: anyio.Event | None = None
    posted: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    steps: list[Doorstep] = field(default_factory=list[Doorstep])
    stirred: anyio.Event = field(default_factory=anyio.Event)
    rings: list[tuple[str, int, str, str, str]] = field(
        default_factory=list[tuple[str, int, str, str, str]]
    )
    noted: anyio.Event = field(default_factory=anyio.Event)
    pings: int = 0
    pinged: anyio.Event = field(default_factory=anyio.Event)
    took: anyio.Event = field(default_factory=anyio.Event)
    returned: anyio.Event = field(default_factory=anyio.Event)

    async def await_bell(self, *, way: Way, after: int) -> Doorstep:
        while not (steps := [s for s in self.steps if s.cursor > after or not s.news]):
            self.stirred = anyio.Event()
            await self.stirred.wait()
        if not steps[0].news:  # that nobody is meant is said once
            self.steps.remove(steps[0])
        return steps[0]

    async def note_ring(
        self, agent: str, cursor: int, way: Way, outcome: RingOutcome, detail: str = ""
    ) -> None:
        self.rings.append((agent, cursor, way, outcome, detail))
        self.noted.set()

    async def ping(self) -> None:
        self.pings += 1
        self.pinged.set()
        if self.refuses is not None:
            raise self.refuses

    async def register(
        self, name: str, *, role: Role, description: str, inbox_bound: int | None
    ) -> Registered:
        self._post("register", (name, role, description, inbox_bound))
        self.agent = name
        return Registered(name=name, role=role, description=description, inbox_bound=1000)

    async def unregister(self, *, force: bool) -> None:
        self._post("unregister", force)

    async def agents(self) -> list[AgentState]:
        self._post("agents", None)
        return [agent_state("alice", presence="online"), agent_state("bob", presence="gone")]

    async def inboxes(self, agent: str) -> list[InboxState]:
        self._post("inboxes", agent)
        state = InboxState(agent="bob", depth=3, max_size=1000, in_flight=1, oldest_age=2.26)
        return [state]

    async def send(
        self,
        to: str | Sequence[str],
        content: str,
        *,
        kind: Kind,
        metadata: Mapping[str, object] | None,
        in_reply_to: str,
        ttl_seconds: float | None,
        wait_for: Goal,
        wait_seconds: float | None,
        park_seconds: float,
    ) -> Sent:
        asked = dict(locals())
        del asked["self"]
        self._post("send", asked)
        if self.mail_held is not None:
            await self.mail_held.wait()
        if self.sent.reply is not None:
            self.leased[self.sent.reply.id] = self.sent.reply
        return self.sent

    async def take(
        self,
        *,
        wait_seconds: float | None,
        sender: str,
        in_reply_to: str,
        max_messages: int,
        acknowledge: Sequence[Held],
    ) -> Deliveries:
        asked = dict(locals())
        del asked["self"]
        self._post("take", asked)
        acknowledged = [self._done(held) for held in acknowledge]
        self.took.set()
        if self.mail_held is not None:
            await self.mail_held.wait()
        taken, self.inbox = self.inbox[:max_messages], self.inbox[max_messages:]
        self.leased |= {message.id: message for message in taken}
        return Deliveries(messages=taken, acknowledged=acknowledged)

    async def settle(self, held: Sequence[Held], outcome: Outcome) -> list[Settled]:
        self._post(outcome, list(held))
        settled = [self._done(each, back=outcome != "ack") for each in held]
        if outcome == "return":
            self.returned.set()
        return settled

    async def peek(
        self, agent: str = "", *, sender: str, in_reply_to: str, max_messages: int
    ) -> list[Delivery]:
        self._post("peek", (agent, sender, in_reply_to, max_messages))
        return self.inbox[:max_messages]

    async def read_message(self, message_id: str) -> StoredMessage:
        self._post("read", message_id)
        return stored("é" * 20_000, id=message_id)

    def what(self, kind: str) -> list[Any]:
        """Return what was asked of this kind, in order."""
        return [asked for asked_kind, asked in self.posted if asked_kind == kind]

    def _post(self, kind: str, asked: object) -> None:
        self.posted.append((kind, asked))
        if self.refuses is not None:
            raise self.refuses

    def _done(self, held: Held, *, back: bool = False) -> Settled:
        message = self.leased.pop(held.message_id, None)
        if message is None or held.lease not in (b"", message.lease):
            return Settled(held.message_id, "STALE_LEASE", "it is not yours. Receive again.")
        if back:
            again = msgspec.structs.replace(message, redelivered=True, lease=message.lease + b"'")
            self.inbox.insert(0, again)
        return Settled(held.message_id)
