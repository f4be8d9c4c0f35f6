from __future__ import annotations

import os
import resource

import pytest

from signalpost.transport import door
from signalpost.transport.door import Door


class Endpoint:
    """Is bound or not, and insists on being asked in turns."""

    def __init__(self) -> None:
        self.bound = False

    def bind(self) -> None:
        assert not self.bound
        self.bound = True

    def unbind(self) -> None:
        assert self.bound
        self.bound = False


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> int:
    """The limit of open files that the door sees."""
    monkeypatch.setattr(door, "raise_file_limit", lambda: 1000)
    monkeypatch.setattr(door, "open_files", lambda: 10)
    return 1000


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


def opened(endpoint: Endpoint) -> Door:
    return Door(endpoint.bind, endpoint.unbind)


@pytest.mark.usefixtures("limit")
def test_the_door_is_open_from_the_start(endpoint: Endpoint) -> None:
    entrance = opened(endpoint)
    entrance.accepted(entrance.shut_at - 1)
    entrance.ease()
    assert endpoint.bound


def test_three_tenths_of_the_descriptors_and_64_at_least_are_kept_free(
    limit: int, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opened(endpoint).shut_at == limit - 300
    monkeypatch.setattr(door, "raise_file_limit", lambda: 200)
    endpoint.bound = False
    assert opened(endpoint).shut_at == 200 - 64


@pytest.mark.usefixtures("limit")
def test_the_door_shuts_before_descriptors_run_out(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    entrance = opened(endpoint)
    entrance.accepted(entrance.shut_at)
    assert not endpoint.bound
    entrance.accepted(entrance.shut_at + 1)  # one that was on its way in
    assert not endpoint.bound
    assert len(caplog.records) == 1


@pytest.mark.usefixtures("limit")
def test_the_door_opens_again_when_there_is_room_for_a_few(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    entrance = opened(endpoint)
    entrance.accepted(entrance.shut_at)
    monkeypatch.setattr(door, "open_files", lambda: entrance.shut_at - 16)
    entrance.ease()
    assert not endpoint.bound
    monkeypatch.setattr(door, "open_files", lambda: entrance.shut_at - 17)
    entrance.ease()
    entrance.ease()
    assert endpoint.bound
    entrance.accepted(entrance.shut_at)
    assert not endpoint.bound


def test_open_files_are_counted() -> None:
    before = door.open_files()
    ends = os.pipe()
    try:
        assert door.open_files() == before + 2
    finally:
        for end in ends:
            os.close(end)


@pytest.mark.parametrize(
    ("hard", "soft"), [(4096, 4096), (resource.RLIM_INFINITY, 10_240)], ids=["linux", "macos"]
)
def test_the_soft_limit_is_raised_as_far_as_it_goes(
    hard: int, soft: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []

    def ask(_kind: int) -> tuple[int, int]:
        return 256, hard

    def set_to(_kind: int, limits: tuple[int, int]) -> None:
        asked.append(limits)

    monkeypatch.setattr(resource, "getrlimit", ask)
    monkeypatch.setattr(resource, "setrlimit", set_to)
    assert door.raise_file_limit() == soft
    assert asked == [(soft, hard)]
