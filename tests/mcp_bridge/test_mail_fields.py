"""Programs get the envelope of gptqueue, exactly, and values that any JSON reader takes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.mcp_bridge import mail_fields
from signalpost.transport.letters import Refusal, SentMessage
from signalpost.transport.mail import Sent
from tests.mcp_bridge.mail_stand_in import agent_state, delivery, stored


def test_the_envelope_is_that_of_gptqueue_with_the_content_unaltered() -> None:
    content = "\x1b[31mred\r\n\u202e"
    message = delivery(content=content, metadata=b'{"a":[1]}', in_reply_to="id0")
    assert mail_fields.message_fields(message) == {
        "id": "id1",
        "from": "bob",
        "to": "alice",
        "timestamp": "2023-11-14T22:13:20.123Z",
        "type": "task",
        "payload": {"content": content, "metadata": {"a": [1]}, "in_reply_to": "id0"},
    }


def test_what_a_message_does_not_have_is_left_out() -> None:
    assert mail_fields.message_fields(stored("x"))["payload"] == {"content": "x"}


@pytest.mark.parametrize(
    "data",
    [
        b"garbage",
        b"\xff",
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":"\\ud800"}',
        b'{"a":' + b"[" * 40 + b"]" * 40 + b"}",
        b"[" * 16_000,
    ],
)
def test_metadata_that_not_every_reader_takes_is_shown_as_text(data: bytes) -> None:
    assert mail_fields.metadata(data) == data.decode("utf-8", "replace")


@given(st.binary() | st.recursive(st.text(), st.lists).map(lambda v: json.dumps(v).encode()))
def test_no_metadata_raises(data: bytes) -> None:
    json.dumps(mail_fields.metadata(data), ensure_ascii=False, allow_nan=False).encode()


def test_what_was_sent_is_told_with_the_reasons() -> None:
    sent = Sent(
        sent=[SentMessage("bob", "m1", "acked", "idle")],
        refused=[Refusal("carol", "INBOX_FULL", "1000 messages wait.")],
        reply=delivery(5),
        bounced="gone",
    )
    assert mail_fields.sent_fields(sent) == {
        "sent": [
            {"name": "bob", "message_id": "m1", "stage": "acked", "presence": "idle", "rung": None}
        ],
        "refused": [{"name": "carol", "code": "INBOX_FULL", "detail": "1000 messages wait."}],
        "bounced": "gone",
        "reply": "id5",
    }


def test_an_agent_is_told_which_one_it_is() -> None:
    alice, bob = mail_fields.agent_fields([agent_state("alice"), agent_state("bob")], "bob")
    assert "you" not in alice
    assert (bob["you"], bob["pid"], bob["since"]) == (True, 7, "2023-11-14T22:13:20.000Z")
