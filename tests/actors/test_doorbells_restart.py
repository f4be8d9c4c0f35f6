"""What the next broker knows of doorbells."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from signalpost.actors import doubt
from signalpost.transport import bell, mail, messages
from signalpost.transport.letters import RingOutcome
from tests.actors.correspondent import correspondent
from tests.actors.counter import Counter, one_life
from tests.actors.visitor import Visitor, bell_of, visitor


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
        assert oldest.detail == "given up"  # heard, not waited for


async def a_ring(place: Counter, **words: Any) -> tuple[Visitor, bell.Doorstep]:  # noqa: ANN401
    """Have somebody rung at the bell of alice."""
    bob = await correspondent(place, "bob")
    await correspondent(place, "alice")
    door = await visitor(place)
    asked = door.wait("alice", **words)
    await bob.send("alice")
    return door, await door.rung(asked)


async def test_of_who_was_rung_and_never_comes_back_the_next_who_waits_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubt, "RETURN_SECONDS", 0.2)
    async with one_life(folder) as place:
        _, rung = await a_ring(place)
        await place.store.mail.committed()
    async with one_life(folder) as place:
        door = await visitor(place)
        assert not (await door.look("alice")).news
        again = await door.rung(door.wait("alice"))
        assert (again.news, again.cursor, again.unread) == (True, rung.cursor, 1)
        newest, oldest = (await bell_of(door, "alice")).rings
        assert (newest.outcome, oldest.outcome) == ("woke", "gave_up")
        assert oldest.detail == "whoever waited has not come back"
        await place.store.mail.committed()
        states = [(row.outcome, row.cursor) for row in await place.store.mail.bells.rings()]
        assert states == [("gave_up", rung.cursor), ("woke", rung.cursor)]


async def test_what_was_told_to_somebody_who_said_goodbye_is_told_by_no_later_broker(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubt, "RETURN_SECONDS", 0.0)
    async with one_life(folder) as place:
        door, rung = await a_ring(place)
        await door.leave()
        await place.store.mail.committed()
    async with one_life(folder) as place:
        door = await visitor(place)
        assert not (await door.look("alice")).news
        step = await door.rung(door.wait("alice", wait_seconds=0.05))
        assert (step.news, step.noticed) == (False, rung.cursor)


@pytest.mark.parametrize("outcome", ["typed", "read", "held", "shown"])
async def test_a_ring_of_which_was_noted_what_became_of_it_is_told_by_no_later_broker(
    folder: Path, monkeypatch: pytest.MonkeyPatch, outcome: RingOutcome
) -> None:
    monkeypatch.setattr(doubt, "RETURN_SECONDS", 0.0)
    async with one_life(folder) as place:
        door, rung = await a_ring(place)
        await door.ask(
            bell.NoteRing(agent="alice", cursor=rung.cursor, way="wait", outcome=outcome)
        )
        await place.store.mail.committed()
    async with one_life(folder) as place:
        assert not (await (await visitor(place)).look("alice")).news


async def test_who_was_rung_and_waits_on_at_the_next_broker_is_trusted_while_it_lives(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubt, "RETURN_SECONDS", 0.2)
    async with one_life(folder) as place:
        _, rung = await a_ring(place, way="pty")
        await place.store.mail.committed()
    async with one_life(folder) as place:
        typist, door = await visitor(place), await visitor(place)
        typist.wait("alice", way="pty", after=rung.cursor)
        assert not (await door.rung(door.wait("alice", wait_seconds=0.5))).news
        waiting = door.wait("alice")
        await door.speaker.settle()
        session = place.reception.session(typist.speaker.token)
        assert session is not None
        place.reception.close(session)  # as 5 s after its process has died
        assert (await door.rung(waiting)).cursor == rung.cursor


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
