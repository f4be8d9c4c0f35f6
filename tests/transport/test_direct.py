"""One question to a broker without an event loop, asked from a thread of the test."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread
import pytest
from msgspec.structs import replace

from signalpost.transport import direct, messages
from signalpost.transport.bell import AwaitAgent, AwaitBell, Doorstep, LookAtBell
from signalpost.transport.errors import BadRequest, BrokerUnavailable, ProtocolMismatch
from tests.transport.stand_in_broker import WELCOME, Answer, polite, town

T = TypeVar("T")
STEP = Doorstep(agent="alice", unread=2, cursor=7)
PATIENCE = 10.0


def doorman(request: messages.Request) -> Answer | None:
    """Show every agent the same doorstep, and let waits wait."""
    match request:
        case LookAtBell():
            return STEP
        case AwaitBell() | AwaitAgent():
            return None
        case _:
            return polite(request)


def mute(request: messages.Request) -> Answer | None:
    return None


async def aside(work: Callable[[], T]) -> T:
    with anyio.fail_after(PATIENCE):
        return await anyio.to_thread.run_sync(work)


def look(folder: Path, seconds: float = PATIENCE) -> Doorstep:
    return direct.ask(folder, LookAtBell(agent="alice"), Doorstep, seconds=seconds)


async def test_a_question_is_a_whole_session_of_kind_door() -> None:
    async with town() as here:
        broker = here.broker(doorman)
        assert await aside(lambda: look(here.folder)) == STEP
        await broker.hears(messages.Bye)
        hello, *rest = [request for _, request in broker.heard]
        assert isinstance(hello, messages.Hello)
        assert hello.kind == "door"
        assert rest == [LookAtBell(agent="alice"), messages.Bye()]
        assert broker.tokens[1:] == [WELCOME.session] * 2


async def test_several_questions_share_one_session() -> None:
    def twice(folder: Path) -> list[Doorstep]:
        with direct.dial(folder, seconds=PATIENCE) as line:
            return [line.ask(LookAtBell(), Doorstep) for _ in range(2)]

    async with town() as here:
        broker = here.broker(doorman)
        assert await aside(lambda: twice(here.folder)) == [STEP, STEP]
        assert broker.heard_of(messages.Hello) == 1


async def test_without_a_broker_it_fails_at_once_and_starts_none() -> None:
    async with town() as here:
        with pytest.raises(BrokerUnavailable, match="no broker runs"):
            look(here.folder)
        assert list((here.folder / "run").iterdir()) == []


async def test_a_broker_that_does_not_answer_is_given_up_in_time() -> None:
    async with town() as here:
        here.broker(mute)
        began = time.monotonic()
        with pytest.raises(BrokerUnavailable, match=r"not answered within 0\.1 s"):
            await aside(lambda: look(here.folder, 0.1))
        assert time.monotonic() - began < PATIENCE


async def test_a_refusal_is_raised_as_what_it_is() -> None:
    def refusing(request: messages.Request) -> Answer | None:
        if isinstance(request, LookAtBell):
            return messages.Failed(code="BAD_REQUEST", detail="no such name")
        return polite(request)

    async with town() as here:
        here.broker(refusing)
        with pytest.raises(BadRequest, match="no such name"):
            await aside(lambda: look(here.folder))


async def test_an_answer_of_another_kind_is_none() -> None:
    async with town() as here:
        here.broker(polite)
        with pytest.raises(ProtocolMismatch, match="expected Doorstep, got Accepted"):
            await aside(lambda: look(here.folder))


def expect(folder: Path, seconds: float) -> tuple[Doorstep | None, Doorstep]:
    with direct.dial(folder, seconds=PATIENCE) as line:
        came = line.expect(AwaitAgent(agent="alice"), Doorstep, seconds=seconds)
        return came, line.ask(LookAtBell(), Doorstep)


async def test_an_agent_that_comes_in_time_is_told() -> None:
    async with town() as here, anyio.create_task_group() as tasks:
        broker = here.broker(doorman)

        async def come() -> None:
            broker.say(await broker.hears(AwaitAgent), STEP)

        tasks.start_soon(come)
        assert await aside(lambda: expect(here.folder, PATIENCE)) == (STEP, STEP)
        assert broker.heard_of(messages.CancelCall) == 0


async def test_an_agent_that_does_not_come_costs_the_next_question_no_time() -> None:
    def left(folder: Path) -> int:
        with direct.dial(folder, seconds=PATIENCE) as line:
            assert line.expect(AwaitAgent(agent="alice"), Doorstep, seconds=0.05) is None
            return line._left()  # pyright: ignore[reportPrivateUsage]

    async with town() as here:
        broker = here.broker(doorman)
        assert await aside(lambda: expect(here.folder, 0.05)) == (None, STEP)
        assert broker.heard_of(messages.CancelCall) == 1
        assert await aside(lambda: left(here.folder)) > 0


async def test_a_line_knows_what_its_broker_speaks() -> None:
    def minor(folder: Path) -> int:
        with direct.dial(folder, seconds=PATIENCE) as line:
            return line.minor

    def newer(request: messages.Request) -> Answer | None:
        is_hello = isinstance(request, messages.Hello)
        return replace(WELCOME, minor=2) if is_hello else polite(request)

    async with town() as here:
        here.broker(newer)
        assert await aside(lambda: minor(here.folder)) == 2


def wait(folder: Path, witness: int, seconds: float = PATIENCE) -> Doorstep | None:
    with direct.dial(folder, seconds=PATIENCE) as line:
        return line.wait(AwaitBell(agent="alice"), Doorstep, seconds=seconds, witness=witness)


async def test_a_wait_ends_with_its_answer() -> None:
    reader, writer = os.pipe()
    got: list[Doorstep | None] = []

    async def waiting() -> None:
        got.append(await aside(lambda: wait(here.folder, writer)))

    async with town() as here:
        broker = here.broker(doorman)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(waiting)
            broker.say(await broker.hears(AwaitBell), STEP)
    assert got == [STEP]
    os.close(reader)
    os.close(writer)


def sockets() -> tuple[int, int]:
    """Return what Node.js gives its children instead of pipes."""
    here, there = socket.socketpair()
    return here.detach(), there.detach()


@pytest.mark.parametrize("ends", [os.pipe, sockets])
async def test_a_wait_that_nobody_wants_any_more_ends(ends: Callable[[], tuple[int, int]]) -> None:
    reader, writer = ends()
    got: list[Doorstep | None] = []

    async def waiting() -> None:
        got.append(await aside(lambda: wait(here.folder, writer)))

    async with town() as here:
        broker = here.broker(doorman)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(waiting)
            asked = await broker.hears(AwaitBell)
            os.close(reader)
            await broker.hears(messages.CancelCall)
            await broker.hears(messages.Bye)
            cancel = messages.CancelCall(correlation=asked)
            assert cancel in [request for _, request in broker.heard]
    assert got == [None]
    os.close(writer)


async def test_a_wait_shows_that_it_lives_and_gives_up_a_silent_broker() -> None:
    def deaf(request: messages.Request) -> Answer | None:
        return hasty if isinstance(request, messages.Hello) else None

    hasty = replace(WELCOME, heartbeat_seconds=0.02)
    reader, writer = os.pipe()
    async with town() as here:
        broker = here.broker(deaf)
        with pytest.raises(BrokerUnavailable, match="silent"):
            await aside(lambda: wait(here.folder, writer))
        await broker.hears(messages.Heartbeat, count=3)
    os.close(reader)
    os.close(writer)


async def test_a_broker_that_answers_a_wait_too_late_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(direct, "_LATE_SECONDS", 0.1)
    reader, writer = os.pipe()
    async with town() as here:
        here.broker(doorman)
        with pytest.raises(BrokerUnavailable, match="silent"):
            await aside(lambda: wait(here.folder, writer, 0.1))
    os.close(reader)
    os.close(writer)
