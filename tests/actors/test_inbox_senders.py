from __future__ import annotations

import pytest

from signalpost.actors.inbox_effects import Tell
from signalpost.actors.message import SendCall
from signalpost.transport.errors import InboxFull, StoreFull
from tests.actors.inbox_words import (
    ALICE,
    BOB,
    NEVER,
    a_call,
    a_message,
    a_receiver,
    an_inbox,
    at,
    put,
    receive,
    said,
    settle,
)

# ---------------------------------------------------------------- who waits for room


def test_a_full_inbox_parks_its_sender_and_lets_it_in_when_there_is_room() -> None:
    inbox, call = an_inbox(bound=1), a_call(park=20)
    put(inbox, "a")
    inbox.put(a_message("b"), call, at(0))
    assert inbox.take_effects() == []
    assert (inbox.parked, inbox.depth) == (1, 1)
    receive(inbox)
    inbox.take_effects()
    settle(inbox, "a", now=1)
    assert said(inbox.take_effects()) == ["note a", "keep b", "ended a done"]
    assert (inbox.parked, inbox.depth) == (0, 1)
    assert not call.answered  # it is not on disk yet


def test_parked_senders_are_let_in_in_order() -> None:
    inbox = an_inbox(bound=2)
    put(inbox, "a", "b")
    for name in "cde":
        inbox.put(a_message(name), a_call(park=20), at(0))
    receive(inbox, a_receiver(most=2))
    settle(inbox, "a", "b", now=1)
    assert [word for word in said(inbox.take_effects()) if "keep" in word] == ["keep c", "keep d"]
    assert [m.seq for m in inbox.open_messages()] == [3, 4]  # the order of acceptance
    assert inbox.parked == 1


def test_a_newcomer_never_overtakes_a_parked_sender() -> None:
    inbox = an_inbox(bound=1)
    put(inbox, "a", stored=False)
    inbox.put(a_message("b"), a_call(park=20), at(0))
    inbox.withdraw(1, StoreFull("the disk is full."))
    with pytest.raises(InboxFull):
        inbox.put(a_message("c"), a_call(), at(1))
    inbox.put(a_message("d"), a_call(park=20), at(1))
    assert inbox.next_deadline() == 0.0
    inbox.advance(at(1), NEVER)
    assert [m.id for m in inbox.open_messages()] == ["b"]


def test_a_parked_sender_is_refused_when_its_time_is_over() -> None:
    inbox, call = an_inbox(bound=1), a_call(park=20)
    put(inbox, "a")
    inbox.put(a_message("b"), call, at(0))
    assert inbox.next_deadline() == 20
    inbox.advance(at(19), NEVER)
    assert inbox.take_effects() == []
    inbox.advance(at(20), NEVER)
    assert said(inbox.take_effects()) == ["refuse INBOX_FULL"]
    assert call.answered
    assert inbox.parked == 0


@pytest.mark.parametrize("park", [None, 0.0])
def test_who_has_no_time_is_not_parked(park: float | None) -> None:
    inbox = an_inbox(bound=1)
    put(inbox, "a")
    with pytest.raises(InboxFull):
        inbox.put(a_message("b"), a_call(park=park), at(0))
    with pytest.raises(InboxFull):
        inbox.put(a_message("b"), None, at(0))


def test_a_parked_sender_that_gives_up_or_leaves_has_sent_nothing() -> None:
    inbox, call = an_inbox(bound=1), a_call(park=20)
    put(inbox, "a")
    inbox.put(a_message("b"), call, at(0))
    inbox.put(a_message("c"), a_call(park=20, session=b"other"), at(0))
    inbox.give_up(call.correlation, at(1))
    assert inbox.parked == 1
    inbox.leave(b"other", died=False, now=at(1))
    assert inbox.parked == 0
    assert inbox.take_effects() == []


def test_a_message_whose_time_to_live_passes_while_it_is_parked_expires_when_it_is_let_in() -> None:
    inbox, call = an_inbox(bound=1), a_call("acked", park=20)
    put(inbox, "a")
    inbox.put(a_message("b", expires=2.0), call, at(0))
    inbox.put(a_message("c"), a_call(park=20), at(0))
    inbox.receive(a_receiver(), at(3))
    settle(inbox, "a", now=3)
    assert [m.id for m in inbox.open_messages()] == ["c"]
    inbox.take_effects()
    inbox.stored(2)
    assert said(inbox.take_effects()) == ["ended b expired", "tell b expired"]


# ---------------------------------------------------------------- who waits for a stage


def test_a_sender_is_told_each_stage_only_when_it_waits_for_it() -> None:
    inbox = an_inbox()
    goals = {"a": a_call("delivered"), "b": a_call("acked"), "c": a_call("reply")}
    for name, call in goals.items():
        put(inbox, name, call=call)
    inbox.receive(a_receiver(most=3), at(1))
    assert said(inbox.take_effects())[-1] == "tell a delivered"
    settle(inbox, "a", "b", "c", now=2)
    assert [w for w in said(inbox.take_effects()) if "tell" in w] == ["tell b acked"]
    assert not goals["c"].answered
    assert not inbox.is_idle


@pytest.mark.parametrize("goal", ["delivered", "acked", "reply"])
def test_a_sender_is_told_the_stage_that_is_reached_when_its_time_is_over(goal: str) -> None:
    inbox, call = an_inbox(), a_call(goal, deadline=5)  # type: ignore[arg-type]
    (message,) = put(inbox, "m", call=call)
    assert inbox.next_deadline() == 5
    inbox.advance(at(4), NEVER)
    assert inbox.take_effects() == []
    inbox.advance(at(5), NEVER)
    assert inbox.take_effects() == [Tell(call, message)]
    assert inbox.next_deadline() is None
    assert message.is_open


def test_the_end_of_the_wait_waits_for_the_commit() -> None:
    inbox, message = an_inbox(), a_message("m")
    inbox.put(message, a_call("acked", deadline=5), at(0))
    inbox.take_effects()
    inbox.advance(at(5), NEVER)
    assert inbox.take_effects() == []
    assert inbox.next_deadline() is None
    inbox.stored(message.seq)
    assert said(inbox.take_effects()) == ["tell m stored"]


@pytest.mark.parametrize("goal", ["delivered", "acked", "reply"])
def test_an_expired_and_a_dead_message_answer_whoever_waits(goal: str) -> None:
    inbox = an_inbox()
    put(inbox, "a", call=a_call(goal), expires=5.0)  # type: ignore[arg-type]
    put(inbox, "b", call=a_call(goal))  # type: ignore[arg-type]
    inbox.advance(at(5), NEVER)
    assert said(inbox.take_effects())[-1] == "tell a expired"
    inbox.empty_into_dead("alice was removed", at(6))
    assert said(inbox.take_effects())[-1] == "tell b dead"


def test_a_sender_that_gives_up_or_leaves_has_sent_its_message_all_the_same() -> None:
    inbox, call = an_inbox(), a_call("acked")
    put(inbox, "a", call=call)
    put(inbox, "b", call=a_call("acked"))
    inbox.give_up(call.correlation, at(1))
    inbox.leave(BOB, died=True, now=at(1))
    assert inbox.depth == 2
    receive(inbox, a_receiver(most=2))
    settle(inbox, "a", "b")
    assert said(inbox.take_effects()) == ["note a", "note b", "ended a done", "ended b done"]
    assert inbox.is_idle


# ---------------------------------------------------------------- replies


def test_a_reply_goes_to_the_send_that_awaits_it_and_to_nobody_else() -> None:
    inbox, call = an_inbox(), a_call("reply", session=ALICE)
    waiting = a_receiver()
    asker = a_receiver(in_reply_to="question", awaits=call, correlation=call.correlation)
    inbox.receive(waiting, at(0))
    inbox.receive(asker, at(0))
    inbox.put(a_message("reply", in_reply_to="question"), None, at(1))
    delivered = inbox.take_effects()
    assert said(delivered) == ["deliver reply", "keep reply"]
    assert call.answered
    inbox.put(a_message("again", in_reply_to="question"), None, at(2))
    assert said(inbox.take_effects()) == ["deliver again", "keep again"]  # to who waits for any


def test_a_reply_that_came_first_is_there_for_who_awaits_it() -> None:
    inbox, call = an_inbox(), a_call("reply", session=ALICE)
    put(inbox, "other", "reply", in_reply_to="question")
    asker = a_receiver(in_reply_to="question", senders=frozenset({"bob"}), awaits=call)
    assert receive(inbox, asker) == ["other"]
    assert call.answered


def test_a_send_that_was_answered_another_way_awaits_nothing() -> None:
    inbox, call = an_inbox(), a_call("reply", session=ALICE, deadline=9)
    asker = a_receiver(in_reply_to="question", awaits=call, deadline=9.0)
    inbox.receive(asker, at(0))
    call.answered = True  # from the inbox of whom it asked
    assert inbox.is_idle
    put(inbox, "reply", in_reply_to="question")
    assert receive(inbox) == ["reply"]
    inbox.advance(at(9), NEVER)
    assert inbox.take_effects() == []
    inbox.receive(asker, at(10))
    assert inbox.is_idle is False  # only the reply is here
    assert not inbox.has_receiver


def test_a_send_whose_time_is_over_is_answered_with_nothing() -> None:
    inbox, call = an_inbox(), a_call("reply", session=ALICE)
    inbox.receive(a_receiver(in_reply_to="question", awaits=call, deadline=9.0), at(0))
    inbox.advance(at(9), NEVER)
    assert said(inbox.take_effects()) == ["deliver"]
    assert call.answered


def test_a_reply_that_came_is_not_told_once_more() -> None:
    inbox, call = an_inbox(), a_call("reply", deadline=9)
    put(inbox, "m", call=call)
    call.answered = True  # from the inbox of the sender
    inbox.bounce("alice has gone")
    inbox.advance(at(9), NEVER)
    assert inbox.take_effects() == []


def test_senders_that_were_answered_another_way_do_not_pile_up() -> None:
    inbox = an_inbox()
    for number in range(200):
        call = a_call("reply")
        put(inbox, f"m{number}", call=call)
        receive(inbox)
        settle(inbox, f"m{number}")
        call.answered = True
    assert inbox.is_idle
    known = inbox._known  # pyright: ignore[reportPrivateUsage]
    assert len(known) < 50


# ---------------------------------------------------------------- bounce


def test_who_awaits_a_reply_is_told_when_none_will_come() -> None:
    inbox = an_inbox()
    calls = [a_call("reply"), a_call("reply"), a_call("acked")]
    for name, call in zip("abc", calls, strict=True):
        put(inbox, name, call=call)
    receive(inbox)
    settle(inbox, "a")
    inbox.take_effects()
    inbox.bounce("alice has gone")
    told = [e for e in inbox.take_effects() if isinstance(e, Tell)]
    assert [(e.call, e.message.stage(), e.bounced) for e in told] == [
        (calls[0], "acked", "alice has gone"),
        (calls[1], "stored", "alice has gone"),
    ]
    assert not calls[2].answered
    assert [m.id for m in inbox.open_messages()] == ["b", "c"]


def test_a_bounce_waits_for_the_commit() -> None:
    inbox, message = an_inbox(), a_message("m")
    inbox.put(message, a_call("reply"), at(0))
    inbox.take_effects()
    inbox.bounce("alice has gone")
    assert inbox.take_effects() == []
    inbox.stored(message.seq)
    assert said(inbox.take_effects()) == ["tell m alice has gone"]


def test_a_call_is_answered_once() -> None:
    inbox, call = an_inbox(), SendCall(b"call", BOB, "reply", deadline=5)
    put(inbox, "m", call=call)
    inbox.bounce("alice has gone")
    inbox.bounce("alice has gone")
    inbox.advance(at(5), NEVER)
    inbox.empty_into_dead("alice was removed", at(6))
    assert len([e for e in inbox.take_effects() if isinstance(e, Tell)]) == 1
