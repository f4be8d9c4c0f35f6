"""Who has only looked leaves nothing behind, through a whole broker."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from signalpost.actors.agent_row import AgentRow
from signalpost.transport import bell, mail, messages
from tests.actors.correspondent import Correspondent, correspondent
from tests.actors.counter import Counter, counter, one_life
from tests.actors.visitor import visitor

LABEL = "src/claude"


@pytest.fixture
def folder() -> Generator[Path, None, None]:
    path = Path(tempfile.mkdtemp(prefix="sp", dir="/tmp"))
    yield path
    shutil.rmtree(path)


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


async def test_the_next_broker_forgets_it_too_when_it_leaves_there(folder: Path) -> None:
    async with one_life(folder) as place:
        await unnamed(place)
        await place.store.mail.committed()
    async with one_life(folder) as place:
        guest = await unnamed(place)
        assert await known(place) == {LABEL}
        await guest.leave()
        assert await known(place) == set()


async def test_the_next_broker_knows_what_it_did_before(folder: Path) -> None:
    async with one_life(folder) as place:
        await (await unnamed(place)).ask(mail.ListAgents())
        await place.store.mail.committed()
    async with one_life(folder) as place:
        await (await unnamed(place)).leave()
        assert await known(place) == {LABEL}


async def left_by_a_dead_process(place: Counter, *, acted: bool) -> None:
    row = AgentRow(id=2, name=LABEL, thread="t-1", since=1.0, acted=acted)
    older = msgspec.structs.replace(row, pid=os.getpid(), pid_started=1.0)
    place.store.mail.put_agent(older)
    await place.store.mail.committed()


@pytest.mark.parametrize("acted", [False, True])
async def test_who_ended_while_no_broker_ran_is_forgotten_if_it_had_only_looked(
    folder: Path, acted: bool
) -> None:
    async with one_life(folder) as place:
        await left_by_a_dead_process(place, acted=acted)
    async with one_life(folder) as place:
        assert await known(place) == ({LABEL} if acted else set[str]())
