"""Looking at tasks, their output and the log from the command line."""

from __future__ import annotations

import json
import signal
import subprocess

from tests.system.home import SECONDS, Home, line_of
from tests.system.terminal import terminal


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
