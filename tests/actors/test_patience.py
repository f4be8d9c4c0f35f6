from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from signalpost.actors.patience import Patience


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalpost.actors.patience.MARGIN_SECONDS", 0.05)


async def over(patience: Patience) -> str:
    with anyio.fail_after(5):
        assert not await patience.lasts_until(anyio.Event())
    return patience.reason


async def test_it_lasts_for_limit_and_grace_from_when_the_job_was_taken() -> None:
    patience = Patience(timeout_seconds=0.1, grace_seconds=0.1)
    patience.begin()
    assert await over(patience) == "timeout"
    assert patience.seconds >= 0.2


async def test_a_kill_shortens_it_for_one_who_waits_already() -> None:
    patience = Patience(timeout_seconds=1000, grace_seconds=0.05)
    patience.begin()
    async with anyio.create_task_group() as group:
        group.start_soon(over, patience)
        await anyio.lowlevel.checkpoint()
        patience.kill(None)
    assert patience.reason == "killed"


async def test_a_kill_ends_it_for_a_job_that_was_never_taken() -> None:
    patience = Patience(timeout_seconds=1000, grace_seconds=1000)
    patience.kill(0.01)
    assert await over(patience) == "killed"
    assert patience.seconds == 0


async def test_a_later_kill_does_not_lengthen_it_nor_change_the_reason() -> None:
    patience = Patience(timeout_seconds=0, grace_seconds=0.05)
    patience.begin()
    patience.kill(1000)
    assert await over(patience) == "timeout"


async def test_what_came_in_time_came() -> None:
    patience = Patience(timeout_seconds=0, grace_seconds=0)
    patience.begin()
    event = anyio.Event()
    event.set()
    assert await patience.lasts_until(event)
