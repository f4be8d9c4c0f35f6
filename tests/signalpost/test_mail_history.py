from __future__ import annotations

import json
from datetime import datetime

import pytest

from signalpost import mail_history
from signalpost.mail_history import Search, moment
from signalpost.mail_text import local_time
from signalpost.transport.errors import BadRequest
from tests.signalpost.post_office import DIR, PostOffice, stored

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    return PostOffice().serve(monkeypatch, mail_history)


def test_everything_that_was_said_is_asked(office: PostOffice) -> None:
    search = Search("build", "alice", "done", 5, 2000.0)
    assert mail_history.show_history(DIR, search, as_json=False) == 0
    asked = {"search": "build", "agent": "alice", "state": "done", "limit": 5, "before": 2000.0}
    assert office.asked == [("history", asked)]


def test_a_message_is_a_line(office: PostOffice, capsys: Capture) -> None:
    office.stored = [stored(content="build\nit \x1b[1mnow")]
    mail_history.show_history(DIR, Search(), as_json=False)
    headings, row = capsys.readouterr().out.splitlines()
    assert headings.split() == ["SENT", "ID", "FROM", "TO", "TYPE", "STATE", "TEXT"]
    assert row == f"{local_time(1000.0)}  m1  alice  bob  task  done   build it now"


def test_json_is_a_list_with_whole_texts(office: PostOffice, capsys: Capture) -> None:
    office.stored = [stored(content="x" * 1000)]
    mail_history.show_history(DIR, Search(), as_json=True)
    (message,) = json.loads(capsys.readouterr().out)
    assert len(message["payload"]["content"]) == 1000
    assert message["state"] == "done"


def test_none_is_said(office: PostOffice, capsys: Capture) -> None:
    assert mail_history.show_history(DIR, Search(), as_json=False) == 0
    assert capsys.readouterr().out == "no messages\n"


def test_a_moment_is_a_date_a_time_or_the_number_in_json() -> None:
    assert moment("2026-03-01") == datetime(2026, 3, 1).astimezone().timestamp()
    assert moment("2026-03-01 14:30") == datetime(2026, 3, 1, 14, 30).astimezone().timestamp()
    assert moment("2026-03-01T14:30:00Z") == 1772375400.0
    assert moment("1772375400.25") == 1772375400.25


def test_what_is_printed_can_be_asked_for() -> None:
    assert moment(local_time(1772375400.0)) == 1772375400.0


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "12"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="is no time"):
        moment(text)
