"""Stopping, cancelling, clearing and checking from the command line."""

from __future__ import annotations

import json

from tests.system.home import SECONDS, Home, line_of
from tests.system.processes import lives
from tests.system.terminal import terminal


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
    assert home.run("stop").stdout.startswith(b"no broker runs")


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
    unknown = home.run("clear", "--queue", "globall")
    assert (unknown.returncode, unknown.stdout) == (
        0,
        b"cancelled 0 waiting tasks of queue globall\n",
    )
    assert b"no queue globall is in use, so nothing waits in it." in unknown.stderr
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


def test_a_name_that_no_queue_can_have_is_refused(home: Home) -> None:
    home.run("run", "true")
    done = home.run("clear", "--queue", "a b")
    assert done.returncode == 2
    assert done.stderr.startswith(b"signalpost: BAD_REQUEST: queue_name may not contain ' '.")


def test_stop_does_not_wait_for_the_task_it_runs_in(home: Home) -> None:
    done = home.run("run", f"{' '.join(home.words('stop', '--wait'))}")
    assert done.returncode == 2
    assert b"BAD_REQUEST: this runs inside task 1 and would wait for its own end." in done.stderr
    assert b"outside of it" in done.stderr


def test_what_has_ended_is_shown_after_the_broker_has_left(home: Home) -> None:
    home.run("run", "exit 3")
    home.run("stop")
    assert home.run("status", "1").stdout.startswith(b"FAILED exit=3 ")
    home.run("stop")
    listing = json.loads(home.run("list", "--json").stdout)
    assert [(task["task_id"], task["state"]) for task in listing["tasks"]] == [(1, "failed")]
    assert listing["broker_pid"] == home.broker_pid()
