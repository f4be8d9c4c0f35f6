"""A bridge that is set up by its defaults is started without the command line."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest

from signalpost import edge, shortcut
from signalpost.mcp_bridge.options import BridgeOptions


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALPOST_DATA_DIR", str(tmp_path / "state"))
    for name in ("SIGNALPOST_INBOX_BOUND", "GPTQ_QUEUE_BOUND"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("words", [["mcp"], ["mcp", "alice"], ["mcp", "Zoë"], ["mcp", ""]])
def test_it_sets_a_bridge_up_as_the_command_line_does(
    monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    asked: list[BridgeOptions] = []
    start = types.ModuleType("signalpost.mcp_bridge.start")
    vars(start)["main"] = asked.append
    monkeypatch.setitem(sys.modules, start.__name__, start)
    edge.exit_code(words)
    assert asked == [shortcut.bridge(words)]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["list"],
        ["mcp", "--help"],
        ["mcp", "--grace", "2"],
        ["mcp", "-x"],
        ["mcp", "--", "alice"],
        ["mcp", "alice", "bob"],
        ["--data-dir", "/d", "mcp"],
    ],
)
def test_more_than_a_name_is_left_to_the_command_line(words: list[str]) -> None:
    assert shortcut.bridge(words) is None


@pytest.mark.parametrize("name", ["SIGNALPOST_INBOX_BOUND", "GPTQ_QUEUE_BOUND"])
def test_a_setting_in_the_environment_is_left_to_the_command_line(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "9")
    assert shortcut.bridge(["mcp"]) is None


def test_a_folder_that_cannot_be_used_is_left_to_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIGNALPOST_DATA_DIR", "relative")
    assert shortcut.bridge(["mcp"]) is None
    assert edge.exit_code(["mcp"]) != 0
    assert capsys.readouterr().err


@pytest.mark.parametrize("words", [["mcp"], ["mcp", "alice"]])
def test_neither_the_command_line_nor_the_whole_sdk_is_loaded(words: list[str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "signalpost", *words]
    done = subprocess.run(
        command, input="", capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "signalpost.mcp_bridge.process" in loaded
    assert not loaded & {"click", "signalpost.edge", "signalpost.command_line", "starlette", "ssl"}
