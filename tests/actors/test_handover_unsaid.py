"""A task whose shim hangs or dies when it runs already, and before it has said so."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from signalpost.actors import launcher as launcher_module
from signalpost.actors.control import Control
from signalpost.actors.launcher import Launcher
from tests.actors.beat import Beat
from tests.actors.muted import mute, unmute
from tests.actors.processes import alive
from tests.actors.relay import Relay, relay

COMMAND = "setsid env -i sleep 60 & echo $! > beat; wait"


class Unsaid:
    """Task 2 has begun, and ``sleeper`` is of it."""

    def __init__(self, pair: Relay, control: Control, sleeper: int) -> None:
        self.pair = pair
        self.control = control
        self.sleeper = sleeper


@asynccontextmanager
async def unsaid(launcher: Launcher, folder: Path, beat: Beat) -> AsyncGenerator[Unsaid]:
    async with relay(launcher, folder, COMMAND) as pair:
        control = launcher._spares.knowing(2)  # pyright: ignore[reportPrivateUsage]
        assert control is not None
        mute(control)
        pair.go()
        sleeper = int(await beat.line())
        assert not control.taken
        assert not pair.handover.withdraw()
        assert pair.hasten()
        yield Unsaid(pair, control, sleeper)


async def test_nothing_is_left_of_one_whose_shim_hangs(
    launcher: Launcher, tmp_path: Path, beat: Beat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher_module, "_TAKE_SECONDS", 0.2)
    async with unsaid(launcher, tmp_path, beat) as task:
        outcome = await task.pair.second()
        assert not alive(task.sleeper)
        assert (outcome.reason, task.pair.times()) == ("shim_lost", 1)


async def test_nothing_is_left_of_one_that_is_cancelled_when_its_shim_was_killed(
    launcher: Launcher, tmp_path: Path, beat: Beat
) -> None:
    async with unsaid(launcher, tmp_path, beat) as task:
        os.kill(task.control.pid, signal.SIGKILL)
        launcher.kill(2)
        unmute(task.control)
        outcome = await task.pair.second()
        assert not alive(task.sleeper)
        assert (outcome.reason, task.pair.times()) == ("shim_lost", 1)
