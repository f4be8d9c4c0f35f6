"""How a task's tree is brought to its end, as a time line that its owner advances.

    exit ----50 ms----+
                      v                  grace
    timeout, kill --> asked: TERM+CONT ---------> killing: STOP all, KILL all, again and again
    lifeline lost         |                          |
                          +-- nothing is left -------+--> over (told by ``waitpid``)

Standard library only: this module runs inside the shim.
"""

from __future__ import annotations

import os
import signal
import sys

from . import shim_tree

SETTLE_SECONDS = 0.05
"""After a normal exit, for those who are about to end anyway, as the ``tee`` of
``exec > >(tee log)`` that has the last lines in hand."""

_SWEEP_SECONDS = 0.005
_SLOWEST_SWEEP = 0.5


class Ending:
    """One ending of the tree that ``child`` began.

    ``due`` is when :meth:`advance` has to be called next, in monotonic seconds.
    """

    def __init__(self, child: int, now: float, *, settle: float, grace: float) -> None:
        self.leftovers: list[shim_tree.Process] = []
        self._child = child
        self.due = now + settle
        self._grace = grace
        self._asked = False
        self._frozen: set[int] = set()
        self._pause = _SWEEP_SECONDS

    def hurry(self, now: float, grace: float) -> None:
        """Allow no more than ``grace`` from now on."""
        self._grace = min(self._grace, grace)
        self.due = min(self.due, now + grace) if self._asked else now

    def advance(self, now: float) -> None:
        """Do what is due."""
        if now < self.due:
            return
        if not self._asked:
            self._ask(now)
        else:
            self._kill(now)

    def _ask(self, now: float) -> None:
        self._asked = True
        self.due = now + self._grace
        self.leftovers = living(self._child)
        shim_tree.terminate(self.leftovers)

    def _kill(self, now: float) -> None:
        frozen = shim_tree.freeze(self._roots)
        for pid in frozen:
            shim_tree.signal_one(pid, signal.SIGKILL)
        # Who is found again and again cannot be killed by us, or not yet.
        slower = min(self._pause * 1.5, _SLOWEST_SWEEP)
        self._pause = slower if frozen == self._frozen else _SWEEP_SECONDS
        self._frozen = frozen
        self.due = now + self._pause

    def _roots(self) -> set[int]:
        if sys.platform == "linux":
            return shim_tree.children(os.getpid())
        return {process.pid for process in living(self._child)}


def living(child: int) -> list[shim_tree.Process]:
    """Return what lives below this process and, without subreapers, in the child's session."""
    table = shim_tree.processes()
    below = shim_tree.descendants([os.getpid()], table)
    if sys.platform != "linux":
        known = {process.pid for process in below}
        below += [p for p in table.values() if p.session == child and p.pid not in known]
    return [process for process in below if not process.dead]
