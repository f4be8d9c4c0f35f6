from __future__ import annotations

import pytest

from signalpost.actors import latest_requests
from signalpost.actors.latest_requests import LatestRequests


def request(client: int, number: int) -> bytes:
    return client.to_bytes(8, "big") + number.to_bytes(8, "big")


def test_what_is_not_newer_than_the_latest_of_its_client_may_have_been_served() -> None:
    known = LatestRequests()
    known.remember([request(1, 5), request(2, 1)])
    assert not known.note(request(1, 1))
    assert known.note(request(1, 6))
    assert not known.note(request(1, 5))
    assert not known.note(request(1, 6))
    assert known.note(request(1, 7))
    assert known.note(request(3, 1))


def test_of_too_many_clients_the_longest_silent_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(latest_requests, "MAX_CLIENTS", 2)
    known = LatestRequests()
    for client, number in ((1, 1), (2, 1), (1, 2), (3, 1)):
        known.note(request(client, number))
    assert len(known) == 2
    assert [known.note(request(client, 1)) for client in (1, 3, 2)] == [False, False, True]
