"""The command line on a real terminal, and what a pipe is spared."""

from __future__ import annotations

from tests.system.home import SECONDS, Home, line_of
from tests.system.processes import lives
from tests.system.terminal import terminal


def test_ctrl_c_kills_the_tree_and_exits_with_130(home: Home) -> None:
    with terminal(home, "run", "sleep 300 & echo pid=$!=; wait") as shown:
        pid = int(shown.until(b"=\r\n").split(b"=")[1])
        shown.type(b"\x03")
        assert shown.end() == 130
    assert not lives(pid)
    assert b"until all its processes are dead" in shown.seen


def test_a_second_ctrl_c_leaves_at_once_and_does_not_say_that_all_is_dead(home: Home) -> None:
    with terminal(home, "run", "trap '' TERM; echo on; while :; do sleep 1; done") as shown:
        shown.until(b"on\r\n")
        shown.type(b"\x03")
        shown.until(b"leave at once")
        shown.type(b"\x03")
        assert shown.end() == 125
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
