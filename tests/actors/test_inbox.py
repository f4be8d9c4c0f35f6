from __future__ import annotations

import pytest

from signalpost.actors import inbox_books
from signalpost.actors.inbox_effects import Tell
from signalpost.transport.errors import InboxFull, StoreFull
from tests.actors.inbox_words import (
    NEVER,
    a_call,
    a_message,
    a_receiver,
    an_inbox,
    at,
    given,
    put,
    receive,
    said,
    settle,
)

# ---------------------------------------------------------------- what is on disk


def test_a_message_is_persisted_before_its_sender_is_told() -> None:
    inbox, message = an_inbox(), a_message("m")
    inbox.put(message, a_call(), at(0))
    assert said(inbox.take_effects()) == ["keep m"]
    inbox.stored(message.seq)
    assert said(inbox.take_effects()) == ["tell m stored"]


def test_mail_waits_for_no_disk() -> None:
    inbox = an_inbox()
    inbox.receive(a_receiver(), at(0))
    inbox.put(a_message("m"), a_call(), at(0))
    assert said(inbox.take_effects()) == ["deliver m", "keep m"]


@pytest.mark.parametrize(
    ("goal", "stage"), [("stored", "acked"), ("delivered", "acked"), ("acked", "acked")]
)
def test_a_stage_that_is_reached_before_the_commit_is_told_after_it(goal: str, stage: str) -> None:
    inbox, message = an_inbox(), a_message("m")
    inbox.receive(a_receiver(), at(0))
    inbox.put(message, a_call(goal), at(0))  # type: ignore[arg-type]
    assert settle(inbox, "m") == [""]
    assert said(inbox.take_effects()) == ["deliver m", "keep m"]
    inbox.stored(message.seq)
    assert said(inbox.take_effects()) == ["ended m done", f"tell m {stage}"]
    assert inbox.is_idle


def test_what_could_not_be_stored_never_was() -> None:
    inbox, message, call = an_inbox(), a_message("m"), a_call()
    inbox.put(message, call, at(0))
    inbox.take_effects()
    inbox.withdraw(message.seq, StoreFull("the disk is full."))
    assert said(inbox.take_effects()) == ["refuse STORE_FULL"]
    assert call.answered
    assert inbox.is_idle
    assert not message.is_open


def test_a_withdrawn_message_that_is_out_already_is_held_by_nobody() -> None:
    inbox, message = an_inbox(), a_message("m")
    inbox.receive(a_receiver(), at(0))
    inbox.put(message, a_call(), at(0))
    inbox.withdraw(message.seq, StoreFull("the disk is full."))
    assert settle(inbox, "m") == ["STALE_LEASE"]
    inbox.put(a_message("m"), a_call(), at(1))  # its sender tries again
    assert receive(inbox, now=1) == ["m"]


def test_a_withdrawn_message_that_was_acknowledged_refuses_its_sender_all_the_same() -> None:
    inbox, message = an_inbox(), a_message("m")
    inbox.receive(a_receiver(), at(0))
    inbox.put(message, a_call(), at(0))
    settle(inbox, "m")
    inbox.take_effects()
    inbox.withdraw(message.seq, StoreFull("the disk is full."))
    assert said(inbox.take_effects()) == ["refuse STORE_FULL"]


def test_news_of_unknown_places_change_nothing() -> None:
    inbox = an_inbox()
    put(inbox, "m")
    inbox.stored(1)
    inbox.stored(99)
    inbox.withdraw(1, StoreFull("too late."))
    assert inbox.take_effects() == []
    assert inbox.depth == 1


def test_each_effect_is_handed_out_once_and_each_message_persisted_once() -> None:
    inbox, message = an_inbox(), a_message("m")
    inbox.put(message, None, at(0))
    inbox.receive(a_receiver(), at(0))
    settle(inbox, "m")
    assert said(inbox.take_effects()) == ["deliver m", "keep m"]
    assert inbox.take_effects() == []


# ---------------------------------------------------------------- order


def test_the_oldest_comes_first() -> None:
    inbox = an_inbox()
    put(inbox, "a", "b", "c")
    assert [receive(inbox) for _ in range(4)] == [["a"], ["b"], ["c"], []]


def test_several_are_taken_at_once_and_no_more_than_asked_for() -> None:
    inbox = an_inbox()
    put(inbox, "a", "b", "c")
    assert receive(inbox, a_receiver(most=2)) == ["a", "b"]
    assert receive(inbox, a_receiver(most=32)) == ["c"]


def test_at_most_4_mib_are_taken_at_once_but_always_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalpost.actors.ready.MAX_BATCH_BYTES", 10)
    inbox = an_inbox()
    put(inbox, "large", content="x" * 11)
    put(inbox, "a", content="ä" * 3)
    put(inbox, "b", content="x", metadata=b"{}")
    put(inbox, "c", content="xx")
    put(inbox, "d", content="")
    taken = [receive(inbox, a_receiver(most=9)) for _ in range(3)]
    assert taken == [["large"], ["a", "b"], ["c", "d"]]


def test_what_comes_back_stands_where_it_stood() -> None:
    inbox = an_inbox()
    put(inbox, "a", "b", "c", "d")
    receive(inbox, a_receiver(most=3))
    assert settle(inbox, "c", "a", outcome="nack") == ["", ""]
    assert [m.id for m in inbox.open_messages()] == ["a", "b", "c", "d"]
    assert receive(inbox, a_receiver(most=9)) == ["a", "c", "d"]


def test_several_that_come_back_at_once_are_handed_out_by_place() -> None:
    inbox = an_inbox()
    put(inbox, "a", "b")
    receive(inbox, a_receiver(most=2))
    first, second = a_receiver(b"other"), a_receiver(b"other")
    inbox.receive(first, at(1))
    inbox.receive(second, at(1))
    settle(inbox, "b", "a", outcome="nack", now=2)
    effects = inbox.take_effects()
    assert (given(effects, first), given(effects, second)) == (["a"], ["b"])


# ---------------------------------------------------------------- room


def test_a_full_inbox_refuses_and_names_depth_and_bound() -> None:
    inbox = an_inbox(bound=2)
    put(inbox, "a", "b")
    receive(inbox)  # a leased one takes its room all the same
    with pytest.raises(InboxFull, match=r"2 unacknowledged messages .* takes 2 .*Send again"):
        inbox.put(a_message("c"), a_call(), at(0))
    assert inbox.take_effects() == []
    assert inbox.find("c") is None


def test_an_inbox_is_full_when_its_messages_are_16_mib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_books, "MAX_BYTES", 10)
    inbox = an_inbox()
    put(inbox, "a", content="x" * 6)
    put(inbox, "b", content="ä" * 3)
    with pytest.raises(InboxFull):
        put(inbox, "c")
    receive(inbox)
    settle(inbox, "a")
    put(inbox, "c")
    assert inbox.depth == 2


def test_the_bound_can_be_changed() -> None:
    inbox = an_inbox(bound=1)
    put(inbox, "a")
    inbox.put(a_message("b"), a_call(park=20), at(0))
    inbox.bound = 2
    assert inbox.next_deadline() == 0.0
    inbox.advance(at(1), NEVER)
    assert said(inbox.take_effects()) == ["keep b"]


# ---------------------------------------------------------------- the same again


def test_a_message_that_is_known_is_not_accepted_again() -> None:
    inbox, call = an_inbox(), a_call()
    (first,) = put(inbox, "m")
    inbox.put(a_message("m"), call, at(1))
    assert inbox.take_effects() == [Tell(call, first)]
    assert inbox.depth == 1


def test_a_message_that_is_done_but_not_on_disk_is_not_accepted_again() -> None:
    inbox, message, again = an_inbox(), a_message("m"), a_call()
    inbox.receive(a_receiver(), at(0))
    inbox.put(message, a_call(), at(0))
    settle(inbox, "m")
    inbox.put(a_message("m"), again, at(1))
    inbox.take_effects()
    inbox.stored(message.seq)
    assert inbox.take_effects()[-1] == Tell(again, message)
    assert inbox.depth == 0


def test_a_message_whose_reply_is_awaited_is_known_when_it_is_done() -> None:
    inbox = an_inbox()
    put(inbox, "m", call=a_call("reply"))
    receive(inbox)
    settle(inbox, "m")
    inbox.put(a_message("m"), a_call("acked"), at(1))
    assert said(inbox.take_effects())[-1] == "tell m acked"
    assert inbox.is_idle


def test_a_parked_message_that_is_put_again_keeps_its_place() -> None:
    inbox = an_inbox(bound=1)
    put(inbox, "a")
    calls = [a_call(park=20), a_call(park=20), a_call(park=50)]
    for message_id, call in zip(("b", "c", "b"), calls, strict=True):
        inbox.put(a_message(message_id), call, at(0))
    inbox.put(a_message("b"), None, at(0))
    assert inbox.parked == 2
    inbox.advance(at(20), NEVER)  # the second request of b waits longer
    assert said(inbox.take_effects()) == ["refuse INBOX_FULL"]
    assert calls[1].answered
    receive(inbox)
    settle(inbox, "a", now=21)
    (kept,) = [m for m in inbox.open_messages() if m.id == "b"]
    assert kept.call is calls[2]


# ---------------------------------------------------------------- looking


def test_an_inbox_tells_how_full_it_is() -> None:
    inbox = an_inbox()
    assert (inbox.depth, inbox.in_flight, inbox.parked, inbox.oldest) == (0, 0, 0, None)
    first, _, _ = put(inbox, "a", "b", "c")
    assert inbox.oldest is first
    receive(inbox)
    assert inbox.oldest is first
    assert (inbox.depth, inbox.in_flight) == (3, 1)
    settle(inbox, "a")
    assert inbox.oldest is inbox.find("b")
    assert inbox.find("a") is None


def test_a_look_takes_nothing_and_filters() -> None:
    inbox = an_inbox()
    put(inbox, "a", "b")
    put(inbox, "c", sender="carol", in_reply_to="question")
    receive(inbox)
    assert [m.id for m in inbox.peek(frozenset(), "", 2)] == ["a", "b"]
    assert [m.id for m in inbox.peek(frozenset({"carol"}), "", 9)] == ["c"]
    assert [m.id for m in inbox.peek(frozenset(), "question", 9)] == ["c"]
    assert inbox.peek(frozenset({"bob"}), "question", 9) == []
    assert (inbox.depth, inbox.in_flight) == (3, 1)


def test_a_look_shows_at_most_4_mib_but_always_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalpost.actors.inbox_books.MAX_BATCH_BYTES", 10)
    inbox = an_inbox()
    put(inbox, "a", content="x" * 11)
    put(inbox, "b")
    assert [m.id for m in inbox.peek(frozenset(), "", 9)] == ["a"]


def test_an_inbox_is_idle_when_nothing_is_in_it_and_nobody_waits() -> None:
    inbox = an_inbox()
    assert inbox.is_idle
    receiver = a_receiver()
    inbox.receive(receiver, at(0))
    assert inbox.has_receiver
    assert not inbox.is_idle
    inbox.give_up(receiver.correlation, at(1))
    assert inbox.is_idle
    put(inbox, "m", call=a_call("reply"))
    receive(inbox)
    settle(inbox, "m")
    assert not inbox.is_idle  # its sender waits for the reply
    inbox.bounce("alice has gone")
    assert inbox.is_idle
