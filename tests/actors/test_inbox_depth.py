"""What a verb costs does not depend on how much mail is there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from tests.actors.inbox_words import a_call, a_message, a_receiver, an_inbox, at, receive, settle

SHALLOW, DEEP = 500, 20_000


def calls_of(work: Callable[[], object]) -> int:
    """Return how many functions are called, those written in C among them."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def fill_and_empty(depth: int) -> None:
    inbox = an_inbox(bound=depth)
    for number in range(depth):
        sender, question = f"agent-{number % 10}", f"question-{number}"
        message = a_message(f"m{number}", sender=sender, in_reply_to=question, expires=1e6)
        inbox.put(message, a_call("delivered", deadline=1e5), at(0))
        inbox.stored(message.seq)
        inbox.next_deadline()
    inbox.take_effects()
    for number in range(depth):
        receivers = [
            a_receiver(),
            a_receiver(senders=frozenset({f"agent-{number % 10}"})),
            a_receiver(in_reply_to=f"question-{number}"),
        ]
        (given,) = receive(inbox, receivers[number % 3])
        settle(inbox, given, outcome="return")
        settle(inbox, *receive(inbox), outcome="ack")
        inbox.next_deadline()
        inbox.take_effects()
    assert inbox.is_idle


def test_forty_times_the_mail_is_forty_times_the_work() -> None:
    shallow = calls_of(lambda: fill_and_empty(SHALLOW))
    deep = calls_of(lambda: fill_and_empty(DEEP))
    assert deep < 1.2 * shallow * DEEP / SHALLOW


def cost_at(depth: int, verb: str) -> int:
    inbox = an_inbox(bound=2 * depth)
    for number in range(depth):
        inbox.put(a_message(f"m{number}"), a_call("acked"), at(0))
    receiver = a_receiver()
    held = receive(inbox, receiver)
    verbs: dict[str, Callable[[], object]] = {
        "put": lambda: inbox.put(a_message("new"), a_call(), at(1)),
        "receive": lambda: receive(inbox, now=1),
        "settle": lambda: settle(inbox, *held, now=1),
        "give_up": lambda: inbox.give_up(receiver.correlation, at(1)),
    }
    return calls_of(verbs[verb])


@pytest.mark.parametrize("verb", ["put", "receive", "settle", "give_up"])
def test_a_verb_costs_the_same_in_a_deep_inbox(verb: str) -> None:
    assert cost_at(5_000, verb) <= cost_at(10, verb) + 5
