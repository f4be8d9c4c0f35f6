from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from signalpost import doctor
from signalpost.doctor import examine
from signalpost.transport import endpoint
from signalpost.transport.errors import BrokerUnavailable
from signalpost.transport.housekeeping import Info
from signalpost.transport.version import software
from tests.signalpost.post_office import PostOffice, agent, inbox, stored

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _nobodys_clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests has clients of their own; those are not looked at."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in (
        "XDG_CONFIG_HOME",
        "CODEX_HOME",
        "CLAUDE_CONFIG_DIR",
        "GEMINI_CLI_HOME",
        "COPILOT_HOME",
    ):
        monkeypatch.delenv(name, raising=False)


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


class Broker(PostOffice):
    """One that runs."""

    async def info(self) -> Info:
        return Info(
            pid=7,
            data_dir="/state",
            zeromq="4.3.5",
            software=software(),
            endpoint="ipc:///x",
            started_at=0.0,
            sessions=1,
            running=0,
            waiting=0,
            settings={},
            sqlite="3.51.3",
            open_files=10,
            open_files_limit=1024,
        )


def test_the_mail_of_a_running_broker_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    broker = Broker()
    broker.known = [agent()]
    broker.states = [inbox(depth=990)]
    broker.stored = [stored(state="dead")]
    broker.serve(monkeypatch, doctor)
    running = endpoint.Published(endpoint="", epoch="", pid=7, start_time=0.0, version="")

    def find(_: Path) -> endpoint.Published:
        return running

    monkeypatch.setattr(endpoint, "find", find)
    examine(tmp_path, as_json=False)
    shown = capsys.readouterr().out
    assert "ok       agents: 1 known: 1 idle" in shown
    assert "warning  inboxes: nearly full: alice 990 of 1000" in shown
    assert "warning  dead letters: 1" in shown


@pytest.mark.parametrize(
    ("signals", "remedy"),
    [((), "signalpost stop --force"), ((signal.SIGSTOP,), "It is stopped. To let it go on: kill")],
)
def test_a_broker_that_is_there_and_silent_is_told_with_what_helps(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    signals: tuple[signal.Signals, ...],
    remedy: str,
) -> None:
    class Silent(Broker):
        async def info(self) -> Info:
            raise BrokerUnavailable("it does not answer. Run: signalpost doctor")

    Silent().serve(monkeypatch, doctor)
    with subprocess.Popen(("sleep", "600")) as process:
        for each in signals:
            process.send_signal(each)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        pid = process.pid

        def find(_: Path) -> endpoint.Published:
            return endpoint.Published(endpoint="", epoch="", pid=pid, start_time=0.0, version="")

        monkeypatch.setattr(endpoint, "find", find)
        assert examine(tmp_path, as_json=False) == 1
        process.kill()
    shown = capsys.readouterr().out
    assert f"WRONG    broker: pid {process.pid} does not answer" in shown
    assert remedy in shown
    assert "signalpost doctor" not in shown


def test_what_a_strangers_project_says_cannot_speak_to_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (tmp_path / ".claude").mkdir()
    rule = "Bash(make \x1b]0;title\x07\nok       broker: well \ud800)"
    text = json.dumps({"permissions": {"allow": [rule]}})
    (tmp_path / ".claude" / "settings.json").write_text(text)
    server = {"command": "\x1b[2J\nok all: well", "args": ["signalpost"]}
    (tmp_path / ".claude.json").write_text(json.dumps({"mcpServers": {"signalpost": server}}))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    examine(tmp_path / "state", as_json=False)
    shown = capsys.readouterr().out
    assert "permissions: Bash(make ok broker: well \ufffd)" in shown
    assert "server: ok all: well signalpost in" in shown
    assert "\x1b" not in shown


def test_a_folder_that_was_removed_is_no_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (tmp_path / "home" / ".claude").mkdir(parents=True)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert examine(tmp_path / "state", as_json=True) == 0
    assert states(capsys)["claude-code permissions"] == "ok"


def test_no_colours_in_a_pipe(tmp_path: Path, capsys: Capture) -> None:
    examine(tmp_path / "new", as_json=False)
    assert "\x1b" not in capsys.readouterr().out


def test_a_log_of_the_store_that_cannot_shrink_is_a_warning_with_the_remedy(
    tmp_path: Path, capsys: Capture
) -> None:
    folder = tmp_path / "state"
    endpoint.prepare(folder)
    log = folder / "queue.db-wal"
    log.touch()
    examine(folder, as_json=True)
    assert states(capsys)["store log"] == "ok"
    os.truncate(log, 70 << 20)
    assert examine(folder, as_json=False) == 0
    shown = capsys.readouterr().out
    assert "warning  store log: 70.0 MiB" in shown
    assert f"lsof {log}" in shown
