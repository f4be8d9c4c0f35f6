from __future__ import annotations

import pytest

from signalpost.actors.inbox_effects import Deliver
from tests.actors.inbox_words import (
    ALICE,
    NEVER,
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


def test_a_receive_without_time_is_answered_with_nothing_at_once() -> None:
    inbox, receiver = an_inbox(), a_receiver(deadline=0.0)
    inbox.receive(receiver, at(0))
    assert inbox.take_effects() == [Deliver(receiver, ())]
    assert inbox.is_idle


def test_a_receive_waits_until_its_time_is_over() -> None:
    inbox, receiver = an_inbox(), a_receiver(deadline=5.0)
    inbox.receive(receiver, at(0))
    inbox.receive(a_receiver(), at(0))  # this one waits for ever
    assert inbox.next_deadline() == 5
    inbox.advance(at(4), NEVER)
    assert inbox.take_effects() == []
    inbox.advance(at(5), NEVER)
    assert inbox.take_effects() == [Deliver(receiver, ())]
    assert inbox.next_deadline() is None
    assert inbox.has_receiver


def test_those_who_wait_are_served_in_turn() -> None:
    inbox = an_inbox()
    receivers = [a_receiver(), a_receiver(b"other"), a_receiver()]
    for receiver in receivers:
        inbox.receive(receiver, at(0))
    for name in "abc":
        inbox.put(a_message(name), None, at(1))
    effects = inbox.take_effects()
    assert [given(effects, r) for r in receivers] == [["a"], ["b"], ["c"]]
    assert not inbox.has_receiver


def test_a_receiver_gets_only_what_it_asked_for() -> None:
    inbox = an_inbox()
    put(inbox, "a", "b")
    put(inbox, "c", sender="carol")
    put(inbox, "d", sender="carol", in_reply_to="question")
    put(inbox, "e", sender="bob", in_reply_to="question")
    assert receive(inbox, a_receiver(senders=frozenset({"carol"}), in_reply_to="question")) == ["d"]
    assert receive(inbox, a_receiver(in_reply_to="question", most=9)) == ["e"]
    assert receive(inbox, a_receiver(senders=frozenset({"carol"}), most=9)) == ["c"]
    assert receive(inbox, a_receiver(senders=frozenset({"dave"}), deadline=0.0)) == []
    assert receive(inbox, a_receiver(in_reply_to="other", deadline=0.0)) == []


def test_who_waits_for_something_else_holds_nobody_up() -> None:
    inbox, choosy, patient = an_inbox(), a_receiver(senders=frozenset({"carol"})), a_receiver()
    inbox.receive(choosy, at(0))
    inbox.receive(patient, at(0))
    inbox.put(a_message("a"), None, at(1))
    inbox.put(a_message("b", sender="carol"), None, at(1))
    effects = inbox.take_effects()
    assert (given(effects, choosy), given(effects, patient)) == (["b"], ["a"])


def test_a_receive_that_is_given_up_takes_nothing() -> None:
    inbox, receiver = an_inbox(), a_receiver()
    inbox.receive(receiver, at(0))
    inbox.give_up(receiver.correlation, at(1))
    put(inbox, "m")
    assert inbox.in_flight == 0


def test_a_receive_that_is_cut_off_after_its_answer_loses_nothing() -> None:
    inbox, receiver = an_inbox(), a_receiver(most=2)
    (first, _, _) = put(inbox, "a", "b", "c")
    receive(inbox, receiver)
    settle(inbox, "b")
    inbox.give_up(receiver.correlation, at(1))
    assert (first.state, first.attempts) == ("ready", 0)
    assert receive(inbox, a_receiver(most=9)) == ["a", "c"]


def test_what_a_cut_off_receive_had_taken_goes_to_who_waits() -> None:
    inbox, receiver, waiting = an_inbox(), a_receiver(), a_receiver(b"other")
    put(inbox, "m")
    receive(inbox, receiver)
    inbox.receive(waiting, at(1))
    inbox.give_up(receiver.correlation, at(1))
    assert given(inbox.take_effects(), waiting) == ["m"]


def test_a_receive_asked_again_is_given_again_what_it_holds() -> None:
    inbox, receiver = an_inbox(), a_receiver(most=2)
    (first, _, _) = put(inbox, "a", "b", "c")
    receive(inbox, receiver)
    lease = first.lease
    assert receive(inbox, a_receiver(most=2, correlation=receiver.correlation)) == ["a", "b"]
    assert first.lease is lease
    assert first.deliveries == 1
    other = a_receiver(b"other", correlation=receiver.correlation)
    assert receive(inbox, other) == ["c"]


def test_a_waiting_receive_asked_again_is_answered_once() -> None:
    inbox, receiver = an_inbox(), a_receiver()
    again = a_receiver(correlation=receiver.correlation)
    inbox.receive(receiver, at(0))
    inbox.receive(again, at(1))
    inbox.put(a_message("a"), None, at(2))
    inbox.put(a_message("b"), None, at(2))
    effects = inbox.take_effects()
    assert (given(effects, receiver), given(effects, again)) == ([], ["a"])


@pytest.mark.parametrize("died", [False, True])
def test_what_a_session_held_goes_back_and_counts_only_when_it_died(died: bool) -> None:
    inbox, waiting = an_inbox(), a_receiver()
    put(inbox, "a")
    (other,) = put(inbox, "b")
    receive(inbox)
    receive(inbox, a_receiver(b"other"))
    inbox.receive(waiting, at(1))
    inbox.leave(ALICE, died=died, now=at(2))
    first = inbox.find("a")
    assert first is not None
    assert (first.state, first.attempts) == ("ready", 1 if died else 0)
    assert other.state == "leased"
    assert said(inbox.take_effects()) == ["note a"]
    assert not inbox.has_receiver


def test_mail_is_found_by_the_number_of_its_sender_and_by_each_name_it_bore() -> None:
    inbox = an_inbox()
    put(inbox, "a", sender="old", sender_id=7)
    put(inbox, "b", sender="bob", sender_id=8)
    put(inbox, "c", sender="new", sender_id=7)
    put(inbox, "d", sender="merged", sender_id=9)
    meant: frozenset[str | int] = frozenset({7, "new", "merged"})
    assert [m.id for m in inbox.peek(meant, "", 9)] == ["a", "c", "d"]
    assert receive(inbox, a_receiver(senders=meant, most=9)) == ["a", "c", "d"]
    patient = a_receiver(senders=meant)
    inbox.receive(patient, at(0))
    inbox.put(a_message("e", sender="newest", sender_id=7), None, at(1))
    assert given(inbox.take_effects(), patient) == ["e"]
    assert receive(inbox) == ["b"]
