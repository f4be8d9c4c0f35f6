"""An agent that has not come yet is waited for at the door, through a whole broker."""

from __future__ import annotations

from typing import Any

import pytest

from signalpost.transport import bell, mail, messages
from tests.actors.correspondent import correspondent
from tests.actors.counter import counter
from tests.actors.visitor import visitor

UNNAMED: dict[str, Any] = {"kind": "bridge", "label": "src/claude", "thread": "t-1"}


async def test_who_is_there_is_told_at_once() -> None:
    async with counter() as place:
        alice, door = await correspondent(place, "alice"), await visitor(place)
        await alice.send("alice")
        step = await door.rung(door.expect("alice"))
        assert (step.agent, step.unread, step.news) == ("alice", 1, True)


@pytest.mark.parametrize("words", [{"thread": "t-1"}, {}, {"thread": "t-2"}])
async def test_one_who_comes_is_told_by_the_same_rules(words: dict[str, str]) -> None:
    async with counter() as place:
        door = await visitor(place)
        waiting = door.expect(**words)  # of this very process, as the bridge is
        await correspondent(place, "prog")
        assert not door.is_answered(waiting)
        await correspondent(place, **UNNAMED)
        assert (await door.rung(waiting)).agent == "src/claude"


async def test_one_who_takes_the_name_is_told() -> None:
    async with counter() as place:
        door, bob = await visitor(place), await correspondent(place, "bob")
        waiting = door.expect("alice")
        await bob.ask(mail.Register(name="alice"))
        assert (await door.rung(waiting)).agent == "alice"


async def test_who_tells_its_conversation_only_later_is_told() -> None:
    async with counter() as place:
        door = await visitor(place)
        bob = await correspondent(place, kind="client", agent="bob")
        waiting = door.expect(thread="t-9")
        await bob.ask(
            messages.Hello(software="", kind="client", agent="bob", thread="t-9"),
        )
        assert (await door.rung(waiting)).agent == "bob"


async def test_who_gave_up_or_left_is_not_answered() -> None:
    async with counter() as place:
        door, gone = await visitor(place), await visitor(place)
        given_up, left = door.expect("alice"), gone.expect("alice")
        await door.ask(messages.CancelCall(correlation=given_up))
        await gone.ask(messages.Bye())
        await correspondent(place, "alice")
        assert (await door.look("alice")).agent == "alice"
        assert not door.is_answered(given_up)
        assert not gone.is_answered(left)


async def test_an_agent_waits_for_no_other() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        assert await alice.code(bell.AwaitAgent(agent="bob")) == "NOT_AUTHORISED"
