"""Plants one fault after the other and runs its tests: ``python -m tests.mutants``.

::

    copy of the tree ── plant one fault ── its tests, -x ──> red: noticed
                                                └── green ──> SURVIVED: a test is missing

Two at once. Without any fault all of those tests must be green, which is tried first.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from tests.mutants.all_mutants import MUTANTS
from tests.mutants.mutant import Mutant
from tests.mutants.trial import Outcome, Verdict, try_mutant, try_without

AT_ONCE = 2
_SAID: dict[Outcome, str] = {
    "red": "red after",
    "green": "SURVIVED",
    "hung": "HUNG",
    "broken": "BROKEN",
}


def main() -> int:
    """Try all, or the one that is named; 1: one survived, or could not be tried."""
    chosen = _chosen()
    start = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        every = dict.fromkeys(test for mutant in chosen for test in mutant.tests)
        without = pool.submit(try_without, tuple(every))
        trials = {pool.submit(try_mutant, mutant): mutant for mutant in chosen}
        noticed = sum(_tell(trials, future) for future in as_completed(trials))
        clean = without.result()
    is_clean = clean.outcome == "green"
    how = f"{_SAID[clean.outcome]} {clean.detail}"
    _say(f"without a fault: {'green' if is_clean else how} ({len(every)} tests)")
    _say(f"{noticed} of {len(chosen)} noticed in {time.monotonic() - start:.0f} s")
    return 0 if is_clean and noticed == len(chosen) else 1


def _chosen() -> Sequence[Mutant]:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    names = [mutant.name for mutant in MUTANTS]
    parser.add_argument("--only", metavar="NAME", choices=names, help="this one alone")
    only: str | None = parser.parse_args().only
    return [mutant for mutant in MUTANTS if only in (None, mutant.name)]


def _tell(trials: dict[Future[Verdict], Mutant], future: Future[Verdict]) -> bool:
    """Print one line of the table; tell whether the fault was noticed."""
    mutant, verdict = trials[future], future.result()
    said = f"{_SAID[verdict.outcome]:<10}{verdict.seconds:6.1f} s"
    what = verdict.detail or " ".join(mutant.tests)
    _say(f"{mutant.name:<58} {mutant.file:<30} {said}  {what}")
    return verdict.outcome == "red"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
