"""A short course on a machine where all goes well, but for one death at a chosen point."""

from __future__ import annotations

import anyio

from tests.simulation.mail_parts import asker, reader, writer
from tests.simulation.scenario import Scenario
from tests.simulation.task_parts import runner

COURSE_SECONDS = 1.5


class CrashCourse(Scenario):
    """A few of everybody, for a moment. Until the death every run of one seed is the same."""

    def _cast(self) -> None:
        parts = {
            "ann": reader,
            "pool#1": reader,
            "pool#2": reader,
            "ask1": asker("ann", "pool"),
            "w1": writer("ann", "pool"),
            "r1": runner,
        }
        for name, part in parts.items():
            self._enlist(name, part)

    async def _go_wrong(self) -> None:
        self.machine.network.calm = self.machine.disk.calm = True
        await anyio.sleep(COURSE_SECONDS)
