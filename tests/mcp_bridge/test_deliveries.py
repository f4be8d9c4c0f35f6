"""What is acknowledged with the next receive, and what is offered again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.mcp_bridge.deliveries import (
    Deliveries,
    Due,
    RequestId,
    Taking,
    late_cancels_count,
    unread_after,
)
from signalpost.transport.letters import Held

A, B = Held("a", b"1"), Held("b", b"2")
NOTHING = Due([], [])


def _took(deliveries: Deliveries, request: RequestId, *held: Held, ack: bool = True) -> None:
    taking = deliveries.begin(request)
    assert deliveries.took(taking, held, ack=ack) == []
    deliveries.end(taking)


def _shown(deliveries: Deliveries, request: RequestId, *held: Held, ack: bool = True) -> None:
    _took(deliveries, request, *held, ack=ack)
    deliveries.written(request)


def test_what_was_written_is_acknowledged_with_the_next_receive() -> None:
    deliveries = Deliveries()
    _shown(deliveries, 1, A, B)
    assert deliveries.due() == Due([A, B], [])


def test_it_is_said_until_the_broker_has_heard_it() -> None:
    deliveries = Deliveries()
    _shown(deliveries, 1, A, B)
    assert deliveries.due() == deliveries.due()
    deliveries.forget(["a", "b"])
    assert deliveries.due() == NOTHING


def test_what_is_not_written_yet_is_neither() -> None:
    deliveries = Deliveries()
    _took(deliveries, 1, A)
    assert deliveries.unwritten
    assert deliveries.due() == NOTHING
    deliveries.written(2)
    assert deliveries.unwritten
    deliveries.written(1)
    assert not deliveries.unwritten


def test_what_was_taken_without_ack_stays_until_it_is_acknowledged() -> None:
    deliveries = Deliveries()
    _shown(deliveries, 1, A, ack=False)
    deliveries.restarted()
    assert deliveries.due() == NOTHING
    assert deliveries.held("a") == A


def test_a_lease_that_is_not_known_is_left_to_the_broker() -> None:
    assert Deliveries().held("x") == Held("x")


def test_an_overlapping_receive_makes_both_doubtful() -> None:
    deliveries = Deliveries()
    first, second = deliveries.begin(1), deliveries.begin(2)
    deliveries.took(second, [B])
    deliveries.written(2)
    assert deliveries.due() == Due([], [B])
    deliveries.took(first, [A])
    deliveries.written(1)
    assert deliveries.due() == Due([], [A, B])


def test_a_question_that_is_still_open_makes_no_receive_doubtful_but_its_own_reply() -> None:
    deliveries = Deliveries()
    question = deliveries.begin(1, asks=True)
    _shown(deliveries, 2, A)
    assert deliveries.due() == Due([A], [])
    deliveries.took(question, [B])
    deliveries.written(1)
    assert deliveries.due() == Due([A], [B])


def test_a_question_beside_a_receive_that_is_still_open_makes_both_doubtful() -> None:
    deliveries = Deliveries()
    receive, question = deliveries.begin(1), deliveries.begin(2, asks=True)
    for taking, held in ((question, B), (receive, A)):
        deliveries.took(taking, [held])
        deliveries.written(taking.request)
    assert deliveries.due() == Due([], [A, B])


def test_questions_beside_each_other_are_no_receives() -> None:
    deliveries = Deliveries()
    first, second = deliveries.begin(1, asks=True), deliveries.begin(2, asks=True)
    for taking, held in ((second, B), (first, A)):
        deliveries.took(taking, [held])
        deliveries.written(taking.request)
    assert deliveries.due() == Due([A, B], [])


def test_a_receive_after_the_one_before_was_written_overlaps_nothing() -> None:
    deliveries = Deliveries()
    _shown(deliveries, 1, A)
    deliveries.begin(2)
    assert deliveries.due() == Due([A], [])


def test_a_call_that_ended_without_mail_overlaps_nothing_later() -> None:
    deliveries = Deliveries()
    deliveries.end(deliveries.begin(1))
    _shown(deliveries, 2, A)
    assert deliveries.due() == Due([A], [])


def test_a_new_start_of_the_client_makes_what_was_shown_doubtful() -> None:
    deliveries = Deliveries()
    _shown(deliveries, 1, A)
    deliveries.restarted()
    _shown(deliveries, 2, B)
    assert deliveries.due() == Due([B], [A])


def test_a_late_cancel_gives_back_at_once() -> None:
    deliveries = Deliveries()
    _shown(deliveries, 1, A)
    _shown(deliveries, 2, B, ack=False)
    assert deliveries.cancelled(1) == [A]
    assert deliveries.cancelled(2) == [B]
    assert deliveries.cancelled(1) == []
    assert deliveries.due() == NOTHING


def test_a_cancel_before_the_answer_gives_back_what_comes_nevertheless() -> None:
    deliveries = Deliveries()
    taking = deliveries.begin(1)
    assert deliveries.cancelled(1) == []
    assert deliveries.took(taking, [A]) == [A]
    deliveries.end(taking)
    assert deliveries.due() == NOTHING


@pytest.mark.parametrize("ack", [True, False])
def test_a_cancel_of_an_answered_call_is_ignored_where_the_client_cancels_every_call(
    ack: bool,
) -> None:
    deliveries = Deliveries()
    taking = deliveries.begin(1, late_cancels=False)
    deliveries.took(taking, [A], ack=ack)
    deliveries.written(1)
    assert deliveries.cancelled(1) == []
    assert deliveries.held("a") == A


def test_an_answer_of_that_client_that_is_not_written_yet_can_be_cancelled() -> None:
    deliveries = Deliveries()
    deliveries.took(deliveries.begin(1, late_cancels=False), [A])
    assert deliveries.cancelled(1) == [A]
    assert not deliveries.unwritten


def test_an_error_instead_of_the_answer_gives_back() -> None:
    deliveries = Deliveries()
    _took(deliveries, 1, A)
    assert deliveries.failed(1) == [A]
    assert deliveries.due() == NOTHING
    assert not deliveries.unwritten


def test_a_message_that_comes_again_has_its_new_lease_only() -> None:
    deliveries = Deliveries()
    _shown(deliveries, 1, A, ack=False)
    _shown(deliveries, 2, Held("a", b"new"))
    assert deliveries.due() == Due([Held("a", b"new")], [])
    assert deliveries.held("a") == Held("a", b"new")
    assert deliveries.cancelled(1) == []


def test_only_opencode_cancels_what_it_has_read() -> None:
    assert [late_cancels_count(name) for name in ("opencode", "OpenCode", "claude-code", "")] == [
        False,
        False,
        True,
        True,
    ]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "took", "end", "written", "cancel", "start"]), st.integers(1, 3)
    )
)


@given(STEPS)
def test_nothing_is_acknowledged_that_was_cancelled_or_unwritten(
    steps: list[tuple[str, int]],
) -> None:
    """Calls 1 to 3, each at most once, take a message of the same number."""
    deliveries = Deliveries()
    takings: dict[int, Taking] = {}
    written: set[int] = set()
    cancelled: set[int] = set()
    answered: set[int] = set()
    returned: list[str] = []
    for what, number in steps:
        taking = takings.get(number)
        if what == "begin" and taking is None:
            takings[number] = deliveries.begin(number)
        elif what == "took" and taking is not None and number not in answered:
            answered.add(number)
            held = [Held(str(number))]
            returned += [each.message_id for each in deliveries.took(taking, held)]
            deliveries.end(taking)
        elif what == "end" and taking is not None:
            deliveries.end(taking)
            answered.add(number)
        elif what == "written" and number in answered:
            deliveries.written(number)
            written.add(number)
        elif what == "cancel":
            returned += [each.message_id for each in deliveries.cancelled(number)]
            cancelled |= {number} & takings.keys()
        elif what == "start":
            deliveries.restarted()
    due = deliveries.due()
    named = [held.message_id for held in due.acknowledge + due.give_back]
    assert len(named) == len(set(named))
    assert {int(each) for each in named} <= written - cancelled
    assert len(returned) == len(set(returned))
    assert not set(returned) & set(named)


def _waited(deliveries: Deliveries, seconds: float, client: str) -> Taking:
    taking = deliveries.begin(1, unread_after=unread_after(client), now=10.0)
    assert deliveries.took(taking, [A], now=10.0 + seconds) == []
    deliveries.end(taking)
    deliveries.written(1)
    return taking


@pytest.mark.parametrize(
    ("seconds", "client"), [(1, "gemini-cli-mcp-client"), (30, "codex-mcp-client")]
)
def test_what_came_when_the_client_may_have_let_go_of_the_call_is_offered_again(
    seconds: float, client: str
) -> None:
    deliveries = Deliveries()
    assert _waited(deliveries, seconds, client).doubtful
    assert deliveries.due() == Due([], [A])


@pytest.mark.parametrize(
    ("seconds", "client"),
    [(0.1, "gemini-cli-mcp-client"), (20, "codex-mcp-client"), (900, "claude-code"), (50, "")],
)
def test_what_came_early_or_would_have_been_cancelled_is_acknowledged(
    seconds: float, client: str
) -> None:
    deliveries = Deliveries()
    assert not _waited(deliveries, seconds, client).doubtful
    assert deliveries.due() == Due([A], [])
