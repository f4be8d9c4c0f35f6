"""Why and how a broker ends. Each way leads to the same two steps: drain, then leave.

stop --wait                     open tasks end by themselves
folder or lock removed          what runs ends by itself, what waits is cancelled
stop --force                    they are killed with their grace
SIGTERM, SIGINT                 they are killed with a grace of 3 s
idle (auto-started only)        there are none
store failed                    nothing can be promised any more: leave at once
memory grows and grows          the same; the next broker begins small
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable

import anyio

from .broker import Broker
from .memory_guard import MemoryGuard
from .store import SqliteStore
from .task import BROKER

logger = logging.getLogger(__name__)

TERM_SECONDS = 3.0
_MEMORY_SECONDS = 0.5
"""What commands get to end in while memory runs out."""
_DEATH_SECONDS = 3.0
"""What killed trees may need to be gone; who hangs in the kernel is left to the next life."""


class Ending:
    """Decides when a life is over. ``failed`` is True when that is not an orderly end."""

    def __init__(
        self,
        store: SqliteStore,
        guard: MemoryGuard,
        idle_seconds: float | None,
        limit_grace: Callable[[float], None],
    ) -> None:
        self._store = store
        self._guard = guard
        self._limit_grace = limit_grace
        self._idle_seconds = idle_seconds
        self._broker: Broker | None = None
        self._sessions: Callable[[], int] = int
        self._look: Callable[[], object] = int
        self._activity = anyio.Event()
        self._wanted = anyio.Event()
        self._over = anyio.Event()
        self._why = ""
        self.failed = False

    def watch(
        self, broker: Broker, sessions: Callable[[], int], look: Callable[[], object]
    ) -> None:
        """Say what to end, how many sessions it has, and who looks after its files.

        Before anything runs.
        """
        self._broker = broker
        self._sessions = sessions
        self._look = look

    def note(self) -> None:
        """Something happened: a session opened or closed, a task ended."""
        self._activity.set()

    def fold(self, why: str) -> None:
        """Let what runs end, refuse the rest, and leave. The first reason counts."""
        self._why = self._why or why
        self._wanted.set()

    async def drain(self, *, force: bool) -> None:
        """Take nothing new and return when no task is open; ``force`` kills them."""
        broker = self._broker
        assert broker is not None  # noqa: S101 - watch() comes first
        broker.drain()
        if force:
            broker.end_all(BROKER)
        while broker.open_tasks():
            await self._next_activity()

    def leave(self) -> None:
        """End the life now."""
        self._over.set()

    async def over(self) -> None:
        """Return when the life is over."""
        await self._over.wait()

    async def heed_signals(self) -> None:
        """SIGTERM and SIGINT end the broker; SIGHUP has it look after its files."""
        wanted = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = signal.getsignal(signal.SIGHUP)
        try:
            with anyio.open_signal_receiver(*wanted) as signals:
                async for number in signals:
                    await self._heed(number)
        finally:
            signal.signal(signal.SIGHUP, before)  # a nudge on the way out must not kill

    async def _heed(self, number: int) -> None:
        if number == signal.SIGHUP:
            self._look()
            return
        logger.info("stopping on signal %d", number)
        self._limit_grace(TERM_SECONDS)
        with anyio.move_on_after(TERM_SECONDS + _DEATH_SECONDS):
            await self.drain(force=True)
        self.leave()

    async def heed_folder(self) -> None:
        """Leave once there is a reason to fold and what runs has ended."""
        await self._wanted.wait()
        logger.warning("%s: no new tasks; leaving when the running have ended", self._why)
        if self._broker is not None:
            self._broker.end_waiting(BROKER)
        await self.drain(force=False)
        self.leave()

    async def heed_store(self) -> None:
        """Leave when the store has failed."""
        error = await self._store.wait_failed()
        logger.error("the store has failed: %s", error)
        self.failed = True
        self.leave()

    async def heed_memory(self) -> None:
        """Leave when too much memory is taken: what is promised is on disk."""
        grown = await self._guard.exceeded()
        logger.error(
            "grown by %d MB of memory, more than --memory-limit: leaving for a new broker",
            grown // 1024**2,
        )
        self._limit_grace(_MEMORY_SECONDS)
        self.failed = True
        self.leave()

    async def heed_idleness(self) -> None:
        """Leave after a time without session and task, if one was given."""
        if self._idle_seconds is None:
            return
        broker = self._broker
        assert broker is not None  # noqa: S101 - watch() comes first
        while True:
            idle = not self._sessions() and not broker.open_tasks()
            with anyio.move_on_after(self._idle_seconds if idle else float("inf")) as scope:
                await self._next_activity()
            if scope.cancelled_caught and not self._sessions() and not broker.open_tasks():
                logger.info("idle for %g s: leaving", self._idle_seconds)
                await self.drain(force=False)
                self.leave()
                return

    async def _next_activity(self) -> None:
        if self._activity.is_set():
            self._activity = anyio.Event()
        await self._activity.wait()
