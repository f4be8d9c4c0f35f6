from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost import agents_listing
from tests.signalpost.post_office import DIR, PostOffice, agent

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    return PostOffice().serve(monkeypatch, agents_listing)


def test_a_row_tells_who_where_and_since_when() -> None:
    row = agents_listing.row(agent(depth=3), now=1125.0)
    assert row == ("alice", "idle", "both", "claude-code", "3", "2m 05s", "/work/app")


@given(st.text())
def test_no_agent_can_break_a_row(text: str) -> None:
    for cell in agents_listing.row(agent(name=text, client=text, working_directory=text), 0.0):
        assert not set(cell) & set("\n\r\t\x1b\x9b\u2028\u202e")


def test_a_pipe_gets_aligned_text(office: PostOffice, capsys: Capture) -> None:
    office.known = [agent(), agent(name="bob", presence="gone", client="", working_directory="")]
    assert agents_listing.show_agents(DIR, as_json=False) == 0
    headings, alice, bob = (line.split() for line in capsys.readouterr().out.splitlines())
    assert headings == list(agents_listing.HEADINGS)
    assert (alice[0], alice[-1], bob[0], bob[-1]) == ("alice", "/work/app", "bob", "-")


def test_json_has_every_field(office: PostOffice, capsys: Capture) -> None:
    office.known = [agent(description="builds")]
    agents_listing.show_agents(DIR, as_json=True)
    assert json.loads(capsys.readouterr().out) == [
        {
            "name": "alice",
            "role": "both",
            "description": "builds",
            "presence": "idle",
            "client": "claude-code",
            "pid": 7,
            "working_directory": "/work/app",
            "since": "1970-01-01T00:16:40.000Z",
            "online": True,
            "depth": 0,
        }
    ]


def test_nobody_is_said(office: PostOffice, capsys: Capture) -> None:
    assert agents_listing.show_agents(DIR, as_json=False) == 0
    assert capsys.readouterr().out == "no agents yet\n"
