"""What others see of an agent, from what its client reports of it."""

from __future__ import annotations

import pytest

from signalpost.actors.settings import Settings
from signalpost.transport import bell, letters, mail
from signalpost.transport.session import Session
from tests.actors.correspondent import Correspondent, correspondent
from tests.actors.counter import Counter, counter
from tests.actors.visitor import Visitor, visitor


async def presence(who: Correspondent, agent: str = "bob") -> letters.Presence:
    return (await who.agents())[agent].presence


async def scene(place: Counter) -> tuple[Correspondent, Correspondent, Visitor]:
    alice = await correspondent(place, "alice")
    bob = await correspondent(place, "bob", kind="bridge")
    return alice, bob, await visitor(place)


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        ("prompt", "working"),
        ("tools", "working"),
        ("blocked", "blocked"),
        ("stop", "online"),
        ("idle", "online"),
        ("session_end", "gone"),
        ("session_start", "online"),
        ("none", "online"),
    ],
)
async def test_what_a_client_reports_is_shown_until_its_agent_asks_for_something(
    event: bell.Event, shown: letters.Presence
) -> None:
    async with counter() as place:
        alice, bob, door = await scene(place)
        await door.look("bob", event=event)
        assert await presence(alice) == shown
        await bob.inbox("bob")
        assert await presence(alice) == "online"


async def test_the_latest_report_counts() -> None:
    async with counter() as place:
        alice, _, door = await scene(place)
        await door.look("bob", event="blocked")
        await door.look("bob")
        assert await presence(alice) == "blocked"
        await door.look("bob", event="tools")
        assert await presence(alice) == "working"


async def test_who_has_stopped_and_waits_for_mail_is_idle_whatever_it_still_holds() -> None:
    async with counter() as place:
        alice, bob, door = await scene(place)
        await alice.send("bob")
        await bob.receive()
        assert await presence(alice) == "working"
        await door.look("bob", event="stop")
        assert await presence(alice) == "online"
        bob.say(mail.Receive(wait_seconds=None))
        await bob.speaker.settle()
        assert await presence(alice) == "idle"


async def test_what_was_reported_ends_with_the_bridge() -> None:
    async with counter() as place:
        alice, bob, door = await scene(place)
        await door.look("bob", event="blocked")
        await bob.leave()
        assert await presence(alice) == "gone"
        await correspondent(place, "bob", kind="bridge")
        assert await presence(alice) == "online"


async def test_a_report_of_an_agent_that_is_gone_brings_nobody_back() -> None:
    async with counter() as place:
        alice, bob, door = await scene(place)
        await bob.leave()
        await door.look("bob", event="prompt")
        assert await presence(alice) == "gone"


@pytest.mark.parametrize("source", ["startup", "resume", "clear", "compact"])
async def test_a_session_that_starts_is_offered_again_what_its_client_may_have_forgotten(
    source: str,
) -> None:
    async with counter() as place:
        alice, bob, door = await scene(place)
        await alice.send("bob")
        (taken,) = await bob.receive()
        seen = await door.look("bob", event="session_start", source=source, tell=True)
        assert (seen.unread, seen.held, seen.news) == (1, 0, True)
        assert await bob.settle(taken) == ["STALE_LEASE"]
        (again,) = await bob.receive()
        assert (again.id, again.attempt, again.redelivered) == (taken.id, 1, True)


async def test_what_a_program_of_that_name_holds_is_left_alone() -> None:
    async with counter() as place:
        alice, prog = await correspondent(place, "alice"), await correspondent(place, "prog")
        await alice.send("prog")
        (taken,) = await prog.receive()
        seen = await (await visitor(place)).look("prog", event="session_start")
        assert (seen.unread, seen.held) == (0, 1)
        assert await prog.settle(taken) == [""]


async def test_every_report_is_a_sign_of_life_that_renews_leases() -> None:
    async with counter(Settings(lease=1)) as place:
        alice, bob, door = await scene(place)
        await alice.send("bob")
        await bob.receive()
        agent = place.room.membership.agent_of(_session(place, bob))
        agent.active = before = -1e6
        await door.look("bob")
        assert agent.active == before
        await door.look("bob", event="tools")
        assert agent.active > before


def _session(place: Counter, who: Correspondent) -> Session:
    session = place.reception.session(who.speaker.token)
    assert session is not None
    return session
