"""Forgets what has become too old for the history, as long as a broker lives."""

from __future__ import annotations

import logging
from collections.abc import Callable

import anyio

from ..transport.errors import SignalpostError
from .moment import Moment
from .store import SqliteStore

logger = logging.getLogger(__name__)

EVERY_SECONDS = 3600.0
"""A broker may live for months, and what it forgets it forgets in small transactions."""
_DAY = 86400.0


class Pruning:
    """Prunes tasks and messages that ended more than ``days`` ago."""

    def __init__(
        self,
        store: SqliteStore,
        days: int,
        clock: Callable[[], Moment],
        every: float = EVERY_SECONDS,
    ) -> None:
        self._store = store
        self._seconds = days * _DAY
        self._clock = clock
        self._every = every

    async def run(self) -> None:
        """Prune now and every hour, until cancelled."""
        while True:
            await self._prune(self._clock().wall - self._seconds)
            await anyio.sleep(self._every)

    async def _prune(self, before: float) -> None:
        try:
            await self._store.prune(before)
            await self._store.mail.prune(before)
        except (SignalpostError, OSError) as error:
            logger.error("the history could not be pruned: %s", error)  # noqa: TRY400
