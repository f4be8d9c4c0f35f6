from __future__ import annotations

from pathlib import Path

import pytest

from signalpost.person import act
from signalpost.transport.client import Client
from signalpost.transport.endpoint import Published
from signalpost.transport.errors import BadRequest, BrokerUnavailable


@pytest.fixture
def somebody_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    published = Published(endpoint="", epoch="", pid=0, start_time=0.0, version="")

    def find(_: Path) -> Published:
        return published

    monkeypatch.setattr("signalpost.person.stray.find", find)


def test_without_a_broker_it_is_said_what_can_be_done(tmp_path: Path) -> None:
    async def never(_: Client) -> None:
        raise AssertionError

    with pytest.raises(BrokerUnavailable, match="signalpost logs"):
        act(tmp_path, never)


@pytest.mark.usefixtures("somebody_serves")
def test_the_result_of_the_work_is_returned(tmp_path: Path) -> None:
    async def work(client: Client) -> Path:
        return client.data_dir

    assert act(tmp_path, work) == tmp_path


@pytest.mark.usefixtures("somebody_serves")
@pytest.mark.parametrize("error", [BadRequest("no"), BrokenPipeError(32, "Broken pipe")])
def test_an_error_comes_out_as_it_went_in(tmp_path: Path, error: Exception) -> None:
    async def work(_: Client) -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        act(tmp_path, work)
    assert raised.value is error
