"""Running commands as people do: real processes, a real broker."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess

import pytest

from tests.system.home import SECONDS, Home, line_of
from tests.system.processes import lives
from tests.system.terminal import terminal


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


def test_ctrl_c_the_moment_the_command_lives_waits_until_it_is_dead(home: Home) -> None:
    """Its number is hardly ever known here yet."""
    home.state.mkdir(mode=0o700)
    (home.state / "config.toml").write_text("grace = 2\n")
    home.run("run", "true")
    for attempt in range(4):
        pids = home.fifo(f"pids{attempt}")
        process = home.start("run", f"trap '' TERM; echo $$ >{pids}; while :; do sleep 300; done")
        with pids.open() as reader:
            pid = int(reader.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 130
        assert not lives(pid)
