"""Case 10: who is refused, told so, and noted, when it is not who it says.

Forged senders: `test_nobody_can_say_who_a_message_is_from` (tests/transport/test_frames_mail.py).
Others' mail: `test_nobody_acknowledges_or_looks_into_the_mail_of_another` (tests/actors/
test_post_identity.py). Duplicate names: tests/system/test_mail_names.py.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import anyio.to_thread
import pytest

from signalpost.transport import frames, messages
from signalpost.transport.errors import NotAuthorised
from tests.system.place import Place, within
from tests.system.puppet import puppet
from tests.system.raw_peer import RawPeer

NOBODY = 65534
FIRST_ROUTING_ID = 0x6B8B4567
"""What libzmq 4.3.5 gives to the first peer of every process whose numbers were not seeded."""
KNOCK = """
import socket, sys
knock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
knock.settimeout(10)
knock.connect(sys.argv[1])
try:
    print("heard", knock.recv(4096))
except ConnectionResetError:
    print("heard", b"")
"""


def set_mode(mode: int, *paths: Path) -> None:
    for path in paths:
        path.chmod(mode)


def python_for_all() -> str:
    """Return a Python that any user can start."""
    return next(path for path in ("/usr/bin/python3", sys.executable) if Path(path).exists())


def hello(agent: str = "") -> messages.Hello:
    return messages.Hello(software="test", kind="client", agent=agent)


@within(40)
@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
async def test_another_user_hears_nothing_even_at_a_socket_that_was_opened_to_all(
    place: Place,
) -> None:
    async with place.client("alice") as alice:
        path = Path(place.broker().endpoint.removeprefix("ipc://"))
        set_mode(0o711, place.folder, place.state, path.parent)
        set_mode(0o666, path)
        words = [python_for_all(), "-c", KNOCK, str(path)]
        done = await anyio.to_thread.run_sync(
            lambda: subprocess.run(
                words,
                capture_output=True,
                user=NOBODY,
                group=NOBODY,
                extra_groups=[],
                cwd="/",
                check=False,
            )
        )
        assert (done.stdout, done.returncode) == (b"heard b''\n", 0), done.stderr
        await alice.ping()
        assert "turned somebody away" in place.broker_log()
        set_mode(0o700, place.state, path.parent)


@within(40)
async def test_peers_that_claim_the_routing_ids_of_the_next_ones_do_not_end_the_broker(
    place: Place,
) -> None:
    async with place.client("alice") as alice:
        broker = place.broker()
        claims = [struct.pack(">BI", 0, FIRST_ROUTING_ID + n) for n in range(30)]
        peers = [RawPeer(broker.endpoint).shake_hands(claim) for claim in claims]
        for _ in range(3):
            async with place.client(start=False) as late:
                await late.ping()
        await alice.ping()
        assert place.broker() == broker
        for peer in peers:
            assert isinstance(peer.ask(frames.NO_SESSION, messages.Heartbeat()), messages.Rehello)
            peer.close()


def in_another_process(place: Place, script: str, *words: str) -> subprocess.Popen[bytes]:
    """Start a peer in a process of its own; it hears the endpoint first."""
    program = f"import sys\n{SPEAK}{script}"
    environment = place.environment(PYTHONPATH=str(Path(__file__).parents[2]))
    started = (sys.executable, "-c", program, place.broker().endpoint, *words)
    return place.start(*started, environment=environment)


SPEAK = """
from signalpost.transport import messages
from tests.system.raw_peer import RawPeer
peer = RawPeer(sys.argv[1]).shake_hands()
hello = messages.Hello(software="test", kind="bridge", agent="alice")
"""
THIEF = """
token = bytes.fromhex(sys.argv[2])
print(type(peer.ask(token, messages.ListTasks())).__name__)
print(peer.ask(token, hello).session == token)
"""
LATE = """
print(peer.ask(bytes(12), hello).session.hex(), flush=True)
"""


@within(40)
async def test_a_token_is_worth_nothing_to_another_process_and_its_use_is_noted(
    place: Place,
) -> None:
    async with place.client("boss"):
        with RawPeer(place.broker().endpoint).shake_hands() as carol:
            welcome = carol.ask(frames.NO_SESSION, hello(agent="carol"))
            assert isinstance(welcome, messages.Welcome)
            thief = in_another_process(place, THIEF, welcome.session.hex())
            out, err = await anyio.to_thread.run_sync(thief.communicate)
            assert out.split() == [b"Rehello", b"False"], err
            assert isinstance(carol.ask(welcome.session, messages.Heartbeat()), messages.Accepted)
        noted = f"pid {thief.pid} came with the session of carol, pid {os.getpid()}"
        assert place.broker_log().count(noted) == 2


@within(40)
async def test_the_token_of_a_process_that_died_opens_nothing_to_another_one(
    place: Place,
) -> None:
    async with place.client("boss"):
        late = in_another_process(place, LATE)
        out, err = await anyio.to_thread.run_sync(late.communicate)
        assert late.returncode == 0, err
        token = bytes.fromhex(out.decode())
        with RawPeer(place.broker().endpoint).shake_hands() as heir:
            assert isinstance(heir.ask(token, messages.ListTasks()), messages.Rehello)
            welcome = heir.ask(token, hello())
            assert isinstance(welcome, messages.Welcome)
            assert (welcome.session != token, welcome.agent) == (True, "")


@within(40)
async def test_who_cancels_the_task_of_another_agent_is_refused_and_noted(place: Place) -> None:
    gate = place.fifo("gate")
    async with puppet(place, "alice") as alice, place.client("eve") as eve:
        ask = alice.run_task(f"read _ <{gate}")
        task_id = await ask.heard.running()
        with pytest.raises(NotAuthorised):
            await eve.cancel_task(task_id)
        assert f"refused eve, pid {os.getpid()}" in place.broker_log()
        gate.open()
        assert (await ask.report()).state == "success"
