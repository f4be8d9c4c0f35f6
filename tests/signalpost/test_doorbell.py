from __future__ import annotations

import json

import pytest

from signalpost import doorbell
from signalpost.transport.bell import BellState, Doorstep
from signalpost.transport.letters import Ring
from tests.signalpost.post_office import DIR, PostOffice

Capture = pytest.CaptureFixture[str]
RING = Ring(at=1000.0, way="pty", outcome="gave_up", cursor=7, detail="a dialog is open")


class Office(PostOffice):
    found = ""

    async def look_at_bell(self) -> Doorstep:
        return Doorstep(agent=self.found)


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    office = Office()
    office.serve(monkeypatch, doorbell)
    return office


def test_how_a_bell_is_set_is_one_line_and_its_rings_follow(
    office: Office, capsys: Capture
) -> None:
    office.bell = BellState(agent="alice", on=True, every_seconds=2.5, rings=[RING])
    assert doorbell.doorbell(DIR, "alice", None, None, as_json=False) == 0
    first, headings, row = capsys.readouterr().out.splitlines()
    assert first == "alice: doorbell on, rung at most every 2.5 s"
    assert headings.split() == ["AGO", "WAY", "OUTCOME", "WHAT"]
    assert row.endswith("pty  gave_up  not told by pty: a dialog is open")


def test_off_is_said(office: Office, capsys: Capture) -> None:
    office.bell = BellState(agent="alice", on=False, every_seconds=5, rings=[])
    doorbell.doorbell(DIR, "alice", False, 9.0, as_json=False)
    assert capsys.readouterr().out == "alice: doorbell off, nobody tells it of mail\n"
    assert office.asked == [("set_bell", ("alice", False, 9.0))]


@pytest.mark.parametrize(("found", "meant"), [("alice", "alice"), ("", "person")])
def test_without_a_name_the_agent_is_meant_whose_client_has_started_it_else_the_person(
    office: Office, found: str, meant: str
) -> None:
    office.found = found
    doorbell.doorbell(DIR, "", None, None, as_json=False)
    assert office.asked == [("set_bell", (meant, None, None))]


def test_json_has_the_rings(office: Office, capsys: Capture) -> None:
    office.bell = BellState(agent="alice", on=True, every_seconds=5, rings=[RING])
    doorbell.doorbell(DIR, "alice", None, None, as_json=True)
    value = json.loads(capsys.readouterr().out)
    assert (value["agent"], value["on"], value["every_seconds"]) == ("alice", True, 5)
    assert value["rings"][0]["detail"] == "a dialog is open"
