from __future__ import annotations

import errno
import os
import sys
import types
from pathlib import Path

import pytest

from signalpost import edge, run, tending
from signalpost.command_line import signalpost
from signalpost.order import Order
from signalpost.transport.errors import BadRequest, BrokerUnavailable, SignalpostError

DIR = "/state/of/this/test"


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Order, Path]]:
    """What would be run; every command of them exits with 7."""
    asked: list[tuple[Order, Path]] = []
    monkeypatch.setenv("SIGNALPOST_DATA_DIR", DIR)

    def remember(order: Order, data_dir: Path) -> int:
        asked.append((order, data_dir))
        return 7

    monkeypatch.setattr(run, "run", remember)
    return asked


Orders = list[tuple[Order, Path]]


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["run", "make && make test"], "make && make test"),
        (["run", "sh", "-c", "a b"], "sh -c 'a b'"),
        (["run", "--", "sh", "-q", "x"], "sh -q x"),
        (["run", "sh", "-q", "--", "x"], "sh -q -- x"),
        (["sh", "-q", "--help"], "sh -q --help"),
        (["sh", "--", "x"], "sh -- x"),
        (["./build", "-x"], "./build -x"),
        (["make && make test"], "make && make test"),
    ],
)
def test_a_command_is_run_with_or_without_the_word_run(
    orders: Orders, words: list[str], command: str
) -> None:
    assert edge.exit_code(words) == 7
    assert [order.command for order, _ in orders] == [command]


def test_the_options_of_run_reach_the_order(orders: Orders, tmp_path: Path) -> None:
    words = ["-q", "gradle", "-t", "1.5", "-C", str(tmp_path), "-e", "A=1", "-e", "B=x=y"]
    edge.exit_code(["run", *words, "true"])
    expected = Order("true", str(tmp_path), "gradle", 1.5, {"A": "1", "B": "x=y"})
    assert orders == [(expected, Path(DIR))]


def test_the_data_dir_may_stand_before_or_after_the_command(orders: Orders) -> None:
    edge.exit_code(["--data-dir", "/front", "run", "true"])
    edge.exit_code(["--data-dir", "/front", "true"])
    edge.exit_code(["run", "--data-dir", "/own", "true"])
    assert [str(data_dir) for _, data_dir in orders] == ["/front", "/front", "/own"]


def test_our_own_commands_win_over_programs(
    orders: Orders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "stop"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))

    def stop(_: Path, how: str) -> int:
        return 5

    monkeypatch.setattr(tending, "stop", stop)
    assert edge.exit_code(["stop"]) == 5
    assert orders == []


def test_another_word_is_an_error_with_near_commands(
    orders: Orders, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge.exit_code(["statsu"]) == 2
    assert "Did you mean status?" in capsys.readouterr().err
    assert orders == []


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["run", ""],
        ["run", "-e", "novalue", "true"],
        ["run", "-t", "0", "true"],
        ["run", "-t", "soon", "true"],
        ["clear"],
        ["cancel"],
        ["cancel", "x"],
        ["status"],
        ["status", "0"],
        ["--data-dir", "relative", "list"],
        ["broker", "--grace", "never"],
        ["nosuchcommand"],
    ],
)
def test_what_cannot_be_meant_exits_with_2_and_says_so(
    orders: Orders, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge.exit_code(words) == 2
    captured = capsys.readouterr()
    assert captured.err
    assert captured.out == ""
    assert orders == []


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (BadRequest("no. do this."), 2, "signalpost: BAD_REQUEST: no. do this.\n"),
        (BrokerUnavailable("none."), 69, "signalpost: BROKER_UNAVAILABLE: none.\n"),
        (KeyboardInterrupt(), 130, "\n"),
        (BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)), 141, ""),
    ],
)
def test_errors_are_one_line_and_a_code(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    error: SignalpostError | OSError,
    code: int,
    text: str,
) -> None:
    def refuse(*_: object) -> int:
        raise error

    monkeypatch.setattr(tending, "cancel", refuse)
    assert edge.exit_code(["cancel", "1"]) == code
    assert capfd.readouterr().err == text


def test_the_broker_gets_folder_and_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []
    serve = types.ModuleType("signalpost.actors.serve")

    def main(**options: object) -> int:
        asked.append(options)
        return 75

    vars(serve)["main"] = main
    monkeypatch.setitem(sys.modules, serve.__name__, serve)
    words = ["broker", "--auto", "--data-dir", "/d", "--grace", "2", "--queue", "a=2"]
    assert edge.exit_code(words) == 75
    settings = {"grace": "2", "queue": ("a=2",)}
    assert asked == [{"data_dir": Path("/d"), "options": settings, "auto": True}]


def test_the_bridge_gets_its_options_and_the_brokers_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from signalpost.mcp_bridge.options import BridgeOptions

    asked: list[BridgeOptions] = []
    start = types.ModuleType("signalpost.mcp_bridge.start")
    vars(start)["main"] = asked.append
    monkeypatch.setitem(sys.modules, start.__name__, start)
    words = ["alice", "--tail-lines", "9", "--wait-budget", "0", "--on-disconnect", "finish"]
    edge.exit_code(["mcp", *words, "--no-tasks", "--grace", "2", "--data-dir", "/d"])
    assert asked == [
        BridgeOptions(
            data_dir=Path("/d"),
            agent="alice",
            tail_lines=9,
            wait_budget=0.0,
            on_disconnect="finish",
            broker_options=("--grace", "2", "--no-tasks"),
            no_tasks=True,
        )
    ]


def test_every_command_explains_itself_and_takes_a_data_dir(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, command in signalpost.commands.items():
        assert command.help, name
        assert edge.exit_code([name, "--help"]) == 0
        told = capsys.readouterr().out
        assert ("--data-dir" in told) == (name != "demo")
        assert "RANGE" not in told, name


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert edge.exit_code(["--version"]) == 0
    assert capsys.readouterr().out.startswith("signalpost ")
