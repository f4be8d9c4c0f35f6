from __future__ import annotations

import re

import pytest

from signalpost.transport import errors
from signalpost.transport.errors import InternalFault, SignalpostError, from_code

KINDS = sorted(
    (
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, SignalpostError)
    ),
    key=lambda kind: kind.__name__,
)
LEAVES = [kind for kind in KINDS if kind is not SignalpostError]


@pytest.mark.parametrize("kind", LEAVES)
def test_a_code_becomes_the_error_again(kind: type[SignalpostError]) -> None:
    error = from_code(kind.code, "what is wrong. what to do.")
    assert type(error) is kind
    assert str(error) == "what is wrong. what to do."


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in LEAVES]
    assert sorted(set(codes)) == sorted(codes)
    assert all(re.fullmatch(r"[A-Z]+(_[A-Z]+)*", code) for code in codes)


def test_an_unknown_code_is_a_fault() -> None:
    assert type(from_code("FROM_THE_FUTURE", "x")) is InternalFault


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"^( *)\* (\w+)", errors.__doc__ or "", re.MULTILINE)
    assert sorted(name for _, name in drawn) == [kind.__name__ for kind in KINDS]
    assert drawn[0] == ("", "SignalpostError")
    assert {indent for indent, _ in drawn[1:]} == {"    "}
    assert all(kind.__bases__ == (SignalpostError,) for kind in LEAVES)
