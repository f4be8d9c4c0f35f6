# pyright: reportPrivateUsage=false
"""What one connection can do with sessions that it should not. Case 10."""

from __future__ import annotations

import os

import pytest

from signalpost.actors.reception import Reception
from signalpost.transport import frames, letters, mail, messages
from signalpost.transport.door import open_files
from signalpost.transport.peer import Peer
from signalpost.transport.session import Session
from signalpost.transport.sockets import Message
from tests.actors.correspondent import Correspondent, correspondent
from tests.actors.counter import EPOCH, Counter, Speaker, counter, run


async def hello_anew(guest: Speaker, **words: str) -> bytes:
    """Say hello on a connection that has said it, as somebody new; return the session."""
    guest.token = frames.NO_SESSION
    return (await guest.hello(**words)).session


async def test_who_says_hello_again_and_again_has_one_session_and_costs_one_descriptor() -> None:
    async with counter() as place:
        guest = await place.speaker(agent="first")
        before = open_files()
        for number in range(50):
            await hello_anew(guest, agent=f"agent{number}")
        assert len(place.reception) == 1
        assert open_files() < before + 10


async def test_a_second_hello_ends_the_session_before_it_as_bye_does() -> None:
    async with counter() as place:
        guest = await place.speaker(agent="alice")
        first = guest.token
        correlation = guest.say(run())
        await place.runner.begun(1)
        second = await hello_anew(guest, agent="alice")
        assert second != first
        await guest.settle()
        assert place.runner.killed == [1]
        assert correlation not in [c for c, _ in guest.heard]
        agents = await Correspondent(guest).agents()
        assert [agent.name for agent in agents.values() if agent.presence == "online"] == ["alice"]


async def test_mail_that_a_session_held_goes_back_when_its_connection_says_hello_anew() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await alice.send("bob")
        (held,) = await bob.receive()
        await hello_anew(bob.speaker, agent="bob")
        (again,) = await bob.receive()
        assert (again.id, again.attempt) == (held.id, 1)


async def test_a_session_that_moves_to_a_connection_ends_the_one_that_was_there() -> None:
    async with counter() as place:
        owner, other = await place.speaker(agent="owner"), await place.speaker(agent="other")
        other.token = owner.token
        assert (await other.hello(agent="owner")).session == owner.token
        assert len(place.reception) == 1
        assert isinstance(await other.ask(messages.Heartbeat()), messages.Accepted)
        assert isinstance(await owner.ask(messages.Heartbeat()), messages.Rehello)


# ---------------------------------------------------------------- what is noted


class Stranger(Message):
    """A message from another process."""

    __slots__ = ()

    def __init__(self, parts: list[bytes]) -> None:
        self.frames = parts
        self.identity = b"stranger"

    def peer(self) -> Peer:
        return Peer(uid=os.getuid(), pid=1)


def said(request: messages.Request, token: bytes) -> Stranger:
    return Stranger([frames.header(token, bytes(16)), frames.encode(request)])


async def test_the_session_of_another_process_is_noted_with_both(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with counter() as place:
        owner = await place.speaker(agent="alice")
        place.broker.handle(said(run(), owner.token))
        place.broker.handle(said(messages.Hello(software="x", kind="cli"), owner.token))
        noted = f"pid 1 came with the session of alice, pid {os.getpid()}"
        assert caplog.messages.count(noted) == 2
        assert place.broker.open_tasks() == []


async def refused(place: Counter, eve: Correspondent) -> list[str]:
    """Have somebody try all that is for others only; return the codes."""
    bob = await correspondent(place, "bob")
    await eve.send("bob")
    (held,) = await bob.receive()
    bob.say(run())
    await place.runner.begun(1)
    requests: list[messages.Request] = [
        mail.Peek(agent="bob"),
        messages.CancelTask(task_id=1),
        messages.ClearQueue(queue_name="global"),
        messages.ClearTaskLogs(everyone=True),
    ]
    codes = [await eve.code(request) for request in requests]
    return [*codes, *await eve.settle(held)]


async def test_each_refusal_for_want_of_authority_is_noted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with counter() as place:
        codes = await refused(place, await correspondent(place, "eve"))
        assert codes == ["NOT_AUTHORISED"] * len(codes)
        assert sum(line.startswith("refused eve") for line in caplog.messages) == len(codes)
        assert [t.state for t in place.broker.open_tasks()] == ["running"]


async def test_what_is_noted_of_strangers_steers_no_terminal_and_begins_no_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    evil = "x\x1b[2J\u202e\nWARNING all is well"
    async with counter() as place:
        guest = await place.speaker()
        payload = frames.encode(messages.Heartbeat()).replace(b"\x81", b"\x82", 1)
        payload += bytes([0xA0 + len(evil.encode())]) + evil.encode() + b"\x01"
        guest.dealer.send(frames.header(guest.token, bytes(16)), payload)
        assert isinstance(await guest.answer(bytes(16)), messages.Failed)
        (line,) = [line for line in caplog.messages if "malformed" in line]
        assert line.isascii()
        assert line.isprintable()


def nowhere(_identity: bytes, _header: bytes, _payload: bytes) -> None: ...


def ignored(_session: Session) -> None: ...


def test_a_reception_tells_who_it_refused_even_when_they_have_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reception = Reception(EPOCH, nowhere, ignored, ignored, lambda: None, lambda: 0.0)
    failed = messages.Failed(code="NOT_AUTHORISED", detail="no")
    assert not reception.answer(b"gone", bytes(16), failed)
    assert "refused somebody who left" in caplog.text


async def test_a_receive_of_mail_from_what_is_no_name_is_refused_and_acknowledges_nothing() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await alice.send("bob")
        (held,) = await bob.receive()
        acknowledge = [letters.Held(held.id, held.lease)]
        asked = mail.Receive(wait_seconds=0, sender="\x1bx", acknowledge=acknowledge)
        assert await bob.code(asked) == "BAD_REQUEST"
        assert (await bob.inbox("bob")).in_flight == 1
        assert await bob.settle(held) == [""]
