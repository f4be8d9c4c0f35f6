"""``signalpost pty`` on a real terminal, with a real broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.home import SECONDS, Home
from tests.system.terminal import terminal

SCRIPT = str(Path(__file__).with_name("pty_script.py"))
AS_ALICE = """
import anyio, signalpost
async def main():
    async with signalpost.connect("alice") as alice:
        for message in (await alice.take(wait_seconds=0)).messages:
            await alice.settle([signalpost.Held(message.id, message.lease)])
anyio.run(main)
"""
RINGS = """
import anyio, signalpost
async def main():
    async with signalpost.connect(kind="cli") as person:
        while not (rings := (await person.set_bell("alice")).rings) or rings[0].outcome in {0}:
            await anyio.lowlevel.checkpoint()
        print(*[ring.outcome for ring in rings])
anyio.run(main)
"""
FAST = ("--agent", "alice", "--still", "0.1", "--quiet", "0.1", "--verify", "60")
NOTICE = b"[signalpost] 1 unread message for alice: receive_message shows them."


@pytest.fixture
def alice(home: Home) -> Home:
    """A home where alice is known, and gone."""
    script(home, AS_ALICE)
    return home


def inside(home: Home, *words: str, options: tuple[str, ...] = FAST) -> list[str]:
    return ["pty", *options, "--", sys.executable, SCRIPT, *words]


def script(home: Home, text: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", text],
        env=home.environment,
        check=True,
        timeout=SECONDS,
        stdout=subprocess.PIPE,
        text=True,
    )
    return ran.stdout


def rings(home: Home, *, but: tuple[str, ...] = ()) -> list[str]:
    """Return what became of the rings, once the newest has become none of ``but``."""
    return script(home, RINGS.replace("{0}", repr(but))).split()


def send(home: Home) -> None:
    assert home.run("send", "alice", "secret body").returncode == 0


def test_every_byte_passes_as_it_is_both_ways(home: Home) -> None:
    data = bytes(range(1, 256)) * 40
    with terminal(home, *inside(home, "raw")) as shown:
        shown.until(b"ready")
        for at in range(0, len(data), 255):
            shown.type(data[at : at + 255])
        shown.type(b"\0")
        assert shown.end() == 0
    assert sorted(shown.seen.partition(b"ready")[2]) == sorted(data * 2 + b"\0\0")


def test_the_exit_code_is_that_of_the_program(home: Home) -> None:
    for command, code in (("exit 5", 5), ("kill -TERM $$", 143), ("exec /no/such/program", 127)):
        with terminal(home, "pty", *FAST, "--", "/bin/sh", "-c", command) as shown:
            assert shown.end() == code
    with terminal(home, "pty", *FAST, "--", "/no/such/program") as shown:
        assert shown.end() == 127
    assert b"/no/such/program: no such program" in shown.seen


def test_the_size_of_the_terminal_is_the_programs_also_when_it_changes(home: Home) -> None:
    with terminal(home, *inside(home, "sizes")) as shown:
        shown.until(b"size=200x24=")
        shown.resize(50, 132)
        shown.until(b"size=132x50=")
        shown.type(b"\r")
        assert shown.end() == 0


def test_the_terminal_is_given_back_as_it_was_found_however_the_program_ends(home: Home) -> None:
    for end in ("exit 0", "kill -KILL $$", "stty raw -echo; exit 0"):
        with terminal(
            home, "pty", *FAST, "--", "/bin/sh", "-c", f"echo on; read x; {end}"
        ) as shown:
            before = shown.attributes()
            shown.until(b"on")
            shown.type(b"\r")
            shown.end()
            assert shown.attributes() == before


def test_a_signal_reaches_the_program(home: Home) -> None:
    command = "trap 'echo heard; exit 3' TERM; echo on; while :; do sleep 0.05; done"
    with terminal(home, "pty", *FAST, "--", "/bin/sh", "-c", command) as shown:
        shown.until(b"on")
        shown.process.send_signal(signal.SIGTERM)
        assert shown.end() == 3
    assert b"heard" in shown.seen


def test_a_program_whose_terminal_is_gone_reads_the_end_and_so_ends(home: Home) -> None:
    done = home.folder / "done"
    command = f"trap '' HUP; echo on; cat >{os.devnull}; echo x >{done}; exit 3"
    with terminal(home, "pty", *FAST, "--", "/bin/sh", "-c", command) as shown:
        shown.until(b"on")
    assert shown.process.wait(SECONDS) == 3
    assert done.exists()


def test_input_that_is_no_terminal_ends_also_in_the_middle_of_a_line(home: Home) -> None:
    done = home.run("pty", *FAST, "--", "/bin/sh", "-c", "cat; exit 3", given=b"one\ntwo")
    assert done.returncode == 3, done.stderr
    assert done.stdout.endswith(b"one\r\ntwo")


def test_a_program_that_suspends_itself_suspends_all_and_goes_on_with_it(home: Home) -> None:
    command = "echo on; kill -STOP $$; echo again; exit 4"
    with terminal(home, "pty", *FAST, "--", "/bin/sh", "-c", command) as shown:
        before = shown.attributes()
        shown.until(b"on")
        _, status = os.waitpid(shown.process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert shown.attributes() == before
        shown.process.send_signal(signal.SIGCONT)
        assert shown.end() == 4
    assert b"again" in shown.seen


def test_a_notice_without_content_is_typed_when_mail_has_come(alice: Home) -> None:
    with terminal(alice, *inside(alice, "lines")) as shown:
        shown.until(b"ready")
        send(alice)
        shown.until(b"line='" + NOTICE + b"'=")
        shown.type(b"end\r")
        assert shown.end() == 7
    assert b"secret" not in shown.seen
    assert rings(alice) == ["typed"]


def test_a_full_screen_program_gets_it_as_a_paste_and_then_return(alice: Home) -> None:
    with terminal(alice, *inside(alice, "full_screen")) as shown:
        shown.until(b"ready")
        send(alice)
        assert shown.end() == 0
    assert repr(b"\x1b[200~" + NOTICE + b"\x1b[201~\r").encode() in shown.seen


def test_nothing_is_typed_into_a_half_typed_line(alice: Home) -> None:
    with terminal(alice, *inside(alice, "lines")) as shown:
        shown.until(b"ready")
        shown.type(b"make te")
        shown.until(b"make te")
        send(alice)
        rings(alice)
        shown.type(b"st\r")
        seen = shown.until(b"line='" + NOTICE + b"'=")
        shown.type(b"end\r")
        assert shown.end() == 7
    assert seen.index(b"line='make test'=") < seen.index(b"line='[signalpost]")


def test_nothing_is_typed_while_a_dialog_is_open(alice: Home) -> None:
    command = "echo on; printf 'Overwrite? [y/N] '; read x; echo answer=$x=; read y; echo then=$y="
    with terminal(alice, "pty", *FAST, "--", "/bin/sh", "-c", command) as shown:
        shown.until(b"[y/N]")
        send(alice)
        rings(alice)
        shown.type(b"y\r")
        assert shown.end() == 0
    assert b"answer=y=" in shown.seen
    assert b"then=" + NOTICE + b"=" in shown.seen


def test_a_busy_program_is_left_alone_until_it_is_quiet(alice: Home) -> None:
    gate = alice.fifo("gate")
    with terminal(alice, *inside(alice, "busy", str(gate))) as shown:
        shown.until(b"tick")
        send(alice)
        rings(alice)
        gate.write_text("x")
        assert shown.end() == 0
    busy, _, quiet = shown.seen.partition(b"quiet")
    assert b"signalpost" not in busy
    assert b"line='" + NOTICE in quiet


def test_when_the_inbox_moves_it_is_read_and_not_typed_again(alice: Home) -> None:
    options = (*FAST[:-1], "0.5")
    with terminal(alice, *inside(alice, "lines", options=options)) as shown:
        shown.until(b"ready")
        send(alice)
        shown.until(b"line='" + NOTICE + b"'=")
        script(alice, AS_ALICE)
        assert rings(alice, but=("woke", "typed")) == ["read"]
        shown.type(b"end\r")
        assert shown.end() == 7


def test_it_hears_of_mail_at_the_next_broker_too(alice: Home) -> None:
    options = (*FAST[:-1], "0.5", "--attempts", "1")
    with terminal(alice, *inside(alice, "lines", options=options)) as shown:
        shown.until(b"ready")
        send(alice)
        shown.until(b"line='" + NOTICE + b"'=")
        os.kill(alice.broker_pid(), signal.SIGKILL)
        send(alice)
        shown.until(b"line='[signalpost] 2 unread messages for alice")
        shown.type(b"end\r")
        assert shown.end() == 7
