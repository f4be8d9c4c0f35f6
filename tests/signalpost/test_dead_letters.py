from __future__ import annotations

import json

import pytest

from signalpost import dead_letters
from tests.signalpost.post_office import DIR, PostOffice, stored

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    return PostOffice().serve(monkeypatch, dead_letters)


def test_the_list_says_why_each_is_dead(office: PostOffice, capsys: Capture) -> None:
    office.stored = [stored(), stored(id="m2", state="dead", reason="5 failed attempts")]
    assert dead_letters.show_dead(DIR, "bob", 100, as_json=False) == 0
    _, row = capsys.readouterr().out.splitlines()
    assert "m2  alice  bob  task  5 failed attempts  build it" in row
    asked = {"search": "", "agent": "bob", "state": "dead", "limit": 100, "before": None}
    assert office.asked == [("history", asked)]


def test_json_is_a_list_of_messages(office: PostOffice, capsys: Capture) -> None:
    office.stored = [stored(state="dead", reason="why")]
    dead_letters.show_dead(DIR, "", 100, as_json=True)
    (letter,) = json.loads(capsys.readouterr().out)
    assert (letter["id"], letter["reason"]) == ("m1", "why")


def test_none_is_said(office: PostOffice, capsys: Capture) -> None:
    assert dead_letters.show_dead(DIR, "", 100, as_json=False) == 0
    assert dead_letters.settle(DIR, (), "redrive") == 0
    assert capsys.readouterr().out == "no dead letters\n" * 2


def test_those_named_are_redriven(office: PostOffice, capsys: Capture) -> None:
    assert dead_letters.settle(DIR, ("m1", "m2"), "redrive") == 0
    assert office.asked == [("redrive", ["m1", "m2"])]
    assert capsys.readouterr().out == "redriven m1\nredriven m2\n"


def test_one_that_is_refused_is_told_by_the_exit_code(office: PostOffice, capsys: Capture) -> None:
    office.refuses = {"m1": "BAD_REQUEST"}
    assert dead_letters.settle(DIR, ("m1", "m2"), "purge") == 2
    out, err = capsys.readouterr()
    assert out == "purged m2\n"
    assert err == "signalpost: BAD_REQUEST: m1: Why, and what to do.\n"


def test_all_are_settled_in_portions(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(dead_letters, "AT_ONCE", 2)
    office.stored = [stored(id=f"m{n}", state="dead", sent_at=9.0 - n) for n in range(7)]
    office.refuses = {"m0": "BAD_REQUEST", "m1": "BAD_REQUEST", "m5": "BAD_REQUEST"}
    assert dead_letters.settle(DIR, (), "purge") == 2
    assert [letter.id for letter in office.stored] == ["m0", "m1", "m5"]
    assert capsys.readouterr().out.count("purged") == 4


@pytest.mark.parametrize("answer", [True, False])
def test_a_person_at_a_terminal_decides(monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    asked: list[str] = []

    def confirm(text: str, *, err: bool) -> bool:
        asked.append(text)
        return answer and err

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", confirm)
    assert dead_letters.confirmed(("m1", "m2")) is answer
    assert dead_letters.confirmed(()) is answer
    assert asked == ["Delete 2 dead letters for good?", "Delete every dead letter for good?"]


def test_where_nobody_can_be_asked_nothing_is_purged(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert not dead_letters.confirmed(("m1",))
    assert capsys.readouterr().err.endswith("--yes\n")
