"""When an actor leaves; and case 4: a broker that stood still blames no receiver for that."""

from __future__ import annotations

import time

import pytest
from anyio.lowlevel import checkpoint

from signalpost.actors import inbox_actor, inboxes
from signalpost.actors.inbox import Inbox
from signalpost.actors.settings import Settings
from tests.actors.correspondent import Correspondent, correspondent
from tests.actors.counter import Counter, counter

LEASE = 0.5


def stand_still(seconds: float) -> None:
    """Hold up the whole event loop, as SIGSTOP does with a broker."""
    time.sleep(seconds)


def look(place: Counter, whose: Correspondent) -> Inbox | None:
    session = place.reception.session(whose.speaker.token)
    assert session is not None
    return place.room.inboxes.look(place.room.membership.agent_of(session))


async def test_the_actor_of_an_empty_inbox_rests_and_leaves_when_too_many_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inboxes, "RESTING", 1)
    async with counter() as place:
        crew = {name: await correspondent(place, name) for name in ("alice", "bob", "carol")}
        for name, one in crew.items():
            await one.send(name)
            assert await one.settle(*await one.receive()) == [""]
            await crew["alice"].send("alice")  # who has mail does not leave
        assert [look(place, one) is not None for one in crew.values()] == [True, False, True]
        assert len(await crew["alice"].receive(max_messages=9)) == 3


async def test_the_time_for_which_a_broker_stood_still_does_not_count_towards_a_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox_actor, "DRAIN_SECONDS", LEASE)
    async with counter(Settings(lease=LEASE)) as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await alice.send("bob")
        await bob.receive()
        inbox = look(place, bob)
        assert inbox is not None
        stand_still(3 * LEASE)
        for _ in range(5):  # the timer, which is late by then, is through
            await checkpoint()
        assert inbox.in_flight == 1


async def test_a_lease_that_ended_while_the_broker_stood_still_waits_for_the_acknowledgement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox_actor, "DRAIN_SECONDS", 60.0)
    async with counter(Settings(lease=LEASE)) as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await alice.send("bob")
        (held,) = await bob.receive()
        stand_still(LEASE + 2 * inbox_actor.PAUSE_SECONDS)
        for _ in range(5):  # the timer, which is late by then, is through
            await checkpoint()
        assert (await alice.inbox("bob")).in_flight == 1
        assert await bob.settle(held) == [""]
