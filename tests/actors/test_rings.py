from __future__ import annotations

from signalpost.actors.rings import covering
from signalpost.transport.letters import Ring


def ring(at: float, cursor: float | None = None) -> Ring:
    seconds = at if cursor is None else cursor
    return Ring(at=at, way="wait", outcome="woke", cursor=int(seconds * 1000))


def test_a_ring_before_a_message_was_sent_did_not_tell_of_it() -> None:
    assert covering([ring(11), ring(9)], 10, None) == [ring(11)]


def test_a_ring_for_older_mail_did_not_tell_of_it_either() -> None:
    assert covering([ring(11, cursor=9)], 10, None) == []


def test_a_ring_after_the_delivery_was_not_needed() -> None:
    assert covering([ring(15), ring(12), ring(11)], 10, 12) == [ring(12), ring(11)]
