"""The cast of the chaos test at a pace that can be kept up for hours: a broker lives for minutes."""

from __future__ import annotations

from contextlib import suppress

import anyio
import psutil

from tests.system.cast import Cast
from tests.system.place import Place
from tests.system.processes import descendants


class Wear(Cast):
    """Kills brokers, readers and shims, and stops brokers and readers, now and then."""

    def __init__(self, place: Place, seed: int, lease: float, life_seconds: float) -> None:
        super().__init__(place, seed, lease)
        self.shim_deaths = 0
        self._life = (0.8 * life_seconds, 1.2 * life_seconds)

    async def wear_for(self, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._again_and_again, *self._life, self._kill_broker)
                tasks.start_soon(self._again_and_again, 4.0, 12.0, self._stop_broker)
                tasks.start_soon(self._again_and_again, 2.0, 6.0, self._kill_reader)
                tasks.start_soon(self._again_and_again, 1.0, 4.0, self._stop_reader)
                tasks.start_soon(self._again_and_again, 2.0, 6.0, self._kill_shim)

    def broker(self) -> psutil.Process | None:
        """Return the broker that serves now, if one does."""
        return self._broker()

    async def _kill_shim(self) -> None:
        if (broker := self._broker()) is None:
            return
        running = "SELECT child_pid FROM queue WHERE status = 'running' AND child_pid IS NOT NULL"
        family = {*descendants(broker.pid)}
        for (command,) in self.place.stored(running):
            if command in family:
                self._kill_parent(command, family)

    def _kill_parent(self, command: int, family: set[int]) -> None:
        with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
            shim = psutil.Process(psutil.Process(command).ppid())
            if shim.pid in family:  # else its shim is dead already, and it fell to the broker
                shim.kill()
                self.shim_deaths += 1
