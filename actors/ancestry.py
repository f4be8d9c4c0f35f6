"""A process and those above it: who started it, who started that, and so on."""

from __future__ import annotations

from ..transport import lifeline

Process = tuple[int, float]
"""A process and its start time, which tells it from a later one of the same number."""
MOST = 64
"""So many are looked at: what is nested deeper belongs to no agent."""


def lineage(pid: int) -> tuple[Process, ...]:
    """Return a process and those above it, the nearest first, as far as they can be seen."""
    found: list[Process] = []
    while len(found) < MOST and pid > 1:
        found.append((pid, lifeline.start_time(pid)))
        pid = lifeline.parent(pid)
    return tuple(found)
