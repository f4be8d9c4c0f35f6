"""The processes above another: who started it, who started that, and so on."""

from __future__ import annotations

from ..transport import lifeline

Process = tuple[int, float]
"""A process and its start time, which tells it from a later one of the same number."""
MOST = 64
"""So many are looked at: what is nested deeper belongs to no agent."""


def ancestors(pid: int) -> tuple[Process, ...]:
    """Return the processes above one, the nearest first, as far as they can be seen."""
    found: list[Process] = []
    while len(found) < MOST and (pid := lifeline.parent(pid)) > 1:
        found.append((pid, lifeline.start_time(pid)))
    return tuple(found)
