"""How turns pass from shim to shim, without a word of the broker in between. Linux only.

    the broker        ── offers the right ──> right ─┐ both try; one gets it
                      <──── takes it back ──┘        │
    who has the turn  ── nothing of it lives ──> death ──> who is next, if the right is there: begins

Both are counters in the kernel (``eventfd``). The death of the one task wakes the shim of the
other, which begins only if it gets the right; the broker takes that back before
it does anything that might change whose turn is next, so it knows at once and for
certain who has begun. Who does not get it waits for the broker's word, as ever.

Standard library only: this module runs inside the shim.
"""

from __future__ import annotations

import os
import selectors
import sys
from collections.abc import Callable


class Relay:
    """One shim's place between who is before it and who is after it."""

    def __init__(self, selector: selectors.BaseSelector, begin: Callable[[], None]) -> None:
        self._selector = selector
        self._begin = begin
        self._tell = -1
        self._passes = True
        self._death = self._right = -1

    def precede(self, death: int) -> None:
        """Tell the one that holds the other end of ``death`` when nothing lives here."""
        _close(self._tell)
        self._tell = death

    def keep(self) -> None:
        """Tell nobody: who has ordered the end of this task may have ordered that of all."""
        self._passes = False

    def announce(self) -> bool:
        """Nothing of the task that has the turn lives any more. False: nobody is told."""
        if sys.platform != "linux" or self._tell < 0 or not self._passes:
            return False
        os.eventfd_write(self._tell, 1)
        return True

    def succeed(self, death: int, right: int) -> None:
        """Begin with that death, if the right is there by then."""
        self.leave()
        self._death, self._right = death, right
        self._selector.register(death, selectors.EVENT_READ, self._on_death)

    def leave(self) -> None:
        """Begin with nobody's death."""
        if self._death >= 0:
            self._selector.unregister(self._death)
            _close(self._death)
            _close(self._right)
            self._death = self._right = -1

    def _on_death(self, _fd: int) -> None:
        if _taken(self._right):
            self._begin()
        self.leave()


def _taken(right: int) -> bool:
    """Take the right, if it is there: of all who try, one gets it."""
    if sys.platform != "linux":
        return False
    try:
        os.eventfd_read(right)
    except BlockingIOError:
        return False
    return True


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)
