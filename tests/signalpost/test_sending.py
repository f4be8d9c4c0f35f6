from __future__ import annotations

import io
import json
from typing import Any

import pytest

from signalpost import sending
from signalpost.letter import Letter
from signalpost.transport.errors import BadRequest, TooLarge
from signalpost.transport.letters import (
    MAX_CONTENT,
    Goal,
    Held,
    Refusal,
    Ring,
    SentMessage,
    Stage,
)
from signalpost.transport.mail import Sent
from tests.signalpost.post_office import DIR, PostOffice, delivery, sent

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    return PostOffice().serve(monkeypatch, sending)


def letter(*to: str, **fields: Any) -> Letter:  # noqa: ANN401 - handed on
    return Letter(to=to or ("bob",), content="hello", **fields)


def test_everything_that_was_said_is_asked(office: PostOffice) -> None:
    wish = letter(
        kind="result",
        metadata={"a": "b"},
        in_reply_to="m0",
        ttl_seconds=60.0,
        wait_for="acked",
        wait_seconds=5.0,
    )
    office.outcome = sent("acked")
    assert sending.send(DIR, wish, as_json=False) == 0
    how = {
        "kind": "result",
        "metadata": {"a": "b"},
        "in_reply_to": "m0",
        "ttl_seconds": 60.0,
        "wait_for": "acked",
        "wait_seconds": 5.0,
        "park_seconds": 5.0,
    }
    assert office.asked == [("send", ("bob", "hello", how))]


def test_several_recipients_are_a_list(office: PostOffice) -> None:
    sending.send(DIR, letter("bob", "carol"), as_json=False)
    assert office.asked[0][1][0] == ["bob", "carol"]  # type: ignore[index]


def test_each_message_is_a_line(office: PostOffice, capsys: Capture) -> None:
    office.outcome = sent("stored", "delivered")
    assert sending.send(DIR, letter(), as_json=False) == 0
    assert capsys.readouterr().out == "sent m1 to bob: stored\nsent m2 to bob: delivered\n"


def test_who_was_refused_is_said_and_told_by_the_exit_code(
    office: PostOffice, capsys: Capture
) -> None:
    office.outcome = sent("stored", refused=[Refusal("carol", "INBOX_FULL", "1000 of 1000. Wait.")])
    assert sending.send(DIR, letter("bob", "carol"), as_json=False) == 2
    out, err = capsys.readouterr()
    assert out == "sent m1 to bob: stored\n"
    assert err == "signalpost: INBOX_FULL: carol: 1000 of 1000. Wait.\n"


def test_how_the_receiver_was_told_is_said_beside_the_stage(
    office: PostOffice, capsys: Capture
) -> None:
    typed = Ring(at=1000.0, way="pty", outcome="typed", cursor=7)
    office.outcome = Sent(sent=[SentMessage("bob", "m1", "stored", "idle", typed)])
    assert sending.send(DIR, letter("bob", wait_for="delivered"), as_json=False) == 1
    assert capsys.readouterr().out == (
        "sent m1 to bob: stored; notice typed by pty, not known to be read\n"
    )
    assert sending.as_value(office.outcome)["sent"] == [
        {
            "to": "bob",
            "message_id": "m1",
            "stage": "stored",
            "presence": "idle",
            "rung": {"at": 1000.0, "way": "pty", "outcome": "typed", "cursor": 7, "detail": ""},
        }
    ]


def test_the_reply_is_printed_and_acknowledged(office: PostOffice, capsys: Capture) -> None:
    office.outcome = sent("acked", reply=delivery())
    assert sending.send(DIR, letter(wait_for="reply"), as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "sent m1 to bob: acked"
    assert lines[2] == "  the build is green"
    assert office.asked[-1] == ("ack", [Held("m1", b"t1")])


@pytest.mark.parametrize(
    ("goal", "outcome", "said"),
    [
        ("acked", sent("delivered"), "has not been acknowledged yet; bob is gone"),
        ("delivered", sent("stored"), "has not been taken yet; bob is gone"),
        ("acked", sent("expired"), "has expired"),
        ("delivered", sent("dead"), "is a dead letter: see signalpost dead list"),
        ("reply", sent("acked"), "has no reply yet; one that comes later waits for you"),
        ("reply", sent("acked", bounced="bob is gone"), "gets no reply: bob is gone"),
    ],
)
def test_what_has_not_come_as_far_as_was_waited_for_is_said(
    capsys: Capture, goal: Goal, outcome: Sent, said: str
) -> None:
    assert sending.verdict(outcome, goal) == 1
    assert f"message m1 to bob {said}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("goal", "stage"), [("stored", "stored"), ("stored", "acked"), ("delivered", "acked")]
)
def test_further_than_was_waited_for_is_well(goal: Goal, stage: Stage) -> None:
    assert sending.verdict(sent(stage), goal) == 0


def test_json_says_the_same(office: PostOffice, capsys: Capture) -> None:
    refused = [Refusal("carol", "UNKNOWN_AGENT", "Nobody.")]
    office.outcome = sent("acked", refused=refused, reply=delivery())
    assert sending.send(DIR, letter("bob", "carol"), as_json=True) == 2
    value = json.loads(capsys.readouterr().out)
    assert value["sent"] == [
        {"to": "bob", "message_id": "m1", "stage": "acked", "presence": "gone", "rung": None}
    ]
    assert value["refused"] == [{"to": "carol", "code": "UNKNOWN_AGENT", "detail": "Nobody."}]
    assert value["reply"]["payload"] == {"content": "the build is green"}
    assert sending.as_value(sent("acked", bounced="gone"))["bounced"] == "gone"


def _given(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_standard_input_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    _given(monkeypatch, b"caf\xc3\xa9\r\n")
    assert sending.standard_input() == "caf\N{LATIN SMALL LETTER E WITH ACUTE}\r\n"


def test_too_much_or_no_text_on_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _given(monkeypatch, b"x" * (MAX_CONTENT + 1))
    with pytest.raises(TooLarge):
        sending.standard_input()
    _given(monkeypatch, b"\xff")
    with pytest.raises(BadRequest, match="not UTF-8"):
        sending.standard_input()


def test_a_closed_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(BadRequest, match="standard input is closed"):
        sending.standard_input()
