"""The state machine is worth something: it finds every fault that is planted."""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from signalpost.actors.inbox import Inbox
from tests.actors.inbox_machine import InboxMachine
from tests.actors.inbox_mutants import MUTANTS

# Which examples come depends on what else is loaded, so there are many: most need a few dozen.
SEARCH = settings(
    max_examples=2000,
    stateful_step_count=50,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)


def drive(kind: type[Inbox], search: settings = SEARCH) -> None:
    machine = type(f"{kind.__name__}Machine", (InboxMachine,), {"kind": kind})
    run_state_machine_as_test(machine, settings=search)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda kind: kind.__name__)
def test_a_planted_fault_is_found(mutant: type[Inbox]) -> None:
    with pytest.raises((AssertionError, KeyError)):  # at a claim, or where the books disagree
        drive(mutant)


def test_the_same_search_finds_no_fault_in_the_rules_themselves() -> None:
    drive(Inbox, settings(SEARCH, max_examples=400))
