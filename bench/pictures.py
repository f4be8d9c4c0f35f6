"""``python -m bench pictures``: the plots of the latest runs, beside their lines in ``bench/results/``."""

from __future__ import annotations

from bench import report
from bench.harness import CONSOLE, RESULTS


def main() -> None:
    """Draw them."""
    report.page(RESULTS)
    CONSOLE.print(f"  {RESULTS}")
