from __future__ import annotations

import json
from pathlib import Path

import pytest

from signalpost.doctor import examine
from signalpost.transport import endpoint

Capture = pytest.CaptureFixture[str]


def states(capsys: Capture) -> dict[str, str]:
    value = json.loads(capsys.readouterr().out)
    return {check["name"]: check["state"] for check in value["checks"]}


def test_a_folder_that_is_not_there_yet_is_fine(tmp_path: Path, capsys: Capture) -> None:
    assert examine(tmp_path / "new", as_json=True) == 0
    found = states(capsys)
    assert set(found.values()) <= {"ok", "warning"}
    assert {"signalpost", "python", "pyzmq", "sqlite", "mcp", "data dir", "broker"} <= set(found)
    assert not (tmp_path / "new").exists()


def test_a_folder_that_others_can_enter_is_wrong(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "state"
    endpoint.prepare(folder)
    endpoint.output_dir(folder).chmod(0o755)
    assert examine(folder, as_json=True) == 1
    found = states(capsys)
    assert found["output"] == "wrong"
    assert found["run"] == "ok"


def test_a_dangling_link_is_no_folder_to_be_made(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "state").symlink_to(tmp_path / "elsewhere")
    assert examine(tmp_path / "state", as_json=True) == 1
    assert states(capsys)["data dir"] == "wrong"


def test_an_unusable_config_file_is_wrong_and_named(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "state"
    endpoint.prepare(folder)
    (folder / "config.toml").write_text("grace = 'long'\n")
    assert examine(folder, as_json=False) == 1
    shown = capsys.readouterr().out
    assert "WRONG    config.toml" in shown
    assert str(folder / "config.toml") in shown


def test_no_colours_in_a_pipe(tmp_path: Path, capsys: Capture) -> None:
    examine(tmp_path / "new", as_json=False)
    assert "\x1b" not in capsys.readouterr().out
