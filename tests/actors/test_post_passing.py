"""Who has only looked leaves nothing behind, through a whole broker."""

from __future__ import annotations

from typing import Any

import pytest

from signalpost.transport import bell, mail, messages
from tests.actors.correspondent import Correspondent, correspondent
from tests.actors.counter import Counter, counter
from tests.actors.visitor import visitor

LABEL = "src/claude"


async def unnamed(place: Counter, **hello: Any) -> Correspondent:  # noqa: ANN401
    return await correspondent(place, kind="bridge", label=LABEL, thread="t-1", **hello)


async def known(place: Counter) -> set[str]:
    return set(await (await visitor(place)).agents()) - {"person"}


async def test_an_unnamed_agent_that_never_asked_for_anything_is_forgotten_when_it_leaves() -> None:
    async with counter() as place:
        guest = await unnamed(place)
        await guest.ask(messages.Heartbeat())
        assert await known(place) == {LABEL}
        await guest.leave()
        assert await known(place) == set()
        assert (await (await visitor(place)).look(thread="t-1")).agent == ""


async def test_it_is_no_noise_in_the_list_of_the_next_one_either() -> None:
    async with counter() as place:
        await (await unnamed(place)).leave()
        await unnamed(place)
        assert await known(place) == {LABEL}


@pytest.mark.parametrize(
    "request_", [mail.ListAgents(), messages.QueueStatus(), mail.Receive(wait_seconds=0)]
)
async def test_one_that_asked_for_anything_stays(request_: messages.Request) -> None:
    async with counter() as place:
        agent = await unnamed(place)
        await agent.ask(request_)
        await agent.leave()
        assert await known(place) == {LABEL}
        await (await unnamed(place)).leave()
        assert await known(place) == {LABEL}, "what it did before counts"


async def test_one_that_has_mail_stays_with_it() -> None:
    async with counter() as place:
        guest, alice = await unnamed(place), await correspondent(place, "alice")
        await alice.send(LABEL, content="for later")
        await guest.leave()
        assert await known(place) == {LABEL, "alice"}
        assert await (await unnamed(place)).contents() == ["for later"]


async def test_one_with_a_given_name_stays() -> None:
    async with counter() as place:
        await (await correspondent(place, "alice", kind="bridge")).leave()
        assert await known(place) == {"alice"}


async def test_whoever_waits_at_its_door_hears_that_it_is_gone() -> None:
    async with counter() as place:
        guest, door = await unnamed(place), await visitor(place)
        waiting = door.wait(LABEL)
        await door.agents()  # which is asked after it, on the same line
        await guest.leave()
        assert await door.rung(waiting) == bell.Doorstep()
