"""A process and those above it: who started it, who started that, and so on.

Nobody is looked for above the nearest MCP client. What stands there is another client, in whose
session this one was started: its agent is not meant, also before the nearer one has a bridge.
"""

from __future__ import annotations

from ..transport import process
from .client_words import is_client

Process = tuple[int, float]
"""A process and its start time, which tells it from a later one of the same number."""
MOST = 64
"""So many are looked at: what is nested deeper belongs to no agent."""


def lineage(pid: int) -> tuple[Process, ...]:
    """Return a process and those above it up to an MCP client, as far as they can be seen."""
    found: list[Process] = []
    while len(found) < MOST and pid > 1:
        found.append((pid, process.start_time(pid)))
        if is_client(process.words(pid)):
            break
        pid = process.parent(pid)
    return tuple(found)
