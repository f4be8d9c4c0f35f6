from __future__ import annotations

import pytest

from signalpost.actors import answers as rules
from signalpost.actors.answers import MAX_AGE_SECONDS, MAX_BYTES, Answers


def test_an_answer_is_given_again_and_again() -> None:
    answers = Answers()
    answers.keep(b"c", b"done", 0.0)
    assert [answers.get(b"c"), answers.get(b"c")] == [b"done", b"done"]
    assert answers.get(b"other") is None


def test_answers_are_kept_for_a_day_at_least() -> None:
    answers = Answers()
    answers.keep(b"old", b"1", 0.0)
    answers.keep(b"new", b"2", MAX_AGE_SECONDS)
    assert answers.get(b"old") == b"1"
    answers.keep(b"newer", b"3", MAX_AGE_SECONDS + 1)
    assert answers.get(b"old") is None
    assert answers.get(b"new") == b"2"


def test_the_oldest_go_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_ANSWERS", 3)
    answers = Answers()
    for number in range(5):
        answers.keep(bytes([number]), b"x", 0.0)
    assert [answers.get(bytes([n])) is not None for n in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_the_oldest_go_when_they_are_too_big() -> None:
    answers, half = Answers(), bytes(MAX_BYTES // 2)
    for name in (b"a", b"b", b"c"):
        answers.keep(name, half, 0.0)
    assert answers.get(b"a") is None
    assert answers.get(b"b") is half
    assert answers.get(b"c") is half


def test_what_is_kept_anew_counts_once() -> None:
    answers, half = Answers(), bytes(MAX_BYTES // 2)
    for _ in range(5):
        answers.keep(b"a", half, 0.0)
    answers.keep(b"b", half, 0.0)
    assert answers.get(b"a") is half


def test_one_that_is_too_big_for_all_is_not_kept() -> None:
    answers = Answers()
    answers.keep(b"a", bytes(MAX_BYTES + 1), 0.0)
    answers.keep(b"b", b"small", 0.0)
    assert answers.get(b"a") is None
    assert answers.get(b"b") == b"small"
