# pyright: reportPrivateUsage=false
"""What hooks find when no broker runs."""

from __future__ import annotations

import json
import stat
from typing import Any

import anyio
import anyio.from_thread
import pytest

from signalpost.actors import unread_file
from signalpost.actors.moment import Moment
from signalpost.actors.unread_file import UnreadFile
from tests.actors.correspondent import correspondent
from tests.actors.counter import Counter, counter
from tests.actors.visitor import bell_of, visitor


def read(place: Counter) -> dict[str, Any]:
    written: dict[str, Any] = json.loads((place.folder / "unread.json").read_text())
    return written


def a_file(place: Counter) -> UnreadFile:
    return UnreadFile(
        place.folder / "unread.json", place.room.unread, lambda: Moment(0, 1234.5), 0.01
    )


async def test_those_who_have_unread_mail_stand_in_it() -> None:
    async with counter() as place:
        alice = await correspondent(
            place, "alice", kind="bridge", thread="t-1", working_directory="/src"
        )
        bob = await correspondent(place, "bob")
        await bob.send("alice", kind="task")
        await bob.send("alice", kind="result")
        await alice.send("bob")
        await bob.receive()
        file = a_file(place)
        file.finish()
        written = read(place)
        assert written["written"] == 1234.5
        assert list(written["agents"]) == ["alice"]
        cursor = written["agents"]["alice"].pop("cursor")
        assert written["agents"]["alice"] == {
            "unread": 2,
            "tasks": 1,
            "noticed": 0,
            "senders": {"bob": 2},
            "threads": ["t-1"],
            "working_directory": "/src",
            "on": True,
        }
        door = await visitor(place)
        told = await door.look("alice", tell=True)
        assert told.cursor == cursor
        file.finish()
        assert read(place)["agents"]["alice"]["noticed"] == cursor


async def test_who_has_read_everything_leaves_it() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        await alice.send("alice")
        file = a_file(place)
        file.finish()
        assert list(read(place)["agents"]) == ["alice"]
        await alice.contents()
        await alice.speaker.settle()
        file.finish()
        assert read(place)["agents"] == {}


async def test_it_follows_an_agent_that_becomes_another() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        await alice.send("alice")
        file = a_file(place)
        file.finish()
        await alice.register("anna")
        file.finish()
        assert list(read(place)["agents"]) == ["anna"]


async def test_it_tells_by_which_conversation_an_agent_is_found_now() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice", kind="bridge", thread="t-1")
        await alice.send("alice")
        file = a_file(place)
        file.finish()
        await alice.leave()
        await correspondent(place, "alice", kind="bridge", thread="t-2")
        file.finish()
        assert read(place)["agents"]["alice"]["threads"] == ["t-2"]


async def test_it_is_for_its_owner_alone_and_whole_at_any_time() -> None:
    async with counter() as place:
        (place.folder / "unread.json.new").write_text("half")
        a_file(place).finish()
        path = place.folder / "unread.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not (place.folder / "unread.json.new").exists()
        assert read(place) == {"written": 1234.5, "agents": {}}


async def test_it_is_written_when_something_changes_and_else_not() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        file, wrote = a_file(place), anyio.Event()
        write = file._write

        def and_tell(text: bytes) -> None:
            write(text)
            if b"alice" in text:
                anyio.from_thread.run_sync(wrote.set)

        file._write = and_tell  # type: ignore[method-assign]
        place.tasks.start_soon(file.run)
        await alice.send("alice")
        with anyio.fail_after(5):
            await wrote.wait()
        before = (place.folder / "unread.json").stat()
        await (await visitor(place)).look("alice")
        await anyio.sleep(0.05)
        assert (place.folder / "unread.json").stat().st_ino == before.st_ino


async def test_a_disk_that_takes_it_not_is_told_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with counter() as place:
        (place.folder / "unread.json").mkdir()
        a_file(place).finish()
        assert "unread.json cannot be written" in caplog.text
    assert unread_file.EVERY_SECONDS == 2.0


async def test_an_agent_whose_doorbell_is_off_stands_in_it_as_such() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        await bell_of(alice, on=False)
        await alice.send("alice")
        a_file(place).finish()
        assert read(place)["agents"]["alice"]["on"] is False
