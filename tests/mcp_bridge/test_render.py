"""What programs get of a task and of the queues."""

from __future__ import annotations

import json

import msgspec

from signalpost.mcp_bridge import render
from signalpost.mcp_bridge.json_line import json_line
from signalpost.transport.messages import Leftover, QueueState, TaskReport

LOG = "/state/output/task_8.log"
REPORT = TaskReport(
    task_id=8,
    state="success",
    queue_name="global",
    command="make",
    working_directory="/src",
    owner="alice",
    output=LOG,
    created_at=1000.0,
    started_at=1001.0,
    ran_seconds=12.5,
    timeout_seconds=1200,
)


def _report(**changes: object) -> TaskReport:
    return msgspec.structs.replace(REPORT, **changes)


def test_the_fields_are_json_without_the_tail() -> None:
    report = _report(
        command="echo \ud800",
        tail=b"\xff\xfe",
        killed_leftovers=[Leftover("gradle", 4711)],
        exit_code=0,
    )
    fields = json.loads(json.dumps(render.task_fields(report)))
    assert fields["task_id"] == 8
    assert fields["state"] == "success"
    assert fields["exit_code"] == 0
    assert fields["killed_leftovers"] == [{"name": "gradle", "pid": 4711}]
    assert "tail" not in fields
    assert "type" not in fields
    json.dumps(fields, ensure_ascii=False).encode()


def test_the_queues_are_one_line_of_json() -> None:
    queues = [
        QueueState(
            queue_name="global",
            width=1,
            running=[_report(task_id=7, state="running", command="make\nall", ran_seconds=3.21)],
            waiting=[_report(state="waiting", position=1, waited_seconds=2, ran_seconds=0)],
        )
    ]
    line = json_line(render.queue_fields(queues))
    assert line == (
        '{"queues":[{"queue_name":"global","width":1,'
        '"running":[{"task_id":7,"command":"make all","owner":"alice","elapsed":3.2}],'
        '"waiting":[{"task_id":8,"command":"make","owner":"alice","elapsed":2}]}]}'
    )


def test_no_queue_in_use_is_an_empty_list() -> None:
    assert json_line(render.queue_fields([])) == '{"queues":[]}'
