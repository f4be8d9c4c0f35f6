"""What can wait until the mail is on its way: done in order, in the next round of the loop."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

logger = logging.getLogger(__name__)

Chore = Callable[[], None]


class Chores:
    """First in, first out. One that fails is logged and holds up no other."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._chores: deque[Chore] = deque()

    def add(self, chore: Chore) -> None:
        """Have something done soon, behind what was added before."""
        if not self._chores:
            self._loop.call_soon(self.do)
        self._chores.append(chore)

    def do(self) -> None:
        """Do everything now, also what is added meanwhile."""
        while self._chores:
            chores, self._chores = self._chores, deque()
            for chore in chores:
                try:
                    chore()
                except Exception:
                    logger.exception("something that could wait has failed")
