from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from signalpost import exit_codes
from signalpost.transport import errors
from signalpost.transport.messages import TaskReport


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 0),
        ({"state": "failed", "exit_code": 3}, 3),
        ({"state": "failed", "exit_code": None, "signal": 9}, 137),
        ({"state": "failed", "exit_code": None, "reason": "Permission denied: /x"}, 126),
        ({"state": "failed", "exit_code": None, "reason": "Argument list too long"}, 126),
        ({"state": "failed", "exit_code": None, "reason": "No such file or directory: /x"}, 127),
        ({"state": "timeout", "exit_code": None}, 124),
        ({"state": "cancelled", "exit_code": None}, 130),
        ({"state": "lost", "exit_code": None}, 125),
    ],
)
def test_every_end_of_a_task_has_the_code_that_shells_know(
    report: Callable[..., TaskReport], fields: dict[str, Any], code: int
) -> None:
    assert exit_codes.of_report(report(**fields)) == code


def test_a_missing_broker_is_told_apart_from_a_refusal() -> None:
    assert exit_codes.of_error(errors.BrokerUnavailable("none")) == 69
    assert exit_codes.of_error(errors.BadRequest("no")) == 2
    assert exit_codes.of_error(errors.QueueFull("full")) == 2


@pytest.mark.parametrize("kind", errors.SignalpostError.__subclasses__())
def test_every_other_error_is_a_refusal(kind: type[errors.SignalpostError]) -> None:
    expected = 69 if kind is errors.BrokerUnavailable else 2
    assert exit_codes.of_error(kind("why")) == expected


def test_an_end_by_signal_is_128_and_its_number() -> None:
    assert [exit_codes.of_signal(n) for n in (1, 2, 13, 15)] == [129, 130, 141, 143]


def test_the_table_names_every_code() -> None:
    listed = " ".join(code for code, _ in exit_codes.TABLE).split()
    codes = (
        exit_codes.REFUSED,
        exit_codes.UNAVAILABLE,
        exit_codes.TIMEOUT,
        exit_codes.LOST,
        exit_codes.CANNOT_START,
        exit_codes.NOT_FOUND,
        exit_codes.INTERRUPTED,
        exit_codes.BROKEN_PIPE,
    )
    assert {str(code) for code in codes} <= set(listed)
