"""What is expected to fail, and why: ``expected.toml`` held against what the suite found. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.conformance.suite import Check


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one round went."""

    passed: int
    expected: dict[str, str]
    """Checks that failed as expected, each with the reason."""
    surprises: list[str]
    """A line for every check that failed unexpectedly, or passed against expectation."""


class Expectations:
    """The reasons, by revision of the protocol and check."""

    def __init__(self, parsed: Mapping[str, Any]) -> None:
        self._reasons: dict[str, dict[str, str]] = {}
        for entry in parsed["failure"]:
            for era in entry["eras"]:
                reasons = self._reasons.setdefault(era, {})
                for name in entry["checks"]:
                    if name in reasons:
                        raise ValueError(f"{era}: {name} has two reasons")
                    reasons[name] = entry["why"]

    def verdict(self, era: str, checks: Iterable[Check]) -> Verdict:
        """Compare one round with what was expected of it."""
        reasons, seen = self._reasons.get(era, {}), list(checks)
        failed = {check.name: check for check in seen if check.status == "FAILURE"}
        passed = {check.name for check in seen if check.status == "SUCCESS"} - set(failed)
        surprises = [
            f"FAILED {check.name}: {check.detail}"
            for name, check in failed.items()
            if name not in reasons
        ]
        surprises += [
            f"NOT FAILED, as was expected: {name}" for name in reasons if name not in failed
        ]
        told = {name: reasons[name] for name in failed if name in reasons}
        return Verdict(len(passed), told, surprises)
