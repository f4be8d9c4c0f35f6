from __future__ import annotations

import pytest

from signalpost.transport.wishes import unmet

IN_FORCE = {"--grace": "5", "--queue": "a=2 b=3", "--no-tasks": "no", "--durability": "power"}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="none"),
        pytest.param(["--grace", "5"], id="the same word"),
        pytest.param(["--grace", "5.0"], id="the same number"),
        pytest.param(["--grace=5"], id="in one word"),
        pytest.param(["--queue", "b=3", "--queue", "a=2"], id="queues among others"),
    ],
)
def test_what_is_in_force_is_no_difference(options: list[str]) -> None:
    assert unmet(options, IN_FORCE) == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--grace", "2"], ["--grace 2 (in force: 5)"]),
        (["--queue", "a=3"], ["--queue a=3 (in force: a=2 b=3)"]),
        (["--no-tasks"], ["--no-tasks yes (in force: no)"]),
        (["--durability", "process", "--grace", "5"], ["--durability process (in force: power)"]),
        (["--unheard-of", "1"], ["--unheard-of 1 (in force: none)"]),
    ],
)
def test_what_differs_is_told_with_what_holds(options: list[str], told: list[str]) -> None:
    assert unmet(options, IN_FORCE) == told
