"""The broker's side of a turn that passes from shim to shim, see :mod:`shim_relay`.

    opened ──offer──> offered ──withdraw──> opened, nobody has begun
                         │
                         ├── the successor took the right: it has begun
                         └── leave: it begins now, by itself or when it is told

While it is offered, the successor begins with the death of who has the turn.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack

from .control import Control


class Handover:
    """Between two shims. Close it when it is not needed any more."""

    def __init__(self, death: int, right: int, successor: Control) -> None:
        self._death = death
        self._right = right
        self._successor = successor

    def offer(self) -> None:
        """Let the successor begin with that death."""
        if sys.platform == "linux":
            os.eventfd_write(self._right, 1)

    def withdraw(self) -> bool:
        """Let it begin no more; False: it has begun, or has died when it was about to."""
        if sys.platform == "linux":
            try:
                os.eventfd_read(self._right)
            except BlockingIOError:
                self._successor.begun = True
                return False
        return True

    def leave(self) -> None:
        """The death has come, so it begins now in any case; the right is its own."""
        self._successor.begun = True

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self._death)
        os.close(self._right)


def open_between(
    holder: Control, successor: Control, on_begun: Callable[[], None]
) -> Handover | None:
    """Introduce two shims to each other; None: that is not possible, or not now.

    ``on_begun`` is called when the successor says that it has begun.
    """
    with ExitStack() as undo:
        try:
            death, right = _counter(undo), _counter(undo)
        except OSError:
            return None  # another system, or out of descriptors
        if holder.pass_on("precede", [death]) and successor.pass_on("succeed", [death, right]):
            successor.on_begun = on_begun
            undo.pop_all()
            return Handover(death, right, successor)
    return None


def _counter(undo: ExitStack) -> int:
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    counter = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    undo.callback(os.close, counter)
    return counter
