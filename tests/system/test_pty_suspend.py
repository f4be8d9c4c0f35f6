"""``signalpost pty`` under a shell with job control: suspended, and gone on with."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.system.home import SECONDS, Home
from tests.system.terminal import BASH, Terminal, shell, terminal

SCRIPT = str(Path(__file__).with_name("pty_script.py"))
CTRL_C, CTRL_D, CTRL_Z = b"\x03", b"\x04", b"\x1a"
PROMPT = b"ask> "
_GOES_ON = b"""sh -c 'trap "echo wo\\ke" CONT; echo o""n; while :; do read _; done'\r"""

pytestmark = pytest.mark.skipif(not os.path.exists(BASH), reason="bash is not there")


@pytest.fixture(autouse=True)
def broker(home: Home) -> None:
    """One that serves already: nothing but the program is started."""
    assert home.run("agents").returncode == 0


def pty(words: str) -> bytes:
    return f"{sys.executable} -m signalpost pty --agent alice -- {words}\r".encode()


def below(shown: Terminal) -> list[psutil.Process]:
    """Return us, the holder, the program and what it has started, in this order."""
    return psutil.Process(shown.process.pid).children(recursive=True)


def suspend(shown: Terminal) -> None:
    assert b"Stopped" in shown.ask(CTRL_Z, PROMPT)


def code(shown: Terminal) -> bytes:
    return shown.ask(b"echo code=$?=\r", PROMPT).split(b"\r\n")[1]


def all_are_gone(processes: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(processes, SECONDS)[1]


def test_ctrl_z_gives_the_shell_its_terminal_and_fg_goes_on(home: Home) -> None:
    with shell(home) as shown:
        before = shown.attributes()
        shown.type(pty("cat"))
        shown.ask(b"one\r", b"one\r\none\r\n")
        suspend(shown)
        assert shown.attributes() == before
        assert b"Stopped" in shown.ask(b"jobs\r", PROMPT)
        assert all(process.status() == psutil.STATUS_STOPPED for process in below(shown)[::2])
        shown.ask(b"fg\r", b"cat\r\n")
        shown.ask(b"two\r", b"two\r\ntwo\r\n")
        shown.ask(CTRL_D, PROMPT)
        assert code(shown) == b"code=0="
        assert shown.attributes() == before
        assert below(shown) == []


def test_a_program_that_suspends_itself_at_ctrl_z_is_asked_first_each_time(home: Home) -> None:
    with shell(home) as shown:
        shown.ask(pty(f"{sys.executable} {SCRIPT} suspends"), b"entered=")
        for key in (b"a", b"b"):
            shown.ask(key, b"key=" + key)
            seen = shown.ask(CTRL_Z, PROMPT)
            assert seen.startswith(b"left=")
            assert b"Stopped" in seen
            shown.ask(b"fg\r", b"entered=")
        shown.ask(b"q", PROMPT)
        assert code(shown) == b"code=5="


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not there")
def test_vim_is_suspended_and_draws_its_screen_again(home: Home) -> None:
    (home.folder / "poem").write_text("a line of verse\n")
    with shell(home) as shown:
        shown.ask(pty("vim -u NONE -N poem"), b"a line of verse")
        suspend(shown)
        shown.ask(b"fg\r", b"a line of verse")
        shown.ask(b":cq\r", PROMPT)
        assert code(shown) == b"code=1="


def test_a_shell_inside_suspends_its_own_jobs_and_goes_on(home: Home) -> None:
    with shell(home) as shown:
        inner = "PS1='in''side> ' " + pty(f"{BASH} --norc --noediting -i").decode()
        shown.ask(inner.encode(), b"inside> ")
        shown.ask(_GOES_ON, b"on\r\n")
        assert b"Stopped" in shown.ask(CTRL_Z, b"inside> ")
        assert b"Stopped" in shown.ask(b"jobs\r", b"inside> ")
        shown.ask(b"fg\r", b"woke\r\n")  # before that the terminal is not the job's
        shown.ask(CTRL_C, b"inside> ")
        assert b"Stopped" in shown.ask(b"suspend\r", PROMPT)
        shown.ask(b"fg\r\r", b"inside> ")
        shown.ask(b"exit 6\r", PROMPT)
        assert code(shown) == b"code=6="


def test_what_runs_beside_it_in_the_same_job_is_suspended_too(home: Home) -> None:
    with shell(home) as shown:
        script = home.folder / "script"
        script.write_text(pty("cat").decode().strip() + "\necho after=$?=\n")
        shown.type(f"sh {script}\r".encode())
        shown.ask(b"one\r", b"one\r\none\r\n")
        suspend(shown)
        shown.ask(b"fg\r", b"\n")
        shown.ask(b"two\r", b"two\r\ntwo\r\n")
        shown.ask(CTRL_D, b"after=0=")


def test_the_size_is_right_when_it_was_changed_meanwhile(home: Home) -> None:
    with shell(home) as shown:
        shown.ask(pty(f"{sys.executable} {SCRIPT} sizes"), b"size=200x24=")
        suspend(shown)
        shown.resize(50, 132)
        shown.ask(b"fg\r", b"size=132x50=")
        shown.ask(b"\r", PROMPT)


def test_in_the_background_it_waits_for_its_turn_at_the_terminal(home: Home) -> None:
    with shell(home) as shown:
        before = shown.attributes()
        shown.type(pty("cat"))
        shown.ask(b"one\r", b"one\r\none\r\n")
        suspend(shown)
        for _ in range(2):
            assert b"Stopped" in shown.ask(b"bg; wait %1\r", PROMPT)
        assert shown.attributes() == before
        shown.ask(b"fg\r", b"cat\r\n")
        shown.ask(b"two\r", b"two\r\ntwo\r\n")
        shown.ask(CTRL_D, PROMPT)
        assert shown.attributes() == before


def test_started_in_the_background_it_waits_for_its_turn(home: Home) -> None:
    with shell(home) as shown:
        before = shown.attributes()
        shown.ask(pty("cat")[:-1] + b" & wait %1\r", PROMPT)
        assert shown.attributes() == before
        shown.ask(b"fg\r", b"cat\r\n")
        shown.ask(b"two\r", b"two\r\ntwo\r\n")
        shown.ask(CTRL_D, PROMPT)
        assert code(shown) == b"code=0="


def test_a_signal_to_suspend_suspends_it_as_ctrl_z_does(home: Home) -> None:
    with shell(home) as shown:
        shown.type(pty("cat"))
        shown.ask(b"one\r", b"one\r\none\r\n")
        before = len(shown.seen)
        below(shown)[0].send_signal(signal.SIGTSTP)
        assert b"Stopped" in shown.until(PROMPT, after=before)[before:]
        shown.ask(b"fg\r", b"cat\r\n")
        shown.ask(b"two\r", b"two\r\ntwo\r\n")


@pytest.mark.parametrize("how", [b"kill %1", b"kill -HUP %1", b"bg; wait %1; kill %1"])
def test_it_ends_when_it_is_killed_while_it_is_suspended(home: Home, how: bytes) -> None:
    with shell(home) as shown:
        before = shown.attributes()
        shown.type(pty("cat"))
        shown.ask(b"one\r", b"one\r\none\r\n")
        suspend(shown)
        processes = below(shown)
        shown.ask(how + b"\r", PROMPT)
        assert all_are_gone(processes)
        assert shown.attributes() == before


def test_it_ends_when_it_is_killed_after_somebody_else_has_stopped_it(home: Home) -> None:
    with shell(home) as shown:
        shown.type(pty("cat"))
        shown.ask(b"one\r", b"one\r\none\r\n")
        processes = below(shown)
        processes[0].send_signal(signal.SIGSTOP)
        shown.until(b"Stopped")
        shown.ask(b"kill %1\r", PROMPT)
        assert all_are_gone(processes)


def test_a_program_that_lives_on_has_the_terminal_also_when_no_shell_says_so(home: Home) -> None:
    killed = home.folder / "killed"
    os.mkfifo(killed)
    program = home.folder / "program"
    program.write_text(
        f"trap 'echo >{killed}' TERM; echo on; "
        "while read line || [ $? -gt 128 ]; do echo got=$line=; done\n"
    )
    with shell(home) as shown:
        before = shown.attributes()
        shown.ask(pty(f"{BASH} {program}"), b"on\r\n")
        suspend(shown)
        # Now bash takes it for running, and its fg sends no SIGCONT.
        shown.ask(f"kill %1; cat {killed}; fg\r".encode(), b"program\r\n")
        deadline = time.monotonic() + SECONDS
        while shown.foreground() != below(shown)[0].pid:  # bash has shown the words before that
            assert time.monotonic() < deadline
        shown.ask(b"two\r", b"got=two=\r\n")
        assert shown.ask(b"three\r", b"got=three=\r\n") == b"three\r\ngot=three=\r\n"
        shown.ask(CTRL_D, PROMPT)
        assert shown.attributes() == before


def test_where_nobody_could_go_on_with_it_nothing_is_suspended(home: Home) -> None:
    with terminal(home, "pty", "--agent", "alice", "--", "cat") as shown:
        shown.ask(b"one\r", b"one\r\none\r\n")
        shown.ask(CTRL_Z, b"^Z")
        shown.ask(b"two\r", b"two\r\ntwo\r\n")
        shown.type(CTRL_D)
        assert shown.end() == 0


@pytest.mark.parametrize("who", [0, 1, 2], ids=["we", "the holder", "the program"])
@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped"])
def test_nothing_is_left_behind_whoever_is_killed(home: Home, who: int, stopped: bool) -> None:
    with shell(home) as shown:
        shown.type(pty("cat"))
        shown.ask(b"one\r", b"one\r\none\r\n")
        if stopped:
            suspend(shown)
        processes = below(shown)
        assert len(processes) == 3
        before = len(shown.seen)
        processes[who].kill()
        if stopped:
            shown.type(b"fg\r")
        assert all_are_gone(processes)
        shown.until(PROMPT, after=before)
        if not stopped:
            assert code(shown) == b"code=137="


def test_nothing_is_left_behind_when_the_shell_goes_while_it_is_suspended(home: Home) -> None:
    with shell(home) as shown:
        shown.type(pty("cat"))
        shown.ask(b"one\r", b"one\r\none\r\n")
        suspend(shown)
        processes = below(shown)
        shown.process.kill()
        assert all_are_gone(processes)


def test_a_program_that_minds_no_hangup_still_ends_with_its_own_code(home: Home) -> None:
    done = home.folder / "done"
    with terminal(
        home,
        "pty",
        "--agent",
        "alice",
        "--",
        "/bin/sh",
        "-c",
        f"trap '' HUP; echo on; cat; echo x >{done}; exit 3",
    ) as shown:
        shown.until(b"on")
        holder = psutil.Process(shown.process.pid).children()[0]
        holder.send_signal(signal.SIGHUP)
        shown.ask(b"one\r", b"one\r\none\r\n")
        shown.type(CTRL_D)
        assert shown.end() == 3
