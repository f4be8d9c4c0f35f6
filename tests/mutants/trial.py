"""Runs tests against a fault, or against none, and says what became of them."""

from __future__ import annotations

import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.mutants.mutant import Mutant
from tests.mutants.workshop import Workshop

SECONDS = 120.0
"""How long the tests of one fault may take."""
ALL_SECONDS = 600.0
_LAST_LINES = 15
_FAILED = 1
Outcome = Literal["red", "green", "hung", "broken"]


@dataclass(frozen=True)
class Verdict:
    """What the tests made of it. ``detail``: who turned red, or what else went wrong."""

    outcome: Outcome
    seconds: float
    detail: str = ""


def try_mutant(mutant: Mutant) -> Verdict:
    """Run the tests of one fault in a copy that has it."""
    with Workshop() as workshop:
        try:
            workshop.plant(mutant)
        except (ValueError, SyntaxError) as error:
            return Verdict("broken", 0.0, str(error))
        return _run(workshop, mutant.tests, SECONDS)


def try_without(tests: Collection[str]) -> Verdict:
    """Run the tests in a copy that has no fault."""
    with Workshop() as workshop:
        return _run(workshop, tests, ALL_SECONDS)


def _run(workshop: Workshop, tests: Collection[str], seconds: float) -> Verdict:
    report, start = workshop.folder / "report.xml", time.monotonic()
    words = ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", f"--junitxml={report}")
    basetemp = f"--basetemp={workshop.folder / 't'}"
    try:
        done = workshop.run(*words, basetemp, *tests, seconds=seconds)
    except subprocess.TimeoutExpired:
        return Verdict("hung", time.monotonic() - start, f"no end after {seconds:.0f} s")
    took = time.monotonic() - start
    red = _red(report) if done.returncode == _FAILED else []
    if done.returncode == 0:
        return Verdict("green", took)
    if not red:  # nothing was collected, or a module could not be
        return Verdict("broken", took, "\n".join(done.stdout.splitlines()[-_LAST_LINES:]))
    return Verdict("red", took, red[0])


def _red(report: Path) -> list[str]:
    """Return the tests that failed while they ran, not while they were collected."""
    cases = ET.parse(report).getroot().iter("testcase")
    return [case.get("name", "") for case in cases if any(_is_red(part) for part in case)]


def _is_red(part: ET.Element) -> bool:
    if part.tag not in ("failure", "error"):
        return False
    return part.get("message") != "collection failure"
