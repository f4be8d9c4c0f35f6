from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.transport.errors import BadRequest
from signalpost.transport.names import (
    MAX_NAME,
    agent_name,
    is_reserved,
    label,
    nearest,
    numbered,
    own_agent_name,
    queue_name,
)


@pytest.mark.parametrize(
    "name", ["a", "global", "a.b_c-d/e~2", "~2", "_x", ".x", "7", "bauöß", "x" * 64]
)
def test_a_legal_name_stays_as_it_is(name: str) -> None:
    assert queue_name(name) == agent_name(name) == name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "is empty"),
        ("x" * 65, "has 65 characters"),
        ("-x", "may not begin with '-'"),
        ("/x", "may not begin with '/'"),
        ("a b", "may not contain ' '"),
        ("a@b", "may not contain '@'"),
        ("*", "may not contain"),
        ("role:x", "may not contain ':'"),
        ("a,b", "may not contain ','"),
        ("a\n", r"may not contain '\\n'"),
        ("a\0", "may not contain"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}a", "may not contain"),
        ("\ud800", "may not contain"),
    ],
)
def test_any_other_name_is_refused_with_the_remedy(name: str, says: str) -> None:
    with pytest.raises(BadRequest, match=f"^queue_name.*{says}.*Use|^queue_name.*{says}.*Begin"):
        queue_name(name)
    with pytest.raises(BadRequest, match=r"^agent name"):
        agent_name(name)


@given(st.text(max_size=70))
def test_a_name_is_in_normal_form_or_refused(text: str) -> None:
    try:
        name = queue_name(text)
    except BadRequest:
        return
    assert name == unicodedata.normalize("NFC", text)
    assert 1 <= len(name) <= MAX_NAME
    assert queue_name(name) == name
    assert not set(name) & set("@*:, \n\0")


def test_two_spellings_of_one_name_are_one_name() -> None:
    assert queue_name("cafe\N{COMBINING ACUTE ACCENT}") == queue_name("café")


def test_near_names_are_found_nearest_first() -> None:
    assert nearest("bulid", ["test", "builds", "build", "global"]) == ["build", "builds"]
    assert nearest("bulid", [f"build{n}" for n in range(9)], most=2) == ["build8", "build7"]
    assert nearest("xyz", ["global"]) == []


def test_of_thousands_of_names_those_with_the_same_start_are_compared() -> None:
    known = [f"{n:x}" * 4 for n in range(2000)] + ["builds"]
    assert nearest("bulid", known) == ["builds"]


# ---------------------------------------------------------------- names of agents


@pytest.mark.parametrize("name", ["person", "signalpost", "Person", "SIGNALPOST"])
def test_a_reserved_name_can_be_written_to_but_not_taken(name: str) -> None:
    assert agent_name(name) == name
    assert is_reserved(name)
    with pytest.raises(BadRequest, match=f"{name} is reserved. Use another, such as {name}-1"):
        own_agent_name(name)


def test_any_other_legal_name_may_be_taken() -> None:
    assert own_agent_name("persons") == "persons"
    with pytest.raises(BadRequest, match="may not contain"):
        own_agent_name("a b")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my project/claude-code", "my-project/claude-code"),
        ("/-x", "x"),
        ("a@b:c,d*e", "a-b-c-d-e"),
        ("", "unknown"),
        ("///", "unknown"),
        ("x" * 80, "x" * 64),
        ("cafe\N{COMBINING ACUTE ACCENT}", "café"),
    ],
)
def test_a_label_is_made_a_legal_name(text: str, name: str) -> None:
    assert label(text) == name


@given(st.text(max_size=80), st.integers(1, 10**6))
def test_whatever_the_label_and_the_number_the_name_is_legal(text: str, number: int) -> None:
    made = label(text)
    assert agent_name(made) == made
    assert agent_name(numbered(made, number)) == numbered(made, number)


def test_numbered_names_differ_also_when_they_are_long() -> None:
    assert [numbered("alice", n) for n in (1, 2, 3)] == ["alice", "alice~2", "alice~3"]
    assert numbered("x" * 64, 12) == "x" * 61 + "~12"


@pytest.mark.parametrize("unseen", ["\u115f", "\u1160", "\u3164", "\uffa0"])
def test_no_letter_that_cannot_be_seen_makes_a_name_look_like_another(unseen: str) -> None:
    with pytest.raises(BadRequest, match=rf"may not contain '\\u{ord(unseen):04x}'"):
        agent_name(f"alice{unseen}")
    assert label(f"alice{unseen}") == "alice-"
