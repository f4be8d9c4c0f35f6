from __future__ import annotations

import pytest

from signalpost.actors import loop_guard
from signalpost.actors.agent import SpeakerKind
from signalpost.actors.loop_guard import MAX_HOPS, MAX_PER_MINUTE, LoopGuard
from signalpost.transport.errors import LoopDetected

ALICE, BOB, CAROL = 2, 3, 4


def send(guard: LoopGuard, times: int, now: float = 0.0) -> None:
    for n in range(times):
        sender, recipient = (ALICE, BOB) if n % 2 else (BOB, ALICE)
        guard.check(sender, "bridge", recipient, "", now)


# ---------------------------------------------------------------- chains


def test_a_reply_is_one_hop_after_what_it_replies_to() -> None:
    guard = LoopGuard()
    assert guard.check(ALICE, "bridge", BOB, "", 0.0) == 0
    guard.learn("a", 0)
    assert guard.check(BOB, "bridge", ALICE, "a", 0.0) == 1
    guard.learn("b", 1)
    assert guard.check(ALICE, "client", BOB, "b", 0.0) == 2
    assert guard.check(ALICE, "cli", BOB, "unknown", 0.0) == 1


@pytest.mark.parametrize("kind", ["bridge", "client", "cli"])
def test_a_chain_of_too_many_replies_is_a_loop(kind: SpeakerKind) -> None:
    guard = LoopGuard()
    guard.learn("a", MAX_HOPS - 1)
    assert guard.check(ALICE, kind, BOB, "a", 0.0) == MAX_HOPS
    guard.learn("b", MAX_HOPS)
    with pytest.raises(LoopDetected, match=r"50 replies follow one another.*Stop answering"):
        guard.check(BOB, kind, ALICE, "b", 0.0)
    assert guard.check(BOB, kind, ALICE, "", 0.0) == 0, "a new message begins a new chain"


def test_only_the_latest_messages_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_guard, "REMEMBERED", 2)
    guard = LoopGuard()
    for n in range(3):
        guard.learn(f"m{n}", 10)
    hops = [guard.check(ALICE, "cli", BOB, f"m{n}", 0.0) for n in range(3)]
    assert hops == [1, 11, 11]


# ---------------------------------------------------------------- rates


def test_too_many_messages_between_two_agents_are_a_loop() -> None:
    guard = LoopGuard()
    send(guard, MAX_PER_MINUTE)
    for sender, recipient in ((ALICE, BOB), (BOB, ALICE)):
        with pytest.raises(LoopDetected, match=r"exchanged 60 messages within a minute"):
            guard.check(sender, "bridge", recipient, "", 59.0)
    assert guard.check(ALICE, "bridge", CAROL, "", 59.0) == 0


def test_what_is_a_minute_old_counts_no_more() -> None:
    guard = LoopGuard()
    send(guard, 59)
    send(guard, 1, now=30.0)
    send(guard, 59, now=60.0)
    with pytest.raises(LoopDetected):
        send(guard, 1, now=60.0)


def test_a_message_that_was_refused_does_not_count() -> None:
    guard = LoopGuard()
    send(guard, MAX_PER_MINUTE)
    for now in (10.0, 50.0):
        with pytest.raises(LoopDetected):
            send(guard, 1, now=now)
    send(guard, MAX_PER_MINUTE, now=60.0)


def test_a_program_that_has_much_to_tell_makes_no_loop() -> None:
    guard = LoopGuard()
    for _ in range(500):
        guard.check(ALICE, "client", BOB, "", 0.0)
    assert guard.check(BOB, "bridge", ALICE, "", 0.0) == 0


def test_a_program_that_answers_everything_makes_one_and_its_bridge_is_stopped() -> None:
    guard = LoopGuard()
    for n in range(100):
        guard.check(ALICE, "client", BOB, f"m{n}", 0.0)
    with pytest.raises(LoopDetected):
        guard.check(BOB, "bridge", ALICE, "", 0.0)


def test_a_broadcast_is_no_loop() -> None:
    guard = LoopGuard()
    for recipient in range(3, 1003):
        guard.check(ALICE, "bridge", recipient, "", 0.0)


def test_pairs_that_are_silent_for_a_minute_are_forgotten() -> None:
    guard = LoopGuard()
    for recipient in range(3, 1003):
        guard.check(ALICE, "bridge", recipient, "", recipient / 100)
    guard.check(ALICE, "bridge", 3, "", 40.0)
    guard.check(ALICE, "bridge", BOB, "", 71.0)
    assert set(vars(guard)["_pairs"]) == {(ALICE, 3)}
    guard.check(None, "cli", BOB, "", 200.0)
    guard.check(BOB, "bridge", CAROL, "", 200.0)
    assert set(vars(guard)["_pairs"]) == {(BOB, CAROL)}
