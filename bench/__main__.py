"""``python -m bench [NAME …]``: run the named measures, or all; ``pictures`` and ``report`` show them.

A measure is a module of this folder with a ``main``; it is imported only when it runs.
"""

from __future__ import annotations

import importlib
import signal
import sys
import time
from types import FrameType

from bench.harness import CONSOLE, keep

MEASURES = {
    "relay": "the broker's socket, session and codec beside a bare ROUTER",
    "loops": "the broker on asyncio's loop and on uvloop",
    "latency": "one message to a receiver that waits, by size",
    "crowd": "the same with 1 to 1,000 agents",
    "mcp": "the same from MCP tool to MCP result",
    "durable": "confirmed durable sends a second",
    "fan": "fan-in, fan-out, broadcast",
    "handover": "the end of one turn to the start of the next",
    "turns": "hand-over by waiters, and the waste of 24 short tasks",
    "waiters": "what waiting costs: CPU and memory of all processes",
    "start": "a bridge from its spawn to its end",
    "cli": "a turn from the command line",
    "idle": "what a broker weighs with nothing to do",
    "inboxes": "10 to 10,000 inboxes",
    "stored": "1,000 to 1,000,000 stored messages, and recovery",
}
"""In the order in which they run."""
PAGES = {
    "pictures": "the plots of the latest runs, into bench/results/",
    "report": "docs/benchmarks.md and its plots",
}


def main() -> None:
    """Run what the command line names."""
    all_of_it = {**MEASURES, **PAGES}
    wanted = sys.argv[1:] or [*MEASURES, "pictures"]
    unknown = [name for name in wanted if name not in all_of_it]
    if unknown:
        known = ", ".join(all_of_it)
        sys.exit(f"no such benchmark: {', '.join(unknown)}. There are: {known}")
    # Or what a measure has started would outlive it.
    signal.signal(signal.SIGTERM, _end)
    began, failed = time.monotonic(), list[str]()
    for number, name in enumerate(wanted, 1):
        CONSOLE.rule(f"{number} of {len(wanted)}  {name}: {all_of_it[name]}", align="left")
        try:
            _run(name)
        except Exception:  # noqa: BLE001  # the others are worth their time all the same
            CONSOLE.print_exception()
            failed.append(name)
    CONSOLE.print(f"\n{time.monotonic() - began:.0f} s in all")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _run(name: str) -> None:
    began = time.monotonic()
    importlib.import_module(f"bench.{name}").main()
    took = time.monotonic() - began
    CONSOLE.print(f"  {name} took {took:.0f} s")
    if name in MEASURES:
        keep(name, "", took_seconds=took)


if __name__ == "__main__":
    main()
