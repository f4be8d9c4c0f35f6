"""Cases 19 and 21: what is no message, and what is too large, at a real broker.

What each is answered: tests/actors/test_broker.py, tests/transport/test_frames.py.
One who floods the door: `test_a_storm_of_connections_does_not_end_the_broker` (test_load.py).
"""

from __future__ import annotations

import random
import secrets

import anyio.to_thread
import pytest

from signalpost.transport import frames, letters, mail, messages
from signalpost.transport.errors import TooLarge
from tests.system.place import Place, within
from tests.system.raw_peer import GREETING, RawPeer, frame, message, ready

STRANGERS = 300
FRAMES = 200_000
BURST = 2000
HTTP = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
NULL_3_1 = GREETING[:10] + b"\x03\x01" + GREETING[12:]
PLAIN = GREETING[:12] + b"PLAIN".ljust(20, b"\0") + GREETING[32:]
NONSENSE = (
    HTTP,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),  # TLS
    b"\0" * 500,
    b"\xff" * 500,
    GREETING[:10],
    GREETING[:40],
    GREETING,
    b"\xff" + bytes(8) + b"\x7f\x01",  # ZMTP 1
    b"\xff" + bytes(8) + b"\x7f\x09\x09" + GREETING[12:],
    PLAIN + ready(),
    GREETING + b"\x04\xff" + b"\x05READY" + b"\xff" * 300,
    GREETING + b"\x06" + b"\xff" * 8,  # a command without end
    GREETING + b"\x04\x06\x05ERROR" + bytes(20),
    NULL_3_1 + ready(b"x" * 200),
    GREETING + ready() + b"\x07" * 100,
    GREETING + ready() + b"\x02" + b"\xff" * 8 + b"x" * 1000,  # a frame of 2**64 bytes
)
TAG = b"\xa4type"


def payloads() -> list[bytes]:
    """Return what breaks the rules of a payload, each in its own way."""
    sound = frames.encode(messages.CancelTask(task_id=1))
    return [
        b"",
        b"\xc1",
        b"\x81" + TAG + b"\xa4none",  # unknown tag
        b"\x81" + TAG + b"\xa3\xff\xfe\xfd",  # invalid UTF-8
        b"\x82" + TAG + b"\xa9heartbeat\xa5extra\x01",
        b"\x81" + TAG + b"\xc0",
        b"\x80",
        b"\x91" * 100_000 + b"\xc0",  # nesting
        b"\xdf\xff\xff\xff\xff",  # a map of 4 G members
        b"\xdd\xff\xff\xff\xff" * 10,
        b"\xc6\xff\xff\xff\xff",  # a text of 4 GB
        b"\x82" + TAG + b"\xa4send\xa2to\xdd\x7f\xff\xff\xff",
        sound + b"\0",
        sound[:-1],
        sound * 2,
        random.Random(19).randbytes(5000),
    ]


async def is_refused(peer: RawPeer, token: bytes, payload: bytes) -> bool:
    correlation = secrets.token_bytes(16)
    peer.send(message(frames.header(token, correlation), payload))
    answer = await anyio.to_thread.run_sync(peer.hear, correlation)
    return isinstance(answer, messages.Failed) and answer.code == "PROTOCOL"


def a_session(endpoint: str) -> tuple[RawPeer, bytes]:
    peer = RawPeer(endpoint).shake_hands()
    hello = messages.Hello(software="test", kind="client", agent="mallory")
    welcome = peer.ask(frames.NO_SESSION, hello)
    assert isinstance(welcome, messages.Welcome)
    return peer, welcome.session


@within(40)
async def test_strangers_who_talk_nonsense_disturb_nobody(place: Place) -> None:
    async with place.client("alice") as alice:
        endpoint = place.broker().endpoint
        for number in range(STRANGERS):
            with RawPeer(endpoint) as stranger:
                stranger.send(NONSENSE[number % len(NONSENSE)])
        await alice.ping()
        async with place.client("late", start=False) as late:
            await late.send("alice", "after all of it")
        assert (await alice.take()).messages[0].content == "after all of it"
    assert "Traceback" not in place.broker_log()


@within(40)
async def test_a_session_is_told_of_each_breach_of_the_protocol_and_goes_on(place: Place) -> None:
    async with place.client("alice"):
        peer, token = await anyio.to_thread.run_sync(a_session, place.broker().endpoint)
        with peer:
            for payload in payloads():
                assert await is_refused(peer, token, payload), payload[:50]
            answer = await anyio.to_thread.run_sync(peer.ask, token, messages.Heartbeat())
            assert isinstance(answer, messages.Accepted)
    log = place.broker_log()
    assert "Traceback" not in log
    assert 0 < log.count("malformed message") < 10


@within(60)
async def test_two_hundred_thousand_malformed_messages_are_survived_and_not_all_told(
    place: Place,
) -> None:
    broken = message(b"no header", b"no payload") * BURST

    def flood(peer: RawPeer) -> None:
        for _ in range(FRAMES // BURST // 2):
            peer.send(broken)

    async with place.client("alice") as alice:
        peer, token = await anyio.to_thread.run_sync(a_session, place.broker().endpoint)
        with peer:
            await anyio.to_thread.run_sync(flood, peer)
            await alice.ping()  # served beside it, and what follows behind it
            answer = await anyio.to_thread.run_sync(peer.ask, token, messages.Heartbeat())
            assert isinstance(answer, messages.Accepted)
    log = place.broker_log()
    assert "Traceback" not in log
    assert 0 < log.count("malformed message") < 10
    assert len(log) < 20_000


# ---------------------------------------------------------------- too large


@within(40)
async def test_a_request_at_its_limit_is_served_and_one_above_it_is_not_sent(place: Place) -> None:
    async with place.client("alice") as alice:
        most = letters.MAX_CONTENT
        await alice.send("alice", "x" * most)
        assert len((await alice.take()).messages[0].content) == most
        for too_many in (most + 1, 10 * most):
            with pytest.raises(TooLarge):
                await alice.send("alice", "x" * too_many)
        await alice.ping()


@within(40)
async def test_one_who_sends_too_large_a_message_by_hand_is_told_or_cut_off(place: Place) -> None:
    async with place.client("alice") as alice:
        endpoint = place.broker().endpoint
        peer, token = await anyio.to_thread.run_sync(a_session, endpoint)
        with peer:
            assert await is_refused(peer, token, bytes(frames.MAX_PAYLOAD + 1))
            fat = frames.encode(mail.Send(to=["alice"], content="x" * frames.MAX_PAYLOAD))
            assert await is_refused(peer, token, fat)
            peer.send(frame(frames.header(token, bytes(16)), more=True))
            peer.send(frame(bytes(10 * frames.MAX_PAYLOAD), more=False))
            assert await anyio.to_thread.run_sync(peer.is_cut_off)
        again, _ = await anyio.to_thread.run_sync(a_session, endpoint)
        again.close()
        await alice.ping()
        assert (await alice.take(wait_seconds=0)).messages == []
