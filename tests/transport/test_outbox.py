from __future__ import annotations

from signalpost.transport.outbox import STALLED_LIMIT, Outbox, Outgoing


def message(peer: bytes, number: int) -> Outgoing:
    return (peer, b"header", str(number).encode())


def drained(outbox: Outbox) -> list[Outgoing]:
    taken: list[Outgoing] = []
    while (outgoing := outbox.take()) is not None:
        taken.append(outgoing)
    return taken


def test_messages_leave_in_the_order_posted() -> None:
    outbox = Outbox(len)
    sent = [message(b"a", 1), message(b"b", 1), message(b"a", 2)]
    for each in sent:
        outbox.post(each)
    assert drained(outbox) == sent


def test_a_stalled_peer_keeps_its_order_and_holds_up_nobody() -> None:
    outbox = Outbox(len)
    outbox.stall(message(b"slow", 1))
    outbox.post(message(b"slow", 2))
    outbox.post(message(b"b", 1))
    assert drained(outbox) == [message(b"b", 1)]
    outbox.retry(b"slow")
    assert drained(outbox) == [message(b"slow", 1), message(b"slow", 2)]


def test_what_waited_comes_before_what_is_posted_later() -> None:
    outbox = Outbox(len)
    outbox.stall(message(b"slow", 1))
    outbox.retry(b"slow")
    outbox.post(message(b"slow", 2))
    assert drained(outbox) == [message(b"slow", 1), message(b"slow", 2)]


def test_a_peer_that_reads_nothing_fills_no_memory_and_is_named() -> None:
    dropped: list[bytes] = []
    outbox = Outbox(dropped.append)
    for number in range(STALLED_LIMIT):
        outbox.stall(message(b"slow", number))
    assert dropped == []
    outbox.stall(message(b"slow", STALLED_LIMIT))
    outbox.post(message(b"slow", -1))
    assert dropped == [b"slow"]
    outbox.retry(b"slow")
    outbox.post(message(b"slow", -2))
    assert drained(outbox) == [message(b"slow", -2)], "nothing is kept for it until it speaks"


def test_nothing_is_kept_for_a_peer_that_is_gone() -> None:
    outbox = Outbox(len)
    outbox.stall(message(b"slow", 1))
    outbox.forget(b"slow")
    outbox.retry(b"slow")
    assert drained(outbox) == []
