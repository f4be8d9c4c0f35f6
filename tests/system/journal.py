"""What happens in a place, as it happens: ``signalpost logs`` beside a test."""

from __future__ import annotations

from typing import Any

import anyio
import anyio.to_thread
import msgspec

from tests.system.place import SECONDS, SIGNALPOST, Place


class Journal:
    """Shows every event once, from the first one on."""

    def __init__(self, place: Place) -> None:
        follow = ("logs", "-f", "-n", "1000", "--json")
        self._process = place.start(*SIGNALPOST, *follow)

    async def until(self, event: str, **fields: object) -> dict[str, Any]:
        """Return the next event of this kind that has these fields."""
        with anyio.fail_after(SECONDS):
            while True:
                found = await self._next()
                if found["event"] == event and fields.items() <= found.items():
                    return found

    async def queued_in(self, queue_name: str) -> int:
        """Return the next task that was put into a queue."""
        found = await self.until("task_queued", queue_name=queue_name)
        return int(found["task_id"])

    async def _next(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await anyio.to_thread.run_sync(self._process.stdout.readline, abandon_on_cancel=True)
        event: dict[str, Any] = msgspec.json.decode(line)
        return event
