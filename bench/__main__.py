"""``python -m bench [NAME …]``: run the named benchmarks, or all."""

from __future__ import annotations

import sys
from collections.abc import Callable

from bench import durable, handover, latency, relay, start

ALL: dict[str, Callable[[], None]] = {
    "relay": relay.main,
    "latency": latency.main,
    "durable": durable.main,
    "handover": handover.main,
    "start": start.main,
}


def main() -> None:
    """Run what the command line names."""
    wanted = sys.argv[1:] or list(ALL)
    unknown = [name for name in wanted if name not in ALL]
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(unknown)}. There are: {', '.join(ALL)}")
    for name in wanted:
        ALL[name]()


if __name__ == "__main__":
    main()
