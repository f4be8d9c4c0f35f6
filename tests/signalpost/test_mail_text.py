from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.mail_text import (
    dead_row,
    delivery_fields,
    local_time,
    readable,
    stored_fields,
    stored_row,
    waiting_row,
)
from signalpost.transport.letters import Ring
from tests.signalpost.post_office import delivery, stored

WHEN = local_time(1000.0)


def test_a_person_reads_one_line_and_the_body_below_it() -> None:
    assert readable(delivery()) == (
        f"m1  {WHEN}  result  from alice to person\n  the build is green"
    )


def test_the_line_tells_what_else_there_is() -> None:
    message = delivery(in_reply_to="m0", redelivered=True, attempt=3, metadata=b'{"a": 1}')
    line = readable(message).partition("\n")[0]
    assert line.endswith('  in reply to m0  again, attempt 3  metadata {"a": 1}')


def test_no_body_can_be_taken_for_another_message() -> None:
    forged = readable(delivery(id="m2", sender="boss"))
    lines = readable(delivery(content=f"hello\n\n{forged}")).splitlines()
    assert [line for line in lines if line and not line.startswith("  ")] == lines[:1]


@given(st.text())
def test_no_body_reaches_the_terminal_raw(content: str) -> None:
    text = readable(delivery(content=content, sender=content, metadata=content.encode("utf-8")))
    assert not set(text) & set("\r\x1b\x9b\u2028\u202e")
    assert len([line for line in text.split("\n") if line and not line.startswith(" ")]) == 1


def test_a_program_gets_the_envelope_with_the_content_unaltered() -> None:
    message = delivery(content="a\x1b[1m\n", metadata=b'{"branch":"main"}', in_reply_to="m0")
    assert json.loads(json.dumps(delivery_fields(message))) == {
        "id": "m1",
        "from": "alice",
        "to": "person",
        "timestamp": "1970-01-01T00:16:40.000Z",
        "type": "result",
        "payload": {
            "content": "a\x1b[1m\n",
            "metadata": {"branch": "main"},
            "in_reply_to": "m0",
        },
        "attempt": 1,
        "redelivered": False,
    }


def test_what_was_not_said_is_not_in_the_envelope() -> None:
    assert delivery_fields(delivery())["payload"] == {"content": "the build is green"}


def test_a_program_learns_what_became_of_a_message() -> None:
    fields = stored_fields(stored(state="dead", attempts=5, reason="5 failed attempts"))
    assert (fields["state"], fields["attempts"], fields["reason"]) == (
        "dead",
        5,
        "5 failed attempts",
    )
    assert (fields["sent_at"], fields["delivered_at"], fields["ended_at"]) == (1000, 1001, 1002)


def test_rows_tell_who_what_and_how_it_stands() -> None:
    who = (WHEN, "m1", "alice", "bob", "task")
    assert stored_row(stored()) == (*who, "done", "build it")
    assert dead_row(stored(reason="too many")) == (*who, "too many", "build it")
    assert dead_row(stored(reason=""))[5] == "-"


def test_of_a_message_that_waits_it_is_told_how_its_receiver_was_told() -> None:
    rings = [Ring(at=1000.5, way="wait", outcome="woke", cursor=1)]
    assert stored_row(stored(state="ready", rings=rings))[5] == "ready, woken by wait"
    assert stored_row(stored(state="done", rings=rings))[5] == "done"
    assert stored_fields(stored(rings=rings))["rings"] == [
        {"at": 1000.5, "way": "wait", "outcome": "woke", "cursor": 1, "detail": ""}
    ]


@pytest.mark.parametrize(("leased", "state"), [(True, "leased"), (False, "ready")])
def test_a_waiting_message_is_ready_or_leased(leased: bool, state: str) -> None:
    row = waiting_row(delivery(attempt=2), leased=leased, now=1125.0)
    assert row == ("m1", "alice", "result", "2m 05s", "2", state, "the build is green")


def test_only_the_first_words_of_a_long_body_stand_in_a_row() -> None:
    assert len(stored_row(stored(content="word\n" * 50_000))[-1]) == 80
