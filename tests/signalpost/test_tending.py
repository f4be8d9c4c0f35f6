from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest

from signalpost import tending
from signalpost.actors.holder import Holder
from signalpost.transport.endpoint import Published
from signalpost.transport.errors import BadRequest, BrokerUnavailable
from signalpost.transport.messages import QueueState, TaskReport

Reports = Callable[..., TaskReport]
Capture = pytest.CaptureFixture[str]
DIR = Path("/state")


class StandIn:
    """A broker that has the given open tasks."""

    def __init__(self, open_tasks: Sequence[TaskReport] = ()) -> None:
        self.queue = QueueState("global", 1, list(open_tasks), [])
        self.asked: list[object] = []
        self.together = 0
        self.cleared = 2
        self.reports: dict[int, TaskReport] = {}
        self.published = Published(endpoint="", epoch="", pid=0, start_time=0.0, version="")

    async def ping(self) -> None:
        self.asked.append("ping")

    async def queues(self) -> list[QueueState]:
        return [self.queue]

    async def stop(self, how: str) -> None:
        self.asked.append(how)

    async def clear_task_logs(self, *, everyone: bool) -> int:
        self.asked.append(("logs", everyone))
        return 3

    async def clear_queue(self, queue_name: str) -> int:
        self.asked.append(("queue", queue_name))
        return self.cleared

    async def cancel_task(self, task_id: int) -> TaskReport:
        self.asked.append(task_id)
        await anyio.wait_all_tasks_blocked()
        self.together = len(self.asked)
        if task_id not in self.reports:
            raise BadRequest(f"there is no task {task_id}")
        return self.reports[task_id]


def serve(monkeypatch: pytest.MonkeyPatch, client: StandIn) -> None:
    def act(_: Path, work: Callable[[Any], Awaitable[Any]]) -> object:
        return anyio.run(work, client)

    def find(_: Path) -> Published:
        return client.published

    monkeypatch.setattr(tending, "act", act)
    monkeypatch.setattr("signalpost.tending.endpoint.find", find)


def on_terminal(monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    def confirm(_: str, *, err: bool) -> bool:
        return answer

    monkeypatch.setattr("click.confirm", confirm)


def test_stop_without_a_broker_is_done_already(tmp_path: Path, capsys: Capture) -> None:
    assert tending.stop(tmp_path, "ask") == 0
    assert "no broker runs" in capsys.readouterr().out


def test_an_idle_broker_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    client = StandIn()
    serve(monkeypatch, client)
    assert tending.stop(DIR, "ask") == 0
    assert client.asked == ["ping", "ask"]


def test_open_tasks_are_named_and_kept_where_nobody_can_be_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, report: Reports
) -> None:
    client = StandIn([report(state="running")])
    serve(monkeypatch, client)
    assert tending.stop(DIR, "ask") == 1
    assert client.asked == []
    said = capsys.readouterr().err
    assert "task 8 is running: make all" in said
    assert "--wait" in said
    assert "--force" in said


@pytest.mark.parametrize(("answer", "asked"), [(True, ["ping", "force"]), (False, [])])
def test_a_person_at_a_terminal_decides(
    monkeypatch: pytest.MonkeyPatch, report: Reports, answer: bool, asked: list[str]
) -> None:
    client = StandIn([report(state="running")])
    serve(monkeypatch, client)
    on_terminal(monkeypatch, answer)
    assert tending.stop(DIR, "ask") == (0 if answer else 1)
    assert client.asked == asked


@pytest.mark.parametrize("how", ["wait", "force"])
def test_what_was_said_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, report: Reports, how: Literal["wait", "force"]
) -> None:
    client = StandIn([report(state="running")])
    serve(monkeypatch, client)
    assert tending.stop(DIR, how) == 0
    assert client.asked == ["ping", how]


def test_who_runs_inside_a_task_does_not_wait_for_its_end(
    monkeypatch: pytest.MonkeyPatch, report: Reports
) -> None:
    client = StandIn([report(state="running")])
    client.published = Published(endpoint="", epoch="abc", pid=0, start_time=0.0, version="")
    serve(monkeypatch, client)
    monkeypatch.setenv("SIGNALPOST_TASK", "8:abc")
    with pytest.raises(BadRequest, match="inside task 8 and would wait for its own end"):
        tending.stop(DIR, "wait")
    assert client.asked == []
    monkeypatch.setenv("SIGNALPOST_TASK", "8:of another broker")
    assert tending.stop(DIR, "wait") == 0


def test_a_broker_that_does_not_answer_is_ended_by_its_pid(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    client = StandIn()
    serve(monkeypatch, client)
    ended: list[int] = []

    def end(holder: Holder) -> bool:
        ended.append(holder.pid)
        monkeypatch.setattr("signalpost.tending.endpoint.find", nobody)
        return True

    def nobody(_: Path) -> None: ...

    def refuse(*_: object) -> None:
        raise BrokerUnavailable("it does not answer")

    client.published = Published(endpoint="", epoch="", pid=77, start_time=1.0, version="")
    monkeypatch.setattr(tending, "act", refuse)
    monkeypatch.setattr("signalpost.stray.end", end)
    assert tending.stop(DIR, "force") == 0
    assert ended == [77]
    assert "asked in vain: it does not answer" in capsys.readouterr().err


def test_an_unknown_queue_is_told_with_near_names(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    client = StandIn()
    client.cleared = 0
    serve(monkeypatch, client)
    assert tending.clear(DIR, logs=False, queue_name="globall") == 0
    shown = capsys.readouterr()
    assert shown.out == "cancelled 0 waiting tasks of queue globall\n"
    assert "no queue globall is in use, so nothing waits in it. Did you mean global?" in shown.err
    assert tending.clear(DIR, logs=False, queue_name="global") == 0
    assert capsys.readouterr().err == ""


def test_an_illegal_name_clears_nothing_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    client = StandIn()
    serve(monkeypatch, client)
    with pytest.raises(BadRequest, match="may not contain ' '"):
        tending.clear(DIR, logs=True, queue_name="a b")
    assert client.asked == []


def test_all_tasks_are_cancelled_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, report: Reports
) -> None:
    client = StandIn()
    client.reports = {n: report(task_id=n, state="cancelled", ran_seconds=1.0) for n in (1, 2)}
    serve(monkeypatch, client)
    assert tending.cancel(DIR, [1, 2]) == 0
    assert client.together == 2
    assert capsys.readouterr().out.count("CANCELLED after 1.0s by client") == 2


def test_a_task_that_had_ended_and_an_unknown_one_are_told_by_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, report: Reports
) -> None:
    client = StandIn()
    client.reports = {1: report(task_id=1, state="cancelled"), 2: report(task_id=2)}
    serve(monkeypatch, client)
    assert tending.cancel(DIR, [1, 2]) == 1
    assert tending.cancel(DIR, [1, 9]) == 2
    assert "BAD_REQUEST: there is no task 9" in capsys.readouterr().err


def test_clear_does_what_was_asked_and_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    client = StandIn()
    serve(monkeypatch, client)
    assert tending.clear(DIR, logs=True, queue_name="gradle") == 0
    assert client.asked == [("logs", True), ("queue", "gradle")]
    assert capsys.readouterr().out.splitlines() == [
        "deleted 3 logs of finished tasks",
        "cancelled 2 waiting tasks of queue gradle",
    ]
