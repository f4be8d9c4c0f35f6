from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.transport.errors import BadRequest
from signalpost.words import shell_command, starts_command, variable


def nothing_on_path(_: str) -> None:
    return None


def test_one_word_reaches_the_shell_as_it_stands() -> None:
    assert shell_command(["make && make test"]) == "make && make test"


def test_several_words_stay_words() -> None:
    assert shell_command(["make", "a file", "x;y"]) == "make 'a file' 'x;y'"


@given(st.lists(st.text(st.characters(exclude_characters="\0"), min_size=1), min_size=2))
def test_the_shell_splits_joined_words_into_the_same_words(words: list[str]) -> None:
    assert shlex.split(shell_command(words)) == words


@pytest.mark.parametrize("words", [[], [""], [" \n"], ["echo", "a\0b"]])
def test_no_command_and_nul_are_refused(words: list[str]) -> None:
    with pytest.raises(BadRequest):
        shell_command(words)


@pytest.mark.parametrize("word", ["./build", "/bin/true", "make && make test", "a b"])
def test_a_slash_or_a_space_starts_a_command(word: str) -> None:
    assert starts_command(word, nothing_on_path)


def test_a_program_on_path_starts_a_command() -> None:
    assert starts_command("make", lambda word: f"/usr/bin/{word}")
    assert not starts_command("mkae", nothing_on_path)


def test_a_variable_is_split_at_its_first_equals_sign() -> None:
    assert variable("OPTS=-a=b c") == ("OPTS", "-a=b c")
    assert variable("EMPTY=") == ("EMPTY", "")


@pytest.mark.parametrize("text", ["CI", "=1", "1A=x", "A-B=x", "A=\0", "A\n=x"])
def test_what_is_no_variable_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        variable(text)
