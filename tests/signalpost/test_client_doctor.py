"""The doctor's look at clients' files, as people have edited them."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest

from signalpost import client_doctor
from signalpost.checks import Check
from signalpost.client_hooks import EVENTS
from signalpost.client_kind import Place

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    (tmp_path / ".claude").mkdir()
    program = tmp_path / "signalpost"
    program.write_text("#!/bin/sh\n")
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return Place(home=tmp_path, environment=dict(os.environ), root=tmp_path / "root")


def hooks(place: Place, settings: str) -> Check:
    (place.home / ".claude" / "settings.json").write_text(settings)
    found = {check.name: check for check in client_doctor.examine(place)}
    return found["claude-code hooks"]


def hooked(command: str) -> str:
    items = {
        theirs: [{"hooks": [{"type": "command", "command": command.replace("EVENT", ours)}]}]
        for theirs, ours in EVENTS["claude-code"].items()
    }
    return json.dumps({"hooks": items})


@pytest.mark.parametrize(
    "program",
    [
        "signalpost",
        "exec signalpost",
        "~/signalpost",
        '"$HOME/signalpost"',
        "SIGNALPOST_DATA_DIR=/x ${HOME}/signalpost",
        "$WHO_KNOWS/signalpost",
    ],
)
def test_a_hook_is_there_however_a_person_names_its_program(place: Place, program: str) -> None:
    check = hooks(place, hooked(program + " hook EVENT --client claude-code"))
    assert (check.state, check.found) == ("ok", "there")


@pytest.mark.parametrize("program", ["gone", "~/gone", "A=1 $HOME/gone", "/no/such/gone"])
def test_a_hook_whose_program_is_gone_is_wrong(place: Place, program: str) -> None:
    check = hooks(place, hooked(program + " hook EVENT --client claude-code"))
    assert check.state == "wrong"
    assert check.found.endswith("gone")


def test_what_the_organisation_forbids_is_a_warning_that_names_the_file(place: Place) -> None:
    folder = place.claude_managed()
    folder.mkdir(parents=True)
    file = folder / "managed-settings.json"
    file.write_text('{"allowManagedHooksOnly": true, "deniedMcpServers": [{"serverName": "x"}]}')
    check = hooks(place, hooked("signalpost hook EVENT --client claude-code"))
    assert (check.state, check.found) == ("warning", "there, but not run")
    assert check.remedy.startswith(f"allowManagedHooksOnly in {file}")
    entry = {"command": str(place.home / "signalpost"), "args": ["mcp"]}
    (place.home / ".claude.json").write_text(json.dumps({"mcpServers": {"signalpost": entry}}))
    assert not [c for c in client_doctor.examine(place) if c.name == "claude-code policy"]
    (folder / "managed-mcp.json").write_text('{"mcpServers": {}}')
    (check,) = [c for c in client_doctor.examine(place) if c.name == "claude-code policy"]
    assert (check.state, check.found) == ("warning", "server not used")
    assert str(folder / "managed-mcp.json") in check.remedy


def test_the_hooks_of_the_readme_are_those_that_are_looked_for(place: Place) -> None:
    found = re.search(
        r"~/.claude/settings.json`:\n\n```json\n(\{\n  \"hooks\".*?)```",
        README.read_text(),
        re.DOTALL,
    )
    assert found is not None
    assert hooks(place, found[1]).found == "there"
