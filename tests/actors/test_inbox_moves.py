"""What happens to a whole inbox: its agent goes, the broker dies, its mail moves."""

from __future__ import annotations

import itertools

from signalpost.actors.inbox_effects import Refuse
from signalpost.transport.errors import UnknownAgent
from tests.actors.inbox_words import (
    ALICE,
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


def test_the_mail_of_a_removed_agent_is_dead_and_nobody_waits_on() -> None:
    inbox = an_inbox(bound=2)
    first, second = put(inbox, "a", "b")
    receive(inbox)
    inbox.put(a_message("c"), a_call(park=20), at(0))
    inbox.receive(a_receiver(senders=frozenset({"carol"})), at(0))
    inbox.empty_into_dead("alice was removed", at(1))
    effects = inbox.take_effects()
    assert said(effects) == [
        "deliver",
        "note a",
        "note b",
        "refuse UNKNOWN_AGENT",
        "ended a dead",
        "ended b dead",
    ]
    (refusal,) = [e.error for e in effects if isinstance(e, Refuse)]
    assert isinstance(refusal, UnknownAgent)
    assert str(refusal) == "alice was removed. list_agents (signalpost agents) tells who is known."
    assert (first.reason, second.ended) == ("alice was removed", at(1))
    assert inbox.is_idle


def test_a_result_that_somebody_got_another_way_is_done() -> None:
    inbox = an_inbox()
    (waiting,) = put(inbox, "task-8", task_id=8)
    (held,) = put(inbox, "task-9", task_id=9)
    receive(inbox, a_receiver(most=2))
    settle(inbox, "task-8", outcome="return")
    inbox.complete(8, at(1))
    inbox.complete(9, at(1))
    inbox.complete(9, at(2))
    inbox.complete(10, at(2))
    assert [(m.state, m.ended) for m in (waiting, held)] == [("done", at(1))] * 2
    assert settle(inbox, "task-9") == ["STALE_LEASE"]
    assert inbox.is_idle


def test_a_result_that_is_taken_makes_room() -> None:
    inbox = an_inbox(bound=1)
    put(inbox, "task-8", task_id=8)
    inbox.put(a_message("m"), a_call(park=20), at(0))
    inbox.complete(8, at(1))
    assert [m.id for m in inbox.open_messages()] == ["m"]


def test_a_dead_letter_comes_back_at_its_place_with_fresh_attempts() -> None:
    inbox = an_inbox(bound=2)
    put(inbox, "b", "c")
    dead = a_message("a", seq=0, state="dead", attempts=5, deliveries=5, expires=1.0, reason="x")
    inbox.redrive(dead, at(100))
    assert (dead.state, dead.attempts, dead.reason, dead.ended) == ("ready", 0, "", None)
    assert inbox.depth == 3  # whatever the bound
    assert said(inbox.take_effects()) == ["note a"]
    assert receive(inbox, now=100) == ["a"]
    assert dead.delivery().attempt == 1
    assert dead.delivery().redelivered
    inbox.redrive(a_message("a", state="dead"), at(101))  # it is here already
    assert inbox.depth == 3


def test_a_dead_letter_goes_to_who_waits() -> None:
    inbox = an_inbox()
    inbox.receive(a_receiver(), at(0))
    inbox.redrive(a_message("a", state="dead"), at(1))
    assert said(inbox.take_effects()) == ["deliver a", "note a"]


def test_after_a_restart_every_message_stands_at_its_place() -> None:
    inbox = an_inbox()
    leased = a_message("b", seq=2, state="leased", attempts=1, deliveries=2)
    for message in (a_message("c", seq=3), leased, a_message("a", seq=1)):
        inbox.restore(message)
    assert inbox.take_effects() == []
    assert receive(inbox, a_receiver(most=9)) == ["a", "b", "c"]
    delivery = leased.delivery()
    assert (delivery.attempt, delivery.redelivered) == (2, True)
    assert settle(inbox, "a", "b", "c") == [""] * 3


def test_what_is_restored_while_somebody_waits_is_handed_out_at_once() -> None:
    inbox = an_inbox()
    inbox.receive(a_receiver(), at(0))
    inbox.restore(a_message("a", seq=1))
    assert inbox.next_deadline() == 0.0
    inbox.advance(at(0), NEVER)
    assert said(inbox.take_effects()) == ["deliver a", "note a"]


def test_mail_moves_with_leases_and_waiting_senders() -> None:
    seqs = itertools.count(1).__next__
    former, inbox = an_inbox(seqs=seqs), an_inbox(bound=1, seqs=seqs)
    call, first = a_call("acked"), a_message("a")
    former.put(first, call, at(0))
    put(inbox, "own")
    put(former, "b")
    receive(former)
    moved = former.open_messages()
    inbox.absorb(moved, at(1))
    inbox.absorb(moved, at(1))  # twice is once
    assert [m.id for m in inbox.open_messages()] == ["a", "own", "b"]
    assert said(inbox.take_effects()) == ["note a", "note b"]
    inbox.stored(first.seq)
    assert settle(inbox, "a", now=2) == [""]  # still under its lease
    assert call.answered


def test_moved_mail_goes_to_who_waits() -> None:
    former, inbox = an_inbox(), an_inbox()
    inbox.receive(a_receiver(), at(0))
    inbox.absorb(put(former, "a"), at(1))
    assert said(inbox.take_effects()) == ["deliver a", "note a"]


def test_an_inbox_gives_everything_away() -> None:
    former, inbox = an_inbox(bound=3), an_inbox()
    asked, parked = a_call("reply"), a_call(park=20)
    put(former, "a", call=asked)
    put(former, "b", "c")
    receive(former, a_receiver(most=2))
    settle(former, "a")
    put(former, "d")
    former.put(a_message("e"), parked, at(1))
    former.receive(a_receiver(senders=frozenset({"carol"})), at(1))
    former.take_effects()
    moved = former.hand_over()
    assert [m.id for m in moved] == ["a", "b", "c", "d", "e"]
    assert said(former.take_effects()) == ["deliver", "keep e"]  # whatever the bound
    assert former.is_idle
    inbox.absorb(moved, at(2))
    assert (inbox.depth, inbox.in_flight) == (4, 1)
    assert settle(inbox, "b", session=ALICE, now=3) == [""]
    inbox.bounce("alice has gone")
    assert asked.answered  # its message is done, but it was still awaiting a reply
    inbox.stored(5)
    assert parked.answered


def test_more_room_lets_in_who_waits_for_it() -> None:
    inbox = an_inbox(bound=1)
    put(inbox, "a")
    for name in "bcd":
        inbox.put(a_message(name), a_call(park=20), at(0))
    inbox.resize(3, at(1))
    assert [word for word in said(inbox.take_effects()) if "keep" in word] == ["keep b", "keep c"]
    inbox.resize(1, at(2))
    assert (inbox.depth, inbox.parked) == (3, 1), "those that are in stay in"
