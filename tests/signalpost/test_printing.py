from __future__ import annotations

import click
import pytest

from signalpost.printing import print_and_acknowledge
from signalpost.transport.letters import Held
from tests.signalpost.post_office import PostOffice, delivery

Capture = pytest.CaptureFixture[str]


async def test_what_was_printed_is_acknowledged(capsys: Capture) -> None:
    office = PostOffice()
    await print_and_acknowledge(office, "text", [delivery(), delivery(id="m2", lease=b"t2")])  # type: ignore[arg-type]
    assert capsys.readouterr().out == "text\n"
    assert office.asked == [("ack", [Held("m1", b"t1"), Held("m2", b"t2")])]


async def test_what_could_not_be_printed_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    office = PostOffice()

    def fail(_: str) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(click, "echo", fail)
    with pytest.raises(BrokenPipeError):
        await print_and_acknowledge(office, "text", [delivery()])  # type: ignore[arg-type]
    assert office.asked == []


async def test_mail_is_not_acknowledged_where_standard_output_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = PostOffice()
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(OSError, match="closed"):
        await print_and_acknowledge(office, "text", [delivery()])  # type: ignore[arg-type]
    assert office.asked == []


async def test_an_acknowledgement_that_came_too_late_is_said(capsys: Capture) -> None:
    office = PostOffice()
    office.refuses = {"m1": "STALE_LEASE"}
    await print_and_acknowledge(office, "text", [delivery()])  # type: ignore[arg-type]
    assert capsys.readouterr().err == (
        "signalpost: STALE_LEASE: message m1 is not acknowledged: Why, and what to do.\n"
    )


async def test_nothing_is_printed_and_asked_where_there_is_nothing(capsys: Capture) -> None:
    office = PostOffice()
    await print_and_acknowledge(office, "", [])  # type: ignore[arg-type]
    assert capsys.readouterr().out == ""
    assert office.asked == []
