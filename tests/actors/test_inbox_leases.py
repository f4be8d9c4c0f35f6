from __future__ import annotations

import pytest

from signalpost.actors.leases import CEILING_SECONDS
from signalpost.transport.letters import Delivery, Held, Outcome
from tests.actors.inbox_words import (
    ALICE,
    LEASE,
    NEVER,
    a_call,
    a_message,
    a_receiver,
    an_inbox,
    at,
    codes,
    put,
    receive,
    said,
    settle,
    state_of,
)

# ---------------------------------------------------------------- settling


def test_a_reply_ends_what_its_session_holds_or_nobody_does() -> None:
    inbox = an_inbox()
    held, free, others = put(inbox, "held", "free", "others")
    receive(inbox)
    receive(inbox)
    settle(inbox, "free", outcome="return")
    for message in (held, free):
        inbox.replied(ALICE, message.id, at(1))
        assert message.state == "done"
    receive(inbox, a_receiver(session=b"another"))
    inbox.replied(ALICE, "others", at(1))
    inbox.replied(ALICE, "unknown", at(1))
    assert others.state == "leased"


@pytest.mark.parametrize(
    ("outcome", "state", "attempts"),
    [("ack", "done", 0), ("nack", "ready", 1), ("return", "ready", 0)],
)
def test_only_a_nack_counts(outcome: Outcome, state: str, attempts: int) -> None:
    inbox = an_inbox()
    (message,) = put(inbox, "m")
    receive(inbox)
    assert settle(inbox, "m", outcome=outcome, now=5) == [""]
    assert (message.state, message.attempts, message.lease) == (state, attempts, None)
    assert message.ended == (at(5) if state == "done" else None)
    assert said(inbox.take_effects()) == ["note m", *(["ended m done"] if state == "done" else [])]


def test_only_the_current_token_and_its_session_settle() -> None:
    inbox = an_inbox()
    (message,) = put(inbox, "m")
    receive(inbox)
    first = message.lease.token if message.lease else b""
    settle(inbox, "m", outcome="return")
    receive(inbox)
    stale = [Held("m", first), Held("m", b"guessed"), Held("unknown")]
    settled = inbox.settle(ALICE, stale, "ack", at(1))
    assert codes(settled) == ["STALE_LEASE"] * 3
    assert "receive_message" in settled[0].detail
    assert settle(inbox, "m", session=b"somebody else's") == ["STALE_LEASE"]
    assert inbox.in_flight == 1
    current = message.lease.token if message.lease else b""
    assert codes(inbox.settle(ALICE, [Held("m", current), Held("m", current)], "ack", at(1))) == [
        "",
        "STALE_LEASE",
    ]


def test_each_delivery_has_a_token_of_its_own_and_says_whether_it_is_the_first() -> None:
    inbox = an_inbox()
    (message,) = put(inbox, "m")
    seen: list[Delivery] = []
    outcomes: list[Outcome] = ["nack", "return", "ack"]
    for outcome in outcomes:
        receive(inbox)
        seen.append(message.delivery())
        settle(inbox, "m", outcome=outcome)
    assert [(d.attempt, d.redelivered) for d in seen] == [(1, False), (2, True), (2, True)]
    assert len({d.lease for d in seen}) == 3


def test_after_five_failed_attempts_a_message_is_dead() -> None:
    inbox = an_inbox()
    (message,) = put(inbox, "m", call=a_call("acked"))
    receive(inbox)
    settle(inbox, "m", outcome="nack")
    receive(inbox)
    inbox.leave(ALICE, died=True, now=at(1))
    for seconds in (10, 1000):
        receive(inbox, now=seconds)
        inbox.advance(at(seconds + LEASE), NEVER)
    receive(inbox, now=2000)
    inbox.take_effects()
    settle(inbox, "m", outcome="nack", now=2000)
    assert message.reason == "5 failed attempts; the last: its receiver gave it back"
    assert said(inbox.take_effects()) == ["note m", "ended m dead", "tell m dead"]
    assert (message.attempts, inbox.depth) == (5, 0)


def test_what_does_not_count_never_kills() -> None:
    inbox = an_inbox()
    (message,) = put(inbox, "m")
    for _ in range(10):
        receive(inbox)
        settle(inbox, "m", outcome="return")
        receive(inbox)
        inbox.leave(ALICE, died=False, now=at(1))
    assert (message.state, message.attempts, message.deliveries) == ("ready", 0, 20)


# ---------------------------------------------------------------- the end of a lease


def test_a_lease_ends_and_that_counts() -> None:
    inbox = an_inbox()
    (message,) = put(inbox, "m")
    receive(inbox, now=10)
    assert inbox.next_deadline() == 10 + LEASE
    inbox.advance(at(9 + LEASE), NEVER)
    assert state_of(message) == "leased"
    inbox.advance(at(10 + LEASE), NEVER)
    assert (message.state, message.attempts) == ("ready", 1)
    assert settle(inbox, "m") == ["STALE_LEASE"]


def test_what_a_silent_receiver_held_goes_to_who_waits_at_its_old_place() -> None:
    inbox, waiting = an_inbox(), a_receiver(b"other", most=2)
    put(inbox, "a", "b")
    receive(inbox, a_receiver(most=2))
    inbox.receive(waiting, at(1))
    inbox.advance(at(LEASE), NEVER)
    assert said(inbox.take_effects())[0] == "deliver a b"


def test_an_acknowledgement_in_time_for_nobody_has_looked_is_in_time() -> None:
    inbox = an_inbox()
    put(inbox, "m")
    receive(inbox)
    assert settle(inbox, "m", now=LEASE + 100) == [""]


def test_a_lease_is_renewed_by_who_holds_it() -> None:
    inbox = an_inbox()
    (message,) = put(inbox, "m")
    receive(inbox)
    token = message.lease.token if message.lease else b""
    assert codes(inbox.extend(ALICE, [Held("m", token), Held("x")], at(500))) == [
        "",
        "STALE_LEASE",
    ]
    assert codes(inbox.extend(b"other", [Held("m", token)], at(599))) == ["STALE_LEASE"]
    inbox.advance(at(499 + LEASE), NEVER)
    assert state_of(message) == "leased"
    inbox.advance(at(500 + LEASE), NEVER)
    assert state_of(message) == "ready"


def test_an_agent_that_works_keeps_what_it_holds() -> None:
    inbox = an_inbox()
    (message,) = put(inbox, "m")
    receive(inbox)
    inbox.advance(at(LEASE), 400.0)
    assert state_of(message) == "leased"
    assert inbox.next_deadline() == 400 + LEASE
    inbox.advance(at(400 + LEASE), NEVER)  # what was known of it is not forgotten
    assert state_of(message) == "ready"


def test_no_lease_lasts_longer_than_24_hours() -> None:
    inbox = an_inbox()
    (message,) = put(inbox, "m")
    receive(inbox, now=10)
    end = 10 + CEILING_SECONDS
    inbox.extend(ALICE, [Held("m")], at(end - 1))
    inbox.advance(at(end - 1), end - 1)
    assert state_of(message) == "leased"
    assert inbox.next_deadline() == end
    inbox.advance(at(end), end)
    assert (message.state, message.attempts) == ("ready", 1)


def test_a_stopped_broker_gives_the_time_back() -> None:
    inbox = an_inbox(bound=3)
    (message,) = put(inbox, "m", call=a_call("acked", deadline=50))
    put(inbox, "other", call=a_call("acked", deadline=50), expires=100.0)
    put(inbox, "filler")
    inbox.put(a_message("parked"), a_call(park=20), at(0))
    receive(inbox)
    inbox.receive(a_receiver(senders=frozenset({"carol"}), deadline=5.0), at(0))
    inbox.advance(at(1), 1.0)
    inbox.take_effects()
    inbox.shift(1000)
    inbox.advance(at(1001), NEVER)
    # The time to live is not the broker's to give: the one that expires makes room.
    assert said(inbox.take_effects()) == [
        "note other",
        "keep parked",
        "ended other expired",
        "tell other expired",
    ]
    assert state_of(message) == "leased"
    assert inbox.next_deadline() == 1005
    inbox.advance(at(1005), NEVER)
    assert said(inbox.take_effects()) == ["deliver"]
    inbox.advance(at(1050), NEVER)
    assert said(inbox.take_effects()) == ["tell m delivered"]
    inbox.advance(at(1000 + LEASE), NEVER)
    assert state_of(message) == "leased"
    inbox.advance(at(1001 + LEASE), NEVER)
    assert state_of(message) == "ready"


def test_leases_alone_are_spared_for_what_may_be_on_its_way() -> None:
    inbox = an_inbox()
    (message,) = put(inbox, "m")
    receive(inbox)
    inbox.receive(a_receiver(deadline=float(LEASE)), at(0))
    inbox.take_effects()
    inbox.spare(1)
    inbox.advance(at(LEASE), NEVER)
    assert said(inbox.take_effects()) == ["deliver"]
    assert state_of(message) == "leased"
    inbox.advance(at(LEASE + 1), NEVER)
    assert state_of(message) == "ready"


# ---------------------------------------------------------------- time to live


def test_a_message_expires_when_nobody_took_it_in_time() -> None:
    inbox = an_inbox()
    (message,) = put(inbox, "m", expires=5.0)
    assert inbox.next_deadline() == 5
    inbox.advance(at(5), NEVER)
    assert said(inbox.take_effects()) == ["note m", "ended m expired"]
    assert (message.state, message.ended) == ("expired", at(5))
    assert inbox.next_deadline() is None


def test_a_message_whose_time_has_passed_is_not_handed_out() -> None:
    inbox = an_inbox()
    put(inbox, "m", expires=5.0)
    assert receive(inbox, now=5) == []


@pytest.mark.parametrize("outcome", ["nack", "return"])
def test_a_leased_message_expires_when_it_comes_back(outcome: Outcome) -> None:
    inbox = an_inbox()
    (message,) = put(inbox, "m", expires=5.0)
    receive(inbox)
    inbox.advance(at(10), NEVER)
    assert state_of(message) == "leased"
    settle(inbox, "m", outcome=outcome, now=11)
    assert state_of(message) == "expired"


def test_a_leased_message_whose_time_has_passed_can_still_be_acknowledged() -> None:
    inbox = an_inbox()
    (message,) = put(inbox, "m", expires=5.0)
    receive(inbox)
    assert settle(inbox, "m", now=10) == [""]
    assert state_of(message) == "done"
