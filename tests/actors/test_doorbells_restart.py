"""What the next broker knows of doorbells."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from signalpost.transport import bell, mail, messages
from tests.actors.correspondent import correspondent
from tests.actors.counter import one_life
from tests.actors.visitor import bell_of, visitor


@pytest.fixture
def folder() -> Generator[Path, None, None]:
    path = Path(tempfile.mkdtemp(prefix="sp", dir="/tmp"))
    yield path
    shutil.rmtree(path)


async def test_what_was_told_is_not_told_again_and_what_was_not_is(folder: Path) -> None:
    async with one_life(folder) as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        door = await visitor(place)
        await alice.send("alice")
        await bob.send("bob")
        told = await door.look("alice", way="hook:stop", tell=True)
        not_told = await door.look("bob")
        assert told.news
        assert not_told.news
        await place.store.mail.committed()
    async with one_life(folder) as place:
        door = await visitor(place)
        alices, bobs = await door.look("alice"), await door.look("bob")
        assert (alices.unread, alices.news, alices.cursor) == (1, False, told.cursor)
        assert (bobs.unread, bobs.news, bobs.cursor) == (1, True, not_told.cursor)
        (ring,) = (await bell_of(door, "alice")).rings
        assert (ring.way, ring.outcome, ring.cursor) == ("hook:stop", "shown", told.cursor)


async def test_how_a_bell_was_set_is_kept(folder: Path) -> None:
    async with one_life(folder) as place:
        await bell_of(await correspondent(place, "alice"), on=False, every_seconds=30)
        await place.store.mail.committed()
    async with one_life(folder) as place:
        state = await bell_of(await visitor(place), "alice")
        assert (state.on, state.every_seconds) == (False, 30)


async def test_mail_that_its_receiver_had_is_news_again(folder: Path) -> None:
    async with one_life(folder) as place:
        alice = await correspondent(place, "alice")
        door = await visitor(place)
        await alice.send("alice")
        told = await door.look("alice", tell=True)
        await alice.receive()
        await alice.speaker.settle()
        await place.store.mail.committed()
    async with one_life(folder) as place:
        seen = await (await visitor(place)).look("alice")
        assert (seen.unread, seen.held, seen.news) == (1, 0, True)
        assert seen.cursor > told.cursor


async def test_who_was_rung_and_asks_the_next_broker_hears_the_same(folder: Path) -> None:
    async with one_life(folder) as place:
        bob = await correspondent(place, "bob")
        await correspondent(place, "alice")
        door = await visitor(place)
        asked = door.wait("alice")
        await bob.send("alice")
        rung = await door.rung(asked)
        await place.store.mail.committed()
    async with one_life(folder) as place:
        door = await visitor(place)
        other = door.wait("alice")
        door.say(bell.AwaitBell(agent="alice"), asked)
        again = await door.rung(asked)
        assert (again.news, again.cursor) == (True, rung.cursor)
        assert not door.is_answered(other)


async def test_who_was_rung_and_gives_up_at_the_next_broker_was_told_nothing(folder: Path) -> None:
    async with one_life(folder) as place:
        bob = await correspondent(place, "bob")
        await correspondent(place, "alice")
        door = await visitor(place)
        asked = door.wait("alice")
        await bob.send("alice")
        rung = await door.rung(asked)
        await place.store.mail.committed()
    async with one_life(folder) as place:
        door = await visitor(place)
        other = door.wait("alice")
        await door.ask(messages.CancelCall(correlation=asked))
        again = await door.rung(other)
        assert (again.news, again.cursor) == (True, rung.cursor)
        newest, oldest = (await bell_of(door, "alice")).rings
        assert (newest.outcome, oldest.outcome) == ("woke", "gave_up")


async def test_the_bell_of_an_agent_that_was_removed_is_forgotten(folder: Path) -> None:
    async with one_life(folder) as place:
        alice = await correspondent(place, "alice")
        await alice.send("alice")
        await (await visitor(place)).look("alice", tell=True)
        await alice.ask(mail.Unregister(force=True))
        await place.store.mail.committed()
        assert await place.store.mail.bells.bells() == []
        assert await place.store.mail.bells.rings() == []


async def test_old_rings_are_pruned_with_the_history(folder: Path) -> None:
    async with one_life(folder) as place:
        alice = await correspondent(place, "alice")
        await alice.send("alice")
        await (await visitor(place)).look("alice", tell=True)
        await place.store.mail.committed()
        (row,) = await place.store.mail.bells.rings()
        await place.store.mail.prune(row.at)
        assert await place.store.mail.bells.rings() == [row]
        await place.store.mail.prune(row.at + 1)
        assert await place.store.mail.bells.rings() == []
