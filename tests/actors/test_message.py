from __future__ import annotations

import pytest

from signalpost.actors.message import Lease, Message
from signalpost.transport.letters import Goal, Stage, State
from tests.actors.inbox_words import a_message, at


def lease_of(token: bytes) -> Lease:
    return Lease(token, b"session", 0.0, 0.0)


def message_at(stage: Stage) -> Message:
    states: dict[Stage, State] = {"acked": "done", "expired": "expired", "dead": "dead"}
    message = a_message(state=states.get(stage, "ready"))
    message.deliveries = 1 if stage == "delivered" else 0
    return message


def test_a_new_message_is_ready_and_was_not_delivered() -> None:
    message = a_message("m", metadata=b'{"a":1}', in_reply_to="q")
    assert message.is_open
    delivery = message.delivery()
    assert (delivery.id, delivery.sender, delivery.to) == ("m", "bob", "alice")
    assert (delivery.content, delivery.metadata, delivery.in_reply_to) == ("hello", b'{"a":1}', "q")
    assert (delivery.attempt, delivery.redelivered, delivery.lease) == (1, False, b"")
    assert delivery.sent_at == at(0).wall


def test_a_delivery_carries_the_lease_and_whether_there_was_one_before() -> None:
    message = a_message()
    message.hand_out(lease_of(b"first"), at(1))
    assert (message.delivery().lease, message.delivery().redelivered) == (b"first", False)
    message.put_back()
    assert message.delivery().redelivered  # to somebody who looks
    message.attempts += 1
    message.hand_out(lease_of(b"second"), at(2))
    delivery = message.delivery()
    assert (delivery.lease, delivery.attempt, delivery.redelivered) == (b"second", 2, True)
    assert message.delivered == at(1)  # the first time


def test_an_ended_message_says_when_and_why_and_is_held_by_nobody() -> None:
    message = a_message()
    message.hand_out(lease_of(b"token"), at(1))
    message.end("dead", at(2), "nobody wants it")
    assert not message.is_open
    assert (message.ended, message.reason, message.lease) == (at(2), "nobody wants it", None)


def test_a_revived_message_is_as_fresh_as_a_new_one() -> None:
    message = a_message(attempts=5, deliveries=5, expires=3.0)
    message.end("dead", at(2), "5 failed attempts")
    message.revive()
    assert (message.state, message.attempts, message.expires) == ("ready", 0, None)
    assert (message.ended, message.reason) == (None, "")


def test_what_could_not_be_kept_is_open_no_more() -> None:
    message = a_message()
    message.drop("the disk is full")
    assert not message.is_open
    assert message.reason == "the disk is full"


def test_a_message_has_its_time_to_live_and_not_a_moment_more() -> None:
    assert not a_message().is_over(at(1e9))
    assert not a_message(expires=5.0).is_over(at(4.9))
    assert a_message(expires=5.0).is_over(at(5))


@pytest.mark.parametrize(("content", "size"), [("", 2), ("abc", 5), ("äöü", 8), ("😀", 6)])
def test_the_size_is_counted_in_bytes(content: str, size: int) -> None:
    assert a_message(content=content, metadata=b"{}").size == size


@pytest.mark.parametrize(
    ("stage", "goals"),
    [
        ("stored", ["stored"]),
        ("delivered", ["stored", "delivered"]),
        ("acked", ["stored", "delivered", "acked"]),
        ("expired", ["stored", "delivered", "acked", "reply"]),
        ("dead", ["stored", "delivered", "acked", "reply"]),
    ],
)
def test_each_stage_answers_those_who_wait_for_it_or_less(stage: Stage, goals: list[Goal]) -> None:
    message = message_at(stage)
    assert message.stage() == stage
    every: list[Goal] = ["stored", "delivered", "acked", "reply"]
    assert [goal for goal in every if message.has_reached(goal)] == goals
