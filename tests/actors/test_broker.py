# pyright: reportPrivateUsage=false
"""What a broker makes of whatever comes over its socket."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.actors.reception import Reception
from signalpost.transport import frames, housekeeping, messages
from signalpost.transport.peer import Peer
from signalpost.transport.sockets import Message
from tests.actors.counter import EPOCH, Speaker, counter, run
from tests.actors.stand_ins import rounds

REQUESTS: list[messages.Request] = [
    run(),
    messages.Heartbeat(),
    messages.TaskStatus(task_id=1),
    messages.CancelTask(task_id=1),
    messages.CancelCall(correlation=bytes(16)),
    messages.ClearTaskLogs(),
    messages.ClearQueue(queue_name="global"),
    messages.QueueStatus(),
    messages.ListTasks(),
    messages.FollowOutput(task_id=1, stream="/s"),
    housekeeping.GetInfo(),
    housekeeping.Stop(),
    messages.Bye(),
]
C = b"c" * 16


class StandInMessage(Message):
    """A message as the socket would hand it over, from whomever a test likes."""

    __slots__ = ("_peer",)

    def __init__(self, parts: list[bytes], peer: Peer, identity: bytes = b"stranger") -> None:
        self.frames = parts
        self.identity = identity
        self._peer = peer

    def peer(self) -> Peer:
        return self._peer


US = Peer(uid=os.getuid(), pid=os.getpid())


def said(request: messages.Request, token: bytes = frames.NO_SESSION) -> list[bytes]:
    return [frames.header(token, C), frames.encode(request)]


# ---------------------------------------------------------------- garbage


@pytest.mark.parametrize(
    "parts",
    [[], [b""], [b"", b""], [b"x" * 32], [b"x" * 32, b"y", b"z"], [b"x" * 31, b""]],
    ids=len,
)
async def test_what_has_no_header_is_not_answered(parts: list[bytes]) -> None:
    async with counter() as place:
        place.broker.handle(StandInMessage(parts, US))
        assert await is_serving(await place.speaker())


async def test_mutated_messages_never_raise_and_take_no_effect_for_a_stranger() -> None:
    changes = st.lists(st.tuples(st.booleans(), st.integers(0), st.integers(0, 255)), max_size=4)

    @given(st.sampled_from(REQUESTS), changes)
    def try_one(request: messages.Request, changes: list[tuple[bool, int, int]]) -> None:
        parts = [bytearray(part) for part in said(request)]
        for first, place_, byte in changes:
            part = parts[0 if first else 1]
            part[place_ % len(part)] = byte
        place.broker.handle(StandInMessage([bytes(part) for part in parts], US))

    async with counter() as place:
        try_one()
        await rounds()
        assert (place.broker.open_tasks(), len(place.reception)) == ([], 0)


async def test_mutated_messages_of_a_session_never_raise() -> None:
    changes = st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=4)

    @given(st.sampled_from(REQUESTS[:-2]), changes)
    def try_one(request: messages.Request, changes: list[tuple[int, int]]) -> None:
        header, payload = said(request, guest.token)
        part = bytearray(payload)
        for place_, byte in changes:
            part[place_ % len(part)] = byte
        place.broker.handle(StandInMessage([header, bytes(part)], US, identity))

    async with counter() as place:
        guest = await place.speaker()
        (session,) = place.reception._sessions._by_token.values()
        identity = session.identity
        try_one()
        assert await is_serving(guest)


async def test_random_frames_never_raise() -> None:
    @given(st.lists(st.binary(max_size=64), max_size=4))
    def try_one(parts: list[bytes]) -> None:
        place.broker.handle(StandInMessage(parts, US))
        place.broker.handle(StandInMessage([frames.header(bytes(12), C), *parts[:1]], US))

    async with counter() as place:
        try_one()
        assert len(place.reception) == 0


async def test_a_malformed_payload_is_refused_under_its_correlation() -> None:
    async with counter() as place:
        guest = await place.speaker()
        guest.dealer.send(frames.header(guest.token, C), b"\xc1")
        refused = await guest.answer(C)
        assert isinstance(refused, messages.Failed)
        assert refused.code == "PROTOCOL"
        assert await is_serving(guest)


# ---------------------------------------------------------------- who speaks


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: type(r).__name__)
async def test_who_has_not_said_hello_is_told_to_and_nothing_is_done(
    request_: messages.Request,
) -> None:
    async with counter() as place:
        assert isinstance(await place.stranger().ask(request_), messages.Rehello)
        assert (place.broker.open_tasks(), len(place.reception)) == ([], 0)


async def test_a_stolen_token_is_worth_nothing_on_another_connection() -> None:
    async with counter() as place:
        owner = await place.speaker()
        thief = place.stranger()
        thief.token = owner.token
        assert isinstance(await thief.ask(run()), messages.Rehello)
        assert place.broker.open_tasks() == []
        assert await is_serving(owner)


async def test_another_process_cannot_take_up_a_session() -> None:
    async with counter() as place:
        owner = await place.speaker()
        hello = messages.Hello(software="thief", kind="cli")
        stranger = Peer(uid=os.getuid(), pid=1)
        place.broker.handle(StandInMessage(said(hello, owner.token), stranger))
        assert len(place.reception) == 2
        assert await is_serving(owner)


async def test_another_user_is_not_even_answered(caplog: pytest.LogCaptureFixture) -> None:
    posted: list[bytes] = []

    def post(identity: bytes, _header: bytes, _payload: bytes) -> None:
        posted.append(identity)

    reception = Reception(EPOCH, post, lambda _: None, lambda _: None, lambda: None, lambda: 0.0)
    hello = messages.Hello(software="other", kind="cli")
    other = StandInMessage(said(hello), Peer(uid=os.getuid() + 1, pid=1))
    assert reception.welcome(other, frames.NO_SESSION, hello) is None
    assert (len(reception), posted) == (0, [])
    assert "refused a peer" in caplog.text


async def test_who_comes_back_under_its_token_still_gets_its_answers() -> None:
    async with counter() as place:
        guest = await place.speaker()
        correlation = guest.say(run())
        await place.runner.begun(1)
        again = place.stranger()
        again.token = guest.token
        await again.hello()
        assert (again.token, len(place.reception)) == (guest.token, 1)
        place.runner.runs[1].end()
        report = await again.answer(correlation)
        assert isinstance(report, messages.TaskReport)
        assert report.state == "success"
        assert correlation not in [c for c, _ in guest.heard]


async def test_after_bye_the_tasks_of_a_session_end_and_it_has_to_say_hello_again() -> None:
    async with counter() as place:
        guest = await place.speaker()
        guest.say(run())
        await place.runner.begun(1)
        assert isinstance(await guest.ask(messages.Bye()), messages.Accepted)
        assert isinstance(await guest.ask(messages.Heartbeat()), messages.Rehello)
        assert place.runner.killed == [1]
        assert place.broker.open_tasks() == []


async def test_a_fault_of_ours_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    async with counter() as place:
        guest = await place.speaker()
        assert (await guest.refusal(housekeeping.GetInfo())).code == "INTERNAL"
        assert "ZeroDivisionError" in caplog.text
        assert await is_serving(guest)


# ---------------------------------------------------------------- another version


def newer(request: messages.Request) -> list[bytes]:
    header, payload = said(request)
    return [b"SP99" + header[4:], payload]


async def test_a_newer_client_makes_an_idle_broker_leave() -> None:
    async with counter() as place:
        guest = await place.speaker()
        place.broker.handle(StandInMessage(newer(messages.Heartbeat()), US))
        await place.ending.over()
        assert (await guest.refusal(run())).code == "SHUTTING_DOWN"


@pytest.mark.parametrize("version", [b"SP99", b"SP00", b"XX99"])
async def test_a_client_of_another_version_is_refused_while_tasks_run(version: bytes) -> None:
    async with counter() as place:
        guest = await place.speaker()
        guest.say(run())
        await place.runner.begun(1)
        header, payload = said(messages.Heartbeat())
        guest.dealer.send(version + header[4:], payload)
        # It is answered in our own version: the oldest words that both may know.
        refused = await guest.answer(C)
        assert isinstance(refused, messages.Failed)
        assert refused.code == "PROTOCOL"
        guest.say(run("more"))
        await guest.settle()
        assert [t.id for t in place.broker.open_tasks()] == [1, 2]


@pytest.mark.parametrize("version", [b"SP00", b"XX99"])
async def test_an_older_or_foreign_client_makes_nobody_leave(version: bytes) -> None:
    async with counter() as place:
        header, payload = said(messages.Heartbeat())
        place.broker.handle(StandInMessage([version + header[4:], payload], US))
        guest = await place.speaker()
        guest.say(run())
        await place.runner.begun(1)


async def is_serving(guest: Speaker) -> bool:
    return isinstance(await guest.ask(messages.Heartbeat()), messages.Accepted)
