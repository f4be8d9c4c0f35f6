"""What people and agents write each other stands in the store, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from signalpost.transport.errors import BadRequest, UnknownAgent
from signalpost.transport.letters import Held
from tests.system.bridge import bridge
from tests.system.letterbox import line, receive
from tests.system.place import SIGNALPOST, Place, within
from tests.system.processes import bound_to
from tests.system.shown import only

CANARY = "canary-b7f3"


def written(place: Place) -> dict[str, bytes]:
    """Return all that is written in the state folder, but for the store itself."""
    files = [path for path in place.state.rglob("*") if path.is_file()]
    return {p.name: p.read_bytes() for p in files if not p.name.startswith("queue.db")}


def arguments(place: Place) -> dict[str, bytes]:
    """Return the command line of every process that was started here."""
    pids = bound_to(place.folder)
    return {f"pid {pid}": Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids}


@within(40)
async def test_no_log_and_no_process_shows_the_text_of_a_message(place: Place) -> None:
    async with place.client("boss") as boss, bridge(place, "alice") as alice:
        await alice.handshake()
        await line(alice, "list_agents")
        await boss.send("alice", CANARY, metadata={"token": CANARY})
        shown = only(await alice.text(receive(alice)))
        assert shown.body == CANARY
        await line(alice, "send_message", to="boss", content=CANARY, in_reply_to=shown.id)
        for _ in range(5):
            [taken] = (await boss.take(wait_seconds=None)).messages
            await boss.settle([Held(taken.id, taken.lease)], "nack")
        expired = await boss.send("alice", CANARY, ttl_seconds=0.1, wait_for="acked")
        assert expired.sent[0].stage == "expired"
        with pytest.raises(UnknownAgent):
            await boss.send("nobody", CANARY)
        with pytest.raises(BadRequest):
            await boss.send("alice", CANARY, in_reply_to=CANARY, ttl_seconds=-1)
        dead = await place.run(*SIGNALPOST, "dead", "list")
        assert CANARY.encode() in dead.stdout
        told = arguments(place)
    texts = written(place)
    assert texts["signalpost-logs.json"].count(b"message_sent") == 3
    assert b"message_dead_lettered" in texts["signalpost-logs.json"]
    assert "broker.log" in texts
    assert len(told) >= 2
    told |= texts
    assert [where for where, text in told.items() if CANARY.encode() in text] == []
    assert any(CANARY.encode() in path.read_bytes() for path in place.state.glob("queue.db*"))
