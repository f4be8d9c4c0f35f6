"""What is expected of the conformance suite, held against what it found."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.conformance import __main__ as verb
from tests.conformance import suite
from tests.conformance.expectations import Expectations
from tests.conformance.suite import Check, Unavailable

ERA = "2026-07-28"
EXPECTED = Path(__file__).with_name("expected.toml")


def _check(identity: str, status: str = "SUCCESS") -> Check:
    return Check("scenario", identity, status, "detail")


def _expectations(*names: str) -> Expectations:
    return Expectations({"failure": [{"why": "so", "eras": [ERA], "checks": list(names)}]})


def test_a_failure_with_a_reason_is_no_surprise() -> None:
    found = [_check("a", "FAILURE"), _check("b")]
    verdict = _expectations("scenario: a").verdict(ERA, found)
    assert (verdict.passed, verdict.expected) == (1, {"scenario: a": "so"})
    assert verdict.surprises == []


def test_a_failure_without_a_reason_is_a_surprise() -> None:
    verdict = _expectations().verdict(ERA, [_check("a", "FAILURE")])
    assert verdict.surprises == ["FAILED scenario: a: detail"]


def test_an_expected_failure_that_is_gone_is_a_surprise() -> None:
    verdict = _expectations("scenario: a", "scenario: b").verdict(ERA, [_check("a")])
    assert [line.rpartition(": ")[2] for line in verdict.surprises] == ["a", "b"]


def test_a_check_that_fails_once_of_several_times_has_failed() -> None:
    verdict = _expectations("scenario: a").verdict(ERA, [_check("a"), _check("a", "FAILURE")])
    assert (verdict.passed, verdict.surprises) == (0, [])


def test_a_reason_counts_in_its_era_only() -> None:
    verdict = _expectations("scenario: a").verdict("2025-11-25", [_check("a", "FAILURE")])
    assert verdict.surprises == ["FAILED scenario: a: detail"]


def test_every_expected_failure_has_one_reason() -> None:
    parsed = tomllib.loads(EXPECTED.read_text("utf-8"))
    Expectations(parsed)
    assert all(entry["why"].strip() and entry["checks"] for entry in parsed["failure"])
    assert {era for entry in parsed["failure"] for era in entry["eras"]} == set(verb.ERAS)


def test_a_suite_that_cannot_be_had_is_skipped_and_never_called_passed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nowhere() -> suite.Suite:
        raise Unavailable("it needs node >= 22, and none is here")

    monkeypatch.setattr(verb, "installed", nowhere)
    assert verb.main() == 0
    told = capsys.readouterr().out
    assert told.startswith("SKIPPED")
    assert "passed" not in told
