"""What a model reads about sending, agents and inboxes."""

from __future__ import annotations

import json

import pytest

from signalpost.mcp_bridge import mail_text
from signalpost.mcp_bridge.mail_calls import SendMessage
from signalpost.transport.letters import InboxState, Refusal, Ring, SentMessage, Settled
from signalpost.transport.mail import Registered, Sent
from tests.mcp_bridge.mail_stand_in import SENT, agent_state, delivery

TO_BOB = SendMessage(("bob",), "hi")
ASK = SendMessage(("bob",), "hi", wait_for="reply")


TYPED = Ring(at=1000.0, way="pty", outcome="typed", cursor=7)


def test_a_registration_says_what_was_registered() -> None:
    agent = Registered(name="alice", role="both", description="a\nb", inbox_bound=5)
    assert mail_text.registered_line(agent) == (
        '{"status":"registered","name":"alice","role":"both","description":"a b"}'
    )


@pytest.mark.parametrize(
    ("changes", "call", "line"),
    [
        ({}, TO_BOB, '{"status":"sent","message_id":"m1","to":"bob"}'),
        (
            {"sent": [SentMessage("bob", "m1", "stored", "gone")]},
            TO_BOB,
            '{"status":"sent","message_id":"m1","to":"bob","recipient":"gone"}',
        ),
        (
            {"sent": [SentMessage("bob", "m1", "acked", "idle")]},
            SendMessage(("bob",), "hi", wait_for="delivered"),
            '{"status":"sent","message_id":"m1","to":"bob","stage":"acked"}',
        ),
        (
            {"sent": [SentMessage("bob", "m1", "stored", "blocked", TYPED)]},
            SendMessage(("bob",), "hi", wait_for="delivered"),
            (
                '{"status":"sent","message_id":"m1","to":"bob","stage":"stored",'
                '"rung":"notice typed by pty, not known to be read"}'
            ),
        ),
        (
            {"reply": delivery(5)},
            ASK,
            '{"status":"sent","message_id":"m1","to":"bob","stage":"stored","reply":"id5"}',
        ),
        (
            {"bounced": "bob is\ngone"},
            ASK,
            (
                '{"status":"sent","message_id":"m1","to":"bob","stage":"stored",'
                '"bounced":"bob is gone"}'
            ),
        ),
        (
            {},
            SendMessage(("any:role:both",), "hi"),
            '{"status":"sent","message_id":"m1","to":"bob"}',
        ),
        (
            {"refused": [Refusal("carol", "INBOX_FULL", "…")]},
            SendMessage(("bob", "carol"), "hi"),
            (
                '{"status":"sent","to":["bob"],"message_ids":{"bob":"m1"},'
                '"refused":{"carol":"INBOX_FULL"}}'
            ),
        ),
        (
            {},
            SendMessage(("*",), "hi"),
            '{"status":"sent","to":["bob"],"message_ids":{"bob":"m1"},"refused":{}}',
        ),
        (
            {"sent": [], "refused": [Refusal("carol", "INBOX_FULL", "…")]},
            SendMessage(("role:both",), "hi"),
            '{"status":"refused","to":[],"message_ids":{},"refused":{"carol":"INBOX_FULL"}}',
        ),
    ],
)
def test_a_send_says_what_became_of_it(
    changes: dict[str, object], call: SendMessage, line: str
) -> None:
    fields: dict[str, object] = {"sent": SENT.sent, **changes}
    assert mail_text.sent_line(Sent(**fields), call) == line  # type: ignore[arg-type]


def test_a_reply_that_has_not_come_is_said_to_come_as_mail() -> None:
    assert mail_text.awaited_line(SENT, ASK) == (
        'No reply yet. It will come as mail: receive_message(in_reply_to="m1") waits for it.'
    )
    assert mail_text.awaited_line(SENT, TO_BOB) == ""
    assert mail_text.awaited_line(Sent(sent=SENT.sent, bounced="gone"), ASK) == ""


@pytest.mark.parametrize(("waited", "shown"), [(5.0, "5"), (0.5, "0.5"), (None, "null")])
def test_nothing_is_said_in_one_line(waited: float | None, shown: str) -> None:
    line = mail_text.nothing_line(waited, ["a"])
    assert line == f'{{"status":"no_messages","timeout":{shown},"acknowledged":["a"]}}'


def test_each_acknowledgement_is_told() -> None:
    settled = [Settled("a"), Settled("b", "STALE_LEASE", "not yours")]
    assert mail_text.settled_line(settled, "nack") == (
        '{"messages":[{"message_id":"a","status":"nacked"},{"message_id":"b","status":"refused",'
        '"code":"STALE_LEASE","detail":"not yours"}]}'
    )


def test_agents_are_listed_and_it_is_said_who_one_is() -> None:
    states = [agent_state("alice"), agent_state("bob", presence="gone", description="\x1b[1mx\ny")]
    alice, bob = json.loads(mail_text.agents_line(states, "alice"))["agents"]
    assert alice == {
        "name": "alice",
        "role": "both",
        "description": "reviews",
        "online": True,
        "presence": "idle",
        "client": "claude-code",
        "working_directory": "/src",
        "since": "2023-11-14T22:13:20.000Z",
        "depth": 2,
        "you": True,
    }
    assert (bob["online"], bob["description"], "you" in bob) == (False, "x y", False)


def test_inboxes_are_shown_as_gptqueue_did() -> None:
    state = InboxState(agent="bob", depth=3, max_size=10, in_flight=1, oldest_age=2.26)
    assert mail_text.inbox_lines([state]) == [
        {"agent": "bob", "depth": 3, "max_size": 10, "in_flight": 1, "oldest_age": 2.3}
    ]


def test_another_name_than_the_wished_one_is_told() -> None:
    assert mail_text.held_line("alice~2", "alice") == (
        "You are alice~2 here: alice is held by another living client."
    )
    assert mail_text.held_line("alice", "alice") == ""
    assert mail_text.held_line("app/claude-code", "") == ""
    assert mail_text.held_line("", "alice") == ""
