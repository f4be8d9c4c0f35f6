from __future__ import annotations

import json
import time

import pytest

from signalpost import receiving
from signalpost.receiving import Wanted
from signalpost.transport.bell import BellState
from signalpost.transport.letters import Held, Ring
from tests.signalpost.post_office import DIR, PostOffice, delivery, inbox, stored

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    return PostOffice().serve(monkeypatch, receiving)


def test_mail_is_printed_then_acknowledged(office: PostOffice, capsys: Capture) -> None:
    office.mail = [delivery(), delivery(id="m2", lease=b"t2", content="and tested")]
    assert receiving.receive(DIR, Wanted("alice", most=2), 7.0) == 0
    first, second = capsys.readouterr().out.split("\n\n")
    assert first.endswith("from alice to person\n  the build is green")
    assert second.endswith("from alice to person\n  and tested\n")
    assert office.asked == [
        ("take", {"wait_seconds": 7.0, "sender": "alice", "max_messages": 2}),
        ("ack", [Held("m1", b"t1"), Held("m2", b"t2")]),
    ]


def test_no_mail_is_exit_code_1_and_silence(office: PostOffice, capsys: Capture) -> None:
    assert receiving.receive(DIR, Wanted(), 0.0) == 1
    assert receiving.peek(DIR, Wanted()) == 1
    assert capsys.readouterr() == ("", "")


def test_for_programs_each_message_is_one_line(office: PostOffice, capsys: Capture) -> None:
    office.mail = [delivery(content="two\nlines"), delivery(id="m2")]
    receiving.receive(DIR, Wanted(as_json=True), None)
    values = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [value["id"] for value in values] == ["m1", "m2"]
    assert values[0]["payload"]["content"] == "two\nlines"


def test_a_look_takes_nothing(office: PostOffice, capsys: Capture) -> None:
    office.mail = [delivery(lease=b"")]
    assert receiving.peek(DIR, Wanted("alice", 3)) == 0
    assert "the build is green" in capsys.readouterr().out
    assert office.asked == [("peek", ("", {"sender": "alice", "max_messages": 3}))]


def test_an_inbox_shows_what_waits_and_what_is_worked_on(
    office: PostOffice, capsys: Capture
) -> None:
    office.states = [inbox(depth=40, in_flight=1, oldest_age=125.0)]
    office.mail = [delivery(lease=b"", sent_at=0.0), delivery(id="m2", lease=b"", sent_at=0.0)]
    office.stored = [stored(id="m1", state="leased")]
    assert receiving.show_inbox(DIR, "alice", as_json=False) == 0
    first, _, *rows, last = capsys.readouterr().out.splitlines()
    assert first == "alice: 40 of 1000 unread, 1 leased, oldest 2m 05s"
    assert [(row.split()[0], "leased" in row) for row in rows] == [("m1", True), ("m2", False)]
    assert last == "and 38 more"


def test_an_empty_inbox_is_one_line(office: PostOffice, capsys: Capture) -> None:
    assert receiving.show_inbox(DIR, "alice", as_json=False) == 0
    assert capsys.readouterr().out == "alice: 0 of 1000 unread\n"


def test_an_inbox_says_how_its_agent_was_told_of_it(office: PostOffice, capsys: Capture) -> None:
    typed = Ring(at=time.time() - 65, way="pty", outcome="typed", cursor=1)
    office.bell = BellState(agent="alice", on=False, every_seconds=5, rings=[typed])
    receiving.show_inbox(DIR, "alice", as_json=False)
    assert capsys.readouterr().out == (
        "alice: 0 of 1000 unread, doorbell off,"
        " notice typed by pty, not known to be read 1m 05s ago\n"
    )
    receiving.show_inbox(DIR, "alice", as_json=True)
    told = json.loads(capsys.readouterr().out)["doorbell"]
    assert (told["on"], told["rings"][0]["outcome"]) == (False, "typed")


def test_who_waits_and_what_is_dead_is_counted() -> None:
    state = inbox(depth=1000, waiting_senders=2, dead_letters=3)
    assert receiving.summary(state) == (
        "alice: 1000 of 1000 unread, 2 senders wait for room, 3 dead letters"
    )


def test_an_inbox_as_json_has_its_messages(office: PostOffice, capsys: Capture) -> None:
    office.states = [inbox(depth=1)]
    office.mail = [delivery(lease=b"")]
    receiving.show_inbox(DIR, "alice", as_json=True)
    value = json.loads(capsys.readouterr().out)
    assert (value["agent"], value["depth"], value["max_size"]) == ("alice", 1, 1000)
    assert [(m["id"], m["leased"]) for m in value["messages"]] == [("m1", False)]
