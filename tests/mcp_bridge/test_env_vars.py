"""Variables come as an object or as text, and nothing else is taken for them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.mcp_bridge.env_vars import read_env_vars
from signalpost.transport.errors import BadRequest

_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
_VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", {}),
        ("  ", {}),
        ({}, {}),
        ("A=1", {"A": "1"}),
        ("A=1,B=2", {"A": "1", "B": "2"}),
        ("A=1, B=2", {"A": "1", "B": "2"}),
        ("A=", {"A": ""}),
        ("JAVA_OPTS=-Dx=a,b,c,B=2", {"JAVA_OPTS": "-Dx=a,b,c", "B": "2"}),
        ("A=1,", {"A": "1,"}),
        ("A=x=y", {"A": "x=y"}),
        ("A=1,A=2", {"A": "2"}),
        ({"A": "x,B=2"}, {"A": "x,B=2"}),
        ({"N": 4, "F": 0.5, "T": True, "E": ""}, {"N": "4", "F": "0.5", "T": "true", "E": ""}),
    ],
)
def test_both_forms_are_read(value: object, expected: dict[str, str]) -> None:
    assert read_env_vars(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "A",
        "=1",
        "1A=x",
        "A-B=1",
        '{"A": "1"}',
        {"A B": "1"},
        {"": "1"},
        {"A\n": "1"},
        {"A": None},
        {"A": ["1"]},
        {"A": "x\0y"},
        {"A": "\ud800"},
        {3: "x"},
        "A=x\0y",
        7,
        ["A=1"],
    ],
)
def test_anything_else_is_refused_with_the_remedy(value: object) -> None:
    with pytest.raises(BadRequest, match=r"(Pass|Remove|Send|must be)"):
        read_env_vars(value)


@given(st.dictionaries(_NAMES, _VALUES))
def test_an_object_comes_back_as_it_was(variables: dict[str, str]) -> None:
    assert read_env_vars(variables) == variables


@given(st.dictionaries(_NAMES, _VALUES, min_size=1))
def test_text_splits_at_nothing_but_commas_before_a_name(variables: dict[str, str]) -> None:
    plain = {
        name: value
        for name, value in variables.items()
        if not re.search(r",\s*[A-Za-z_][A-Za-z0-9_]*=", value)
        and not re.search(r",\s*[A-Za-z_]?[A-Za-z0-9_]*$", value)
    }
    written = ",".join(f"{name}={value}" for name, value in plain.items())
    assert read_env_vars(written) == plain


@given(st.one_of(st.text(), st.dictionaries(st.text(), st.text()), st.integers()))
def test_garbage_raises_nothing_but_bad_request(value: object) -> None:
    try:
        variables = read_env_vars(value)
    except BadRequest:
        return
    assert all("\0" not in content for content in variables.values())
