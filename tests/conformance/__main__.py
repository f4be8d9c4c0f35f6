"""``make conformance``: the protocol's own suite against a real ``signalpost mcp``, in both eras.

Exit status 0: everything is as ``expected.toml`` says, or SKIPPED with the
reason, which is never called passed. 1: something is not.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.conformance.child import Child
from tests.conformance.expectations import Expectations, Verdict
from tests.conformance.http_shim import HttpShim
from tests.conformance.suite import Check, Unavailable, installed

ERAS = ("2025-11-25", "2026-07-28")
_EXPECTED = Path(__file__).with_name("expected.toml")
_SIGNALPOST = (sys.executable, "-m", "signalpost")


def main() -> int:
    """Run every round and tell how it went."""
    expectations = Expectations(tomllib.loads(_EXPECTED.read_text("utf-8")))
    try:
        suite = installed()
    except Unavailable as error:
        _tell(f"SKIPPED: the conformance suite did not run, {error}.")
        return 0
    surprises = 0
    with tempfile.TemporaryDirectory(prefix="signalpost-conformance-") as folder:
        place = Path(folder)
        environment = {**os.environ, "HOME": folder, "SIGNALPOST_DATA_DIR": str(place / "state")}
        try:
            for era in ERAS:
                shim = HttpShim(lambda: Child((*_SIGNALPOST, "mcp", "suite"), environment))
                checks = suite.round(shim.url, era, place / era)
                shim.end()
                verdict = expectations.verdict(era, checks)
                _report(era, checks, verdict)
                surprises += len(verdict.surprises)
        finally:
            subprocess.run((*_SIGNALPOST, "stop", "--force"), env=environment, check=False)
    return 1 if surprises else 0


def _report(era: str, checks: Sequence[Check], verdict: Verdict) -> None:
    _tell(f"\n{era}")
    for scenario in dict.fromkeys(check.scenario for check in checks):
        found = Counter(check.status for check in checks if check.scenario == scenario)
        figures = ", ".join(f"{count} {status.lower()}" for status, count in sorted(found.items()))
        _tell(f"  {scenario}: {figures}")
    expected = len(verdict.expected)
    _tell(f"  {verdict.passed} checks passed, {expected} failed as expected.toml says")
    for line in verdict.surprises:
        _tell(f"  {line}")


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
