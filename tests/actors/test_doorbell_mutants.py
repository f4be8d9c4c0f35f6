"""The state machine is worth something: it finds every fault that is planted."""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from signalpost.actors.doorbell import Doorbell
from tests.actors.doorbell_machine import DoorbellMachine
from tests.actors.doorbell_mutants import MUTANTS

SEARCH = settings(
    max_examples=2000,
    stateful_step_count=40,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)


def drive(kind: type[Doorbell], search: settings = SEARCH) -> None:
    machine = type(f"{kind.__name__}Machine", (DoorbellMachine,), {"kind": kind})
    run_state_machine_as_test(machine, settings=search)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda kind: kind.__name__)
def test_a_planted_fault_is_found(mutant: type[Doorbell]) -> None:
    with pytest.raises((AssertionError, StopIteration, KeyError, ValueError)):
        drive(mutant)


def test_the_same_search_finds_no_fault_in_the_rules_themselves() -> None:
    drive(Doorbell, settings(SEARCH, max_examples=400))
