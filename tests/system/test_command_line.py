"""The command line as people use it: real processes, a real broker, real terminals."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

SECONDS = 20
"""How long anything may take before the test gives up."""

_WITH_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    " os.execv(sys.argv[1], sys.argv[1:])"
)
Done = subprocess.CompletedProcess[bytes]
Process = subprocess.Popen[bytes]


class Home:
    """A state folder of its own, and everything that was started there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.environment = {**os.environ, "SIGNALPOST_DATA_DIR": str(self.state), "TERM": "xterm"}
        self.environment.pop("SIGNALPOST_TASK", None)
        self.started: list[Process] = []

    def run(self, *words: str, given: bytes | None = None) -> Done:
        """Run ``signalpost`` to its end."""
        return subprocess.run(
            self.words(*words),
            input=given,
            capture_output=True,
            env=self.environment,
            cwd=self.folder,
            timeout=SECONDS,
            check=False,
        )

    def start(self, *words: str) -> Process:
        """Start ``signalpost`` with its output in pipes."""
        process = subprocess.Popen(
            self.words(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            cwd=self.folder,
        )
        self.started.append(process)
        return process

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "signalpost", *words]

    def tasks(self) -> dict[str, dict[str, Any]]:
        """Return the tasks by command, as ``list --json`` shows them."""
        listing = json.loads(self.run("list", "--json").stdout)
        return {task["command"]: task for task in listing["tasks"]}

    def fifo(self, name: str) -> Path:
        path = self.folder / name
        os.mkfifo(path)
        return path

    def broker_pid(self) -> int:
        return int(json.loads((self.state / "run" / "broker.json").read_bytes())["pid"])

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.run("stop", "--force")


@pytest.fixture
def home() -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="sp-", dir="/tmp"))
    home = Home(folder)
    yield home
    home.close()
    shutil.rmtree(folder)


class Terminal:
    """The other side of a process's terminal."""

    def __init__(self, home: Home, *words: str) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 200))
        self.seen = b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _WITH_TERMINAL, *home.words(*words)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=home.environment,
            cwd=home.folder,
            start_new_session=True,
        )
        os.close(slave)
        home.started.append(self.process)

    def until(self, text: bytes) -> bytes:
        """Return all that was shown once ``text`` is among it."""
        deadline = time.monotonic() + SECONDS
        while text not in self.seen and time.monotonic() < deadline and self._read():
            pass
        assert text in self.seen, self.seen
        return self.seen

    def type(self, text: bytes) -> None:
        os.write(self._master, text)

    def end(self) -> int:
        """Return the exit code."""
        while self._read():
            pass
        return self.process.wait(SECONDS)

    def close(self) -> None:
        os.close(self._master)

    def _read(self) -> bytes:
        ready, _, _ = select.select([self._master], [], [], SECONDS)
        assert ready, self.seen
        try:
            data = os.read(self._master, 65536)
        except OSError:  # so Linux tells that the other side is closed
            return b""
        self.seen += data
        return data


@contextlib.contextmanager
def terminal(home: Home, *words: str) -> Generator[Terminal]:
    opened = Terminal(home, *words)
    yield opened
    opened.close()


def lives(pid: int) -> bool:
    """Tell whether a process runs; one that is dead and not yet reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def line_of(process: Process) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


# ---------------------------------------------------------------- run


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("run", "true"), 0),
        (("run", "exit 3"), 3),
        (("run", "kill -9 $$"), 137),
        (("run", "-t", "0.3", "sleep 60"), 124),
        (("run", "no-such-program-anywhere"), 127),
        (("sh", "-c", "exit 4"), 4),
        (("exit 5 ",), 5),
    ],
)
def test_the_exit_code_is_the_commands_own(home: Home, words: tuple[str, ...], code: int) -> None:
    assert home.run(*words).returncode == code


def test_both_streams_are_passed_on_byte_by_byte_and_nothing_is_added(home: Home) -> None:
    done = home.run("run", r"printf 'caf\351\0\r\n'; printf '\033[1m\377' >&2")
    assert done.stdout == b"caf\xe9\0\r\n"
    assert done.stderr == b"\x1b[1m\xff"
    assert done.returncode == 0


def test_much_output_comes_completely(home: Home) -> None:
    done = home.run("run", "yes 0123456789abcdef | head -c 30000000")
    expected = (b"0123456789abcdef\n" * (30_000_000 // 17 + 1))[:30_000_000]
    assert hashlib.sha1(done.stdout).digest() == hashlib.sha1(expected).digest()


def test_output_comes_while_the_command_runs(home: Home) -> None:
    go = home.fifo("go")
    process = home.start("run", f"echo first; read x < {go}; echo second")
    assert line_of(process) == b"first\n"
    go.write_text("on\n")
    assert line_of(process) == b"second\n"
    assert process.wait(SECONDS) == 0


def test_the_command_has_the_callers_world_and_an_empty_input(home: Home) -> None:
    home.environment["OF_THE_CALLER"] = "yes"
    inside = home.folder / "inside"
    inside.mkdir()
    script = 'read x; echo "$?:$x:$OF_THE_CALLER:$ADDED:$(pwd)"'
    done = home.run("run", "-C", "inside", "-e", "ADDED=a=b", script, given=b"stolen\n")
    assert done.stdout.decode() == f"1::yes:a=b:{inside}\n"


def test_several_words_stay_words(home: Home) -> None:
    done = home.run("printf", "<%s>", "a b", "$HOME", "--", "'")
    assert done.stdout == b"<a b><$HOME><--><'>"


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("run", "-C", "/no/such/folder", "true"), 2, "signalpost: BAD_REQUEST: "),
        (("run", "-q", "a:b", "true"), 2, "signalpost: BAD_REQUEST: "),
        (("--data-dir", "/proc/nowhere", "run", "true"), 2, "signalpost: BAD_REQUEST: "),
    ],
)
def test_a_refusal_is_typed_on_stderr(
    home: Home, words: tuple[str, ...], code: int, text: str
) -> None:
    done = home.run(*words)
    assert done.returncode == code
    assert done.stderr.decode().startswith(text)
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""


def test_a_broker_that_cannot_start_is_69(home: Home) -> None:
    home.state.mkdir(mode=0o700)
    (home.state / "queue.db").write_bytes(b"of somebody else" * 100)
    done = home.run("run", "true")
    assert done.returncode == 69
    assert done.stderr.startswith(b"signalpost: BROKER_UNAVAILABLE: ")


def test_a_reader_that_goes_away_ends_the_command_quietly(home: Home) -> None:
    process = home.start("run", "yes")
    assert line_of(process) == b"y\n"
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(SECONDS) == 141
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert home.tasks()["yes"]["state"] == "cancelled"


def test_what_is_left_behind_is_killed_and_named(home: Home) -> None:
    done = home.run("run", "sleep 300 & echo $!")
    assert done.returncode == 0
    assert b"left behind: sleep(" in done.stderr
    assert not lives(int(done.stdout))


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_after_a_signal_the_whole_tree_is_dead(
    home: Home, number: signal.Signals, code: int
) -> None:
    process = home.start("run", "setsid sleep 300 & echo $! $$; wait")
    pids = [int(pid) for pid in line_of(process).split()]
    process.send_signal(number)
    assert process.wait(SECONDS) == code
    assert [pid for pid in pids if lives(pid)] == []


def test_a_reader_that_does_not_read_holds_nobody_after_a_signal(home: Home) -> None:
    process = home.start("run", "yes")
    line_of(process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 143
    assert home.tasks()["yes"]["state"] == "cancelled"


def test_a_signal_takes_a_waiting_task_out_of_the_queue(home: Home) -> None:
    first = home.start("run", "echo on; sleep 300")
    line_of(first)
    with terminal(home, "run", "echo never") as second:
        second.until(b"position 1")
        second.process.send_signal(signal.SIGTERM)
        assert second.end() == 143
    assert home.tasks()["echo never"]["state"] == "cancelled"
    assert first.poll() is None


def test_a_task_cancelled_by_another_person_is_130_and_says_so(home: Home) -> None:
    process = home.start("run", "echo on; sleep 300")
    line_of(process)
    assert home.run("cancel", "1").stdout.startswith(b"CANCELLED after ")
    assert process.wait(SECONDS) == 130
    assert process.stderr is not None
    assert process.stderr.read() == b"signalpost: task 1 was cancelled by person\n"


def test_the_death_of_the_broker_is_125_and_says_so(home: Home) -> None:
    process = home.start("run", "echo $$; sleep 300")
    pid = int(line_of(process))
    os.kill(home.broker_pid(), signal.SIGKILL)
    assert process.wait(SECONDS) == 125
    assert process.stderr is not None
    assert b"task 1 is lost: " in process.stderr.read()
    assert not lives(pid)


def test_a_closed_standard_output_is_not_taken_for_one_of_our_sockets(home: Home) -> None:
    script = f"exec {' '.join(home.words('run', 'echo x'))} >&-"
    done = subprocess.run(
        ["sh", "-c", script],
        capture_output=True,
        env=home.environment,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


# ---------------------------------------------------------------- on a terminal


def test_ctrl_c_kills_the_tree_and_exits_with_130(home: Home) -> None:
    with terminal(home, "run", "sleep 300 & echo pid=$!=; wait") as shown:
        pid = int(shown.until(b"=\r\n").split(b"=")[1])
        shown.type(b"\x03")
        assert shown.end() == 130
    assert not lives(pid)
    assert b"until all its processes are dead" in shown.seen


def test_a_second_ctrl_c_leaves_at_once(home: Home) -> None:
    with terminal(home, "run", "trap '' TERM; echo on; while :; do sleep 1; done") as shown:
        shown.until(b"on\r\n")
        shown.type(b"\x03")
        shown.until(b"leave at once")
        shown.type(b"\x03")
        assert shown.end() == 130
    assert list((home.state / "run").glob("out-*")) == []


def test_who_waits_sees_what_for_until_the_command_starts(home: Home) -> None:
    go = home.fifo("go")
    first = home.start("run", f"echo on; read x < {go}")
    line_of(first)
    with terminal(home, "run", "echo its own output") as shown:
        shown.until(b"position 1 in queue global")
        shown.until(b"by person")
        go.write_text("on\n")
        assert shown.end() == 0
    waiting, _, rest = shown.seen.rpartition(b"\r\x1b[K")
    assert b"task 1 (echo on" in waiting
    assert rest == b"its own output\r\n"


def test_nothing_but_the_output_is_written_into_a_pipe(home: Home) -> None:
    go = home.fifo("go")
    first = home.start("run", f"echo on; read x < {go}")
    line_of(first)
    second = home.start("run", "echo out")
    third = home.start("list", "-n", "0")
    third.wait(SECONDS)
    go.write_text("on\n")
    assert second.communicate(timeout=SECONDS) == (b"out\n", b"")


def test_a_table_is_coloured_on_a_terminal_only_and_not_against_the_persons_will(
    home: Home,
) -> None:
    home.run("run", "echo '[red]'; true")
    with terminal(home, "list") as coloured:
        assert coloured.end() == 0
    home.environment["NO_COLOR"] = "1"
    with terminal(home, "list") as plain:
        assert plain.end() == 0
    assert b"\x1b[32m" in coloured.seen
    assert b"\x1b[3" not in plain.seen
    assert b"echo '[red]'; true" in plain.seen


# ---------------------------------------------------------------- looking


def test_list_shows_who_runs_and_who_waits_as_json(home: Home) -> None:
    first = home.start("run", "-q", "gradle", "echo on; sleep 300")
    line_of(first)
    with terminal(home, "run", "-q", "gradle", "echo later") as second:
        second.until(b"position 1")
        listing = json.loads(home.run("list", "--json").stdout)
    assert listing["broker_pid"] == home.broker_pid()
    assert listing["queues"] == [
        {"queue_name": "gradle", "width": 1, "running": [1], "waiting": [2]}
    ]
    states = [(task["task_id"], task["state"], task["position"]) for task in listing["tasks"]]
    assert states == [(1, "running", 0), (2, "waiting", 1)]


def test_status_is_the_result_line(home: Home) -> None:
    home.run("run", "exit 3")
    line = home.run("status", "1").stdout.decode()
    assert line.startswith("FAILED exit=3 ")
    assert line.endswith(f" output={home.state}/output/task_1.log\n")
    assert json.loads(home.run("status", "1", "--json").stdout)["exit_code"] == 3


def test_output_is_what_the_task_printed_and_needs_no_broker(home: Home) -> None:
    home.run("run", r"echo out; echo err >&2; printf '\n--- SUMMARY ---\nmine'")
    home.run("stop")
    done = home.run("output", "1")
    assert done.stdout == b"out\nerr\n\n--- SUMMARY ---\nmine"
    assert done.returncode == 0
    assert home.run("output", "2").returncode == 1


def test_output_follows_a_running_task_to_its_end(home: Home) -> None:
    go = home.fifo("go")
    process = home.start("run", f"echo early; read x < {go}; echo late; echo error >&2")
    line_of(process)
    follower = home.start("output", "1", "-f")
    assert line_of(follower) == b"early\n"
    go.write_text("on\n")
    out, err = follower.communicate(timeout=SECONDS)
    assert sorted(out.splitlines()) == [b"error", b"late"]
    assert err == b""
    assert follower.returncode == 0


def test_output_follows_a_waiting_task_from_its_start(home: Home) -> None:
    go = home.fifo("go")
    first = home.start("run", f"echo on; read x < {go}")
    line_of(first)
    with terminal(home, "run", "echo its turn") as second:
        second.until(b"position 1")
        follower = home.start("output", "2", "-f")
        go.write_text("on\n")
        assert follower.communicate(timeout=SECONDS) == (b"its turn\n", b"")
        assert second.end() == 0
    assert follower.returncode == 0


def test_output_of_a_finished_task_does_not_wait(home: Home) -> None:
    home.run("run", "echo done")
    done = home.run("output", "-f", "1")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"done\n", b"")


def test_logs_go_on_with_new_events_until_interrupted(home: Home) -> None:
    home.run("run", "true")
    follower = home.start("logs", "-f", "-n", "1", "--json")
    assert json.loads(line_of(follower))["event"] == "task_completed"
    home.run("run", "false")
    events = [json.loads(line_of(follower)) for _ in range(3)]
    assert [event["event"] for event in events] == ["task_queued", "task_started", "task_completed"]
    assert events[2]["exit_code"] == 1
    follower.send_signal(signal.SIGINT)
    assert follower.wait(SECONDS) == 130


def test_logs_end_quietly_when_nobody_reads(home: Home) -> None:
    home.run("run", "true")
    script = f"{' '.join(home.words('logs'))} | head -1"
    done = subprocess.run(
        ["sh", "-c", script],
        capture_output=True,
        env=home.environment,
        timeout=SECONDS,
        check=False,
    )
    assert b"task_queued" in done.stdout
    assert done.stderr == b""


# ---------------------------------------------------------------- tending


def test_stop_refuses_while_tasks_are_open_and_names_them(home: Home) -> None:
    process = home.start("run", "echo on; sleep 300")
    line_of(process)
    done = home.run("stop")
    assert done.returncode == 1
    assert b"task 1 is running: echo on; sleep 300" in done.stderr
    assert lives(home.broker_pid())
    assert process.poll() is None


def test_stop_asks_at_a_terminal(home: Home) -> None:
    process = home.start("run", "echo on; sleep 300")
    line_of(process)
    pid = home.broker_pid()
    with terminal(home, "stop") as asked:
        asked.until(b"[y/N]")
        asked.type(b"n\n")
        assert asked.end() != 0
    assert process.poll() is None
    with terminal(home, "stop") as asked:
        asked.until(b"[y/N]")
        asked.type(b"y\n")
        assert asked.end() == 0
    assert not lives(pid)
    assert process.wait(SECONDS) != 0


def test_stop_waits_for_open_tasks_when_told_to(home: Home) -> None:
    go = home.fifo("go")
    process = home.start("run", f"echo on; read x < {go}; exit 7")
    line_of(process)
    stopping = home.start("stop", "--wait")
    assert stopping.stderr is not None
    assert stopping.stderr.readline().startswith(b"signalpost: task 1 is running: echo on")
    assert stopping.stderr.readline() == b"signalpost: waiting until they have ended\n"
    go.write_text("on\n")
    assert process.wait(SECONDS) == 7
    assert stopping.wait(SECONDS) == 0
    assert home.run("list").stdout.startswith(b"no broker runs")


def test_cancel_all_in_a_queue_at_once_starts_none_in_between(home: Home) -> None:
    first = home.start("run", "echo on; sleep 300")
    line_of(first)
    ran = home.folder / "ran"
    with terminal(home, "run", f"touch {ran}; sleep 300") as second:
        second.until(b"position 1")
        assert home.run("cancel", "1", "2").returncode == 0
        assert second.end() == 130
    assert first.wait(SECONDS) == 130
    assert not ran.exists()


def test_clear_empties_a_queue_and_deletes_logs(home: Home) -> None:
    go = home.fifo("go")
    first = home.start("run", f"echo on; read x < {go}")
    line_of(first)
    with terminal(home, "run", "echo never") as second:
        second.until(b"position 1")
        done = home.run("clear", "--queue", "global")
        assert done.stdout == b"cancelled 1 waiting tasks of queue global\n"
        assert second.end() == 130
    go.write_text("on\n")
    assert first.wait(SECONDS) == 0
    assert home.run("clear", "--logs").stdout == b"deleted 1 logs of finished tasks\n"
    assert list((home.state / "output").iterdir()) == []


def test_without_a_broker_none_is_started_to_look(home: Home) -> None:
    for words, code in (
        (("list",), 0),
        (("logs",), 0),
        (("stop",), 0),
        (("doctor",), 0),
        (("status", "1"), 69),
        (("cancel", "1"), 69),
        (("output", "1"), 1),
        (("clear", "--logs"), 69),
    ):
        done = home.run(*words)
        assert done.returncode == code, (words, done)
    assert not home.state.exists()


def test_doctor_tells_settings_that_differ_from_the_file(home: Home) -> None:
    assert home.run("run", "true").returncode == 0
    (home.state / "config.toml").write_text("grace = 2\n")
    checks = json.loads(home.run("doctor", "--json").stdout)["checks"]
    found = {check["name"]: check for check in checks}
    assert str(home.broker_pid()) in found["broker"]["found"]
    assert found["broker settings"]["state"] == "warning"
    assert "--grace 2" in found["broker settings"]["remedy"]
