"""What ``make mutants`` tries is kept in step with the product."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.mutants.all_mutants import MUTANTS
from tests.mutants.mutant import Mutant
from tests.mutants.trial import try_mutant
from tests.mutants.workshop import ROOT, Workshop


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_fault_still_fits_and_its_tests_are_there(mutant: Mutant) -> None:
    assert mutant.mutate((ROOT / mutant.file).read_text("utf-8"))
    assert mutant.tests
    assert mutant.missing(ROOT) == []


def test_no_two_faults_have_one_name() -> None:
    assert [name for name, n in Counter(m.name for m in MUTANTS).items() if n > 1] == []


def test_a_text_that_does_not_stand_once_is_told() -> None:
    with pytest.raises(ValueError, match=r"stands 2 times in a\.py, not once"):
        Mutant("x", "a.py", "a", "b", ()).mutate("a = a")


def test_a_test_that_is_gone_is_told() -> None:
    gone = ("tests/test_house.py::test_gone", "tests/gone.py::test_a")
    assert Mutant("x", "a.py", "a", "b", gone).missing(ROOT) == [*gone]


def test_the_copy_is_what_is_imported_and_the_tree_is_left_alone() -> None:
    before = (ROOT / "actors/line.py").read_bytes()
    fault = Mutant("x", "actors/line.py", "GATE_SECONDS = 2.0", "GATE_SECONDS = 47.11", ())
    show = "from signalpost.actors import line; print(line.GATE_SECONDS, line.__file__)"
    with Workshop() as workshop:
        workshop.plant(fault)
        done = workshop.run("-c", show, seconds=60)
        assert done.stdout.split() == ["47.11", f"{workshop.tree}/signalpost/actors/line.py"]
    assert (ROOT / "actors/line.py").read_bytes() == before
    assert not workshop.folder.exists()


def test_what_cannot_be_imported_counts_as_broken_and_not_as_noticed() -> None:
    fault = Mutant("x", "actors/line.py", "from .task import Task", "from .gone import Task", ())
    assert try_mutant(fault).outcome == "broken"
