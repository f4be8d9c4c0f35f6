"""A stand-in for the client of a broker that serves mail, and mail to put into it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import msgspec
import pytest

from signalpost.transport.bell import BellState
from signalpost.transport.letters import (
    AgentState,
    Delivery,
    Held,
    InboxState,
    SentMessage,
    Settled,
    Stage,
    StoredMessage,
)
from signalpost.transport.mail import Deliveries, Sent

DIR = Path("/state")

_DELIVERY = Delivery(
    id="m1",
    sender="alice",
    to="person",
    kind="result",
    content="the build is green",
    sent_at=1000.0,
    lease=b"t1",
)
_STORED = StoredMessage(
    id="m1",
    sender="alice",
    to="bob",
    kind="task",
    content="build it",
    metadata=b"",
    in_reply_to="",
    sent_at=1000.0,
    state="done",
    attempts=0,
    delivered_at=1001.0,
    ended_at=1002.0,
    reason="",
)
_INBOX = InboxState(agent="alice", depth=0, max_size=1000, in_flight=0, oldest_age=None)
_AGENT = AgentState(
    name="alice",
    role="both",
    description="",
    presence="idle",
    client="claude-code",
    pid=7,
    working_directory="/work/app",
    since=1000.0,
    depth=0,
)


def delivery(**fields: object) -> Delivery:
    """A result from alice, but for the fields given."""
    return msgspec.structs.replace(_DELIVERY, **fields)


def stored(**fields: object) -> StoredMessage:
    """A task that bob has done, but for the fields given."""
    return msgspec.structs.replace(_STORED, **fields)


def inbox(**fields: object) -> InboxState:
    """Alice's empty inbox, but for the fields given."""
    return msgspec.structs.replace(_INBOX, **fields)


def agent(**fields: object) -> AgentState:
    """Alice, who waits for mail, but for the fields given."""
    return msgspec.structs.replace(_AGENT, **fields)


def sent(*stages: Stage, **fields: Any) -> Sent:  # noqa: ANN401 - handed on
    """What became of messages to bob, one for each stage."""
    messages = [SentMessage("bob", f"m{n}", stage, "gone") for n, stage in enumerate(stages, 1)]
    return Sent(sent=messages, **fields)


class PostOffice:
    """Answers with what it holds, and remembers what it was asked."""

    def __init__(self) -> None:
        self.mail: list[Delivery] = []
        self.stored: list[StoredMessage] = []
        self.known: list[AgentState] = []
        self.states: list[InboxState] = [inbox()]
        self.outcome = sent("stored")
        self.bell = BellState(agent="alice", on=True, every_seconds=5, rings=[])
        self.asked: list[tuple[str, object]] = []
        self.refuses: dict[str, str] = {}
        """Codes by message id."""

    async def agents(self) -> list[AgentState]:
        return self.known

    async def inboxes(self, agent: str = "") -> list[InboxState]:
        return [state for state in self.states if agent in ("", state.agent)]

    async def send(self, to: object, content: str, **how: object) -> Sent:
        self.asked.append(("send", (to, content, how)))
        return self.outcome

    async def take(self, **how: object) -> Deliveries:
        self.asked.append(("take", how))
        return Deliveries(messages=self.mail)

    async def peek(self, agent: str = "", **how: object) -> list[Delivery]:
        self.asked.append(("peek", (agent, how)))
        return self.mail

    async def history(
        self,
        search: str = "",
        *,
        agent: str = "",
        state: str | None = None,
        limit: int = 20,
        before: float | None = None,
    ) -> list[StoredMessage]:
        asked = {"search": search, "agent": agent, "state": state, "limit": limit, "before": before}
        self.asked.append(("history", asked))
        fitting = [
            message
            for message in self.stored
            if state in (None, message.state) and (before is None or message.sent_at < before)
        ]
        return fitting[:limit]

    async def settle(self, held: Sequence[Held], outcome: str) -> list[Settled]:
        self.asked.append((outcome, list(held)))
        return self._settled([one.message_id for one in held])

    async def redrive(self, ids: list[str]) -> list[Settled]:
        self.asked.append(("redrive", ids))
        return self._gone(ids)

    async def purge(self, ids: list[str]) -> list[Settled]:
        self.asked.append(("purge", ids))
        return self._gone(ids)

    async def set_bell(
        self, agent: str = "", *, on: bool | None = None, every_seconds: float | None = None
    ) -> BellState:
        self.asked.append(("set_bell", (agent, on, every_seconds)))
        return self.bell

    def serve(self, monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> PostOffice:
        """Be whom ``module`` connects to."""

        def act(
            _: Path, work: Callable[[Any], Awaitable[object]], *, start: bool = False
        ) -> object:
            return anyio.run(work, self)

        monkeypatch.setattr(module, "act", act)
        return self

    def _gone(self, ids: list[str]) -> list[Settled]:
        settled = self._settled(ids)
        done = {one.message_id for one in settled if not one.code}
        self.stored = [message for message in self.stored if message.id not in done]
        return settled

    def _settled(self, ids: list[str]) -> list[Settled]:
        return [Settled(each, self.refuses.get(each, ""), "Why, and what to do.") for each in ids]
