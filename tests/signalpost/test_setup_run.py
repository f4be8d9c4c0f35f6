from __future__ import annotations

import json
from pathlib import Path

import pytest

from signalpost.client_hooks import HookWishes
from signalpost.client_kind import Place, Wishes
from signalpost.setup import Scope
from signalpost.setup_run import SetupRun

PROGRAM = ("/opt/signalpost",)
CLIENT = ["claude-code"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "root" / "etc" / "claude-code"
    folder.mkdir(parents=True)
    (folder / "managed-settings.json").write_text(
        '{"allowManagedHooksOnly": true, "allowedMcpServers": [{"serverName": "github"}]}'
    )
    return Place(home=tmp_path / "home", environment={}, root=tmp_path / "root")


def run(
    place: Place, *, hooks: bool | None = None, entry: bool = True, js: bool = False
) -> SetupRun:
    wishes = Wishes(program=PROGRAM, hooks=HookWishes(program=PROGRAM))
    scope = Scope(hooks=hooks, entry=entry)
    return SetupRun(place, wishes, scope, place.home.parent / "state", as_json=js)


def test_what_will_not_be_used_is_said_once_and_before_anything_is_written(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    file = place.claude_managed() / "managed-settings.json"
    assert run(place).add(CLIENT, dry=True, sure=False) == 0
    said = capsys.readouterr().err
    assert said.count("Claude Code will not use all of it.") == 2
    assert f"allowManagedHooksOnly in {file}: only hooks of the organisation are run." in said
    assert f"allowedMcpServers in {file} does not name the server signalpost." in said
    assert not (place.home / ".claude.json").exists()
    assert run(place).add(CLIENT, dry=False, sure=True) == 0
    capsys.readouterr()
    assert run(place).add(CLIENT, dry=False, sure=True) == 0
    assert capsys.readouterr().err == ""
    assert run(place).remove(CLIENT, dry=False, sure=True) == 0
    assert capsys.readouterr().err == ""


def test_only_what_is_to_be_written_is_spoken_of(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    run(place, hooks=False).add(CLIENT, dry=True, sure=False)
    assert "allowManagedHooksOnly" not in capsys.readouterr().err
    run(place, entry=False).add(CLIENT, dry=True, sure=False)
    assert "allowedMcpServers" not in capsys.readouterr().err
    run(place).add(["codex"], dry=True, sure=False)
    assert capsys.readouterr().err == ""


def test_programs_are_told_too(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    run(place, hooks=False, js=True).add(CLIENT, dry=True, sure=False)
    out, err = capsys.readouterr()
    (why,) = json.loads(out)["policy"]
    assert why.startswith("allowedMcpServers in ")
    assert err == ""
