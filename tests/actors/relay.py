"""Two tasks of a launcher, the second of which may begin with the death of the first."""

from __future__ import annotations

import os
import select
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.lowlevel

from signalpost.actors.handover import Handover
from signalpost.actors.job import Job, Outcome
from signalpost.actors.launcher import Launcher
from tests.actors.jobs import job_in
from tests.actors.processes import only_spare

ASKED = "echo begun >> begun; echo $PPID; "


class Relay:
    """Task 1 waits for ``go``; task 2 is briefed."""

    def __init__(self, launcher: Launcher, folder: Path, job: Job, shim: int) -> None:
        self.launcher = launcher
        self.folder = folder
        self.job = job
        self.shim = shim
        """Of task 2."""
        self.first: Outcome | None = None
        self.first_shim = 0
        self.begun = anyio.Event()
        self.over = anyio.Event()
        self.handover: Handover

    def go(self) -> None:
        """Let task 1 end."""
        (self.folder / "go").write_bytes(b"\n")

    def times(self) -> int:
        """How often task 2 has begun to run."""
        path = self.folder / "begun"
        return path.read_text().count("begun") if path.exists() else 0

    def files(self) -> set[str]:
        return {name for name in os.listdir(self.folder) if name.startswith("task_2")}

    def hasten(self) -> bool:
        """Say the broker's word for task 2."""
        return self.launcher.hasten(self.job, lambda _: None, lambda: None)

    def cut_first(self) -> None:
        """End the lifeline of task 1, as the death of the broker does, and no other yet."""
        shim = self.launcher._runs[1].shim  # pyright: ignore[reportPrivateUsage]
        assert shim is not None
        shim.abort()

    def announced(self) -> bool:
        """Tell whether the death of task 1 was told to task 2."""
        death = self.handover._death  # pyright: ignore[reportPrivateUsage]
        return bool(select.select([death], [], [], 0)[0])

    async def unknown(self) -> None:
        """Return when the launcher has noticed the death of the shim of task 2."""
        spares = self.launcher._spares  # pyright: ignore[reportPrivateUsage]
        with anyio.fail_after(30):
            while spares.knowing(2) is not None:
                await anyio.lowlevel.checkpoint()

    async def second(self) -> Outcome:
        """Return what becomes of task 2, which is run if it has not begun."""
        with anyio.fail_after(30):
            return await self.launcher.run(self.job, lambda _: None)


@asynccontextmanager
async def relay(
    launcher: Launcher, folder: Path, command: str, *, before: str = "", **fields: object
) -> AsyncGenerator[Relay]:
    """Have both, and the right offered to the second. ``before``: what task 1 does first."""
    os.mkfifo(folder / "go")
    running = anyio.Event()
    with anyio.fail_after(30):
        await launcher.warm()
        async with anyio.create_task_group() as tasks:
            job = job_in(folder, ASKED + command, 2, **fields)
            first = job_in(folder, before + "read line < go", 1)

            async def run() -> None:
                pair.first = await launcher.run(first, lambda _: running.set())
                pair.over.set()

            pair = Relay(launcher, folder, job, 0)
            tasks.start_soon(run)
            await running.wait()
            pair.first_shim = launcher.shim_pid(1)
            await launcher.warm()
            pair.shim = only_spare(pair.first_shim)
            launcher.brief(job)
            handover = launcher.handover(1, 2, pair.begun.set)
            assert handover is not None
            pair.handover = handover
            handover.offer()
            yield pair
            handover.close()
            tasks.cancel_scope.cancel()
