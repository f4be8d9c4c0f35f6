"""Hooks in front of a stand-in broker: what it answers them, and what it has heard."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from msgspec.structs import replace

from signalpost import hook_answer
from signalpost.hook import respond
from signalpost.hook_names import Word
from signalpost.hook_words import HookOrder
from signalpost.transport import messages
from signalpost.transport.bell import (
    AWAITS_AGENTS,
    AwaitAgent,
    AwaitBell,
    Doorstep,
    LookAtBell,
    NoteRing,
)
from tests.signalpost.hook_inputs import written
from tests.transport.stand_in_broker import WELCOME, Answer, StandInBroker, Town, polite, town

PATIENCE = 10.0
QUIET = Doorstep(agent="alice", cursor=5, noticed=5)
MAIL = Doorstep(
    agent="alice", unread=1, unread_tasks=1, senders={"bob": 1}, cursor=7, noticed=5, news=True
)
NEWS = (
    "Signalpost: 1 unread message waits in the inbox of agent alice (1 from bob; 1 is a task):"
    " receive_message takes it."
)
"""What a hook says of :data:`MAIL`."""
CLAUDE: dict[Word, str] = {
    "session-start": "SessionStart",
    "prompt": "UserPromptSubmit",
    "tools": "PostToolUse",
    "stop": "Stop",
    "session-end": "SessionEnd",
}


class HookDoor:
    """A broker with one doorbell, as the real one has them."""

    def __init__(self, place: Town) -> None:
        self.folder: Path = place.folder
        self.step = QUIET
        self.returned: Doorstep | None = None
        """What waits when a session has begun."""
        self.absent = False
        """Whether nobody is meant until somebody is waited for, and then comes."""
        self.slow = 0
        """How often it does not come while it is waited for."""
        self.minor = AWAITS_AGENTS
        self.expected: list[AwaitAgent] = []
        self.late = False
        """Whether the answer to who would tell comes too late."""
        self.rings: list[NoteRing] = []
        self.looks: list[LookAtBell] = []
        self._place = place
        self._stage: StandInBroker | None = None

    @property
    def broker(self) -> StandInBroker:
        assert self._stage is not None
        return self._stage

    def open(self) -> None:
        self._stage = self._place.broker(self._answer)

    def _answer(self, request: messages.Request) -> Answer | None:
        match request:
            case LookAtBell():
                return self._looked(request)
            case AwaitBell():
                return None
            case AwaitAgent():
                self.expected.append(request)
                if len(self.expected) <= self.slow:
                    return None
                self.absent = False
                return self.step
            case messages.Hello():
                return replace(WELCOME, minor=self.minor)
            case NoteRing():
                self.rings.append(request)
                self.step = replace(self.step, noticed=request.cursor, news=False)
                return messages.Accepted()
            case _:
                return polite(request)

    def _looked(self, request: LookAtBell) -> Answer | None:
        self.looks.append(request)
        if self.absent:
            return Doorstep()
        if request.event == "session_start" and self.returned is not None:
            self.step = self.returned
        seen = self.step
        if request.tell and self.late:
            return None
        if request.tell and seen.news:
            self.step = replace(seen, noticed=seen.cursor, news=False)
        return seen

    async def says(
        self,
        word: Word,
        event: str = "",
        *,
        client: str = "claude-code",
        order: HookOrder | None = None,
        **changed: object,
    ) -> str:
        """Return what a hook answers to one input of a client."""
        chosen = order or HookOrder(word=word, client=client)
        data = written(client, event or CLAUDE[word], **changed)
        return await self.answers(chosen, data)

    async def answers(self, order: HookOrder, data: bytes) -> str:
        reader, writer = os.pipe()
        os.write(writer, data)
        os.close(writer)
        try:
            with anyio.fail_after(PATIENCE):
                said = await anyio.to_thread.run_sync(respond, order, reader, self.folder)
        finally:
            os.close(reader)
        return said.decode()


@asynccontextmanager
async def hook_door(*, opened: bool = True) -> AsyncGenerator[HookDoor]:
    """Set up a data dir, with a broker unless it is not to be ``opened``."""
    with pytest.MonkeyPatch.context() as patch:
        # Two busy cores are no reason to fail: how fast a hook is, is measured elsewhere.
        patch.setattr(hook_answer, "QUICK_SECONDS", PATIENCE)
        patch.setattr(hook_answer, "SESSION_SECONDS", PATIENCE)
        async with town() as place:
            door = HookDoor(place)
            if opened:
                door.open()
            yield door
