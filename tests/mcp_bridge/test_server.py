"""The tools as an MCP client meets them, in both protocol eras; the broker is a stand-in."""

from __future__ import annotations

import json
import logging
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from signalpost.mcp_bridge.identity import AgentIdentity
from signalpost.mcp_bridge.tools import offered
from signalpost.transport.errors import QueueFull
from signalpost.transport.messages import TaskProgress
from tests.mcp_bridge.stand_in import (
    CALLER,
    ERAS,
    RUN,
    StandIn,
    bridge,
    ignored,
    options,
    report,
    thread_meta,
)


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# ---------------------------------------------------------------- what is offered


async def test_the_tools_and_nothing_else_are_offered(era: str) -> None:
    async with bridge(era, StandIn()) as setting:
        listed = await setting.client.list_tools()
        assert [tool.name for tool in listed.tools] == [tool.name for tool in offered()]
        looking = [t.name for t in listed.tools if t.annotations and t.annotations.read_only_hint]
        assert looking == ["task_status", "list_agents", "get_queue_status"]


async def test_the_server_advertises_tools_only_and_instructs() -> None:
    async with bridge("auto", StandIn(), told=options(agent="alice")) as setting:
        capabilities = setting.client.server_capabilities
        assert capabilities.model_dump(exclude_none=True).keys() <= {"tools", "extensions"}
        assert str(setting.client.instructions).endswith("Your name is alice.")


# ---------------------------------------------------------------- results


async def test_a_result_is_text_with_its_fields_beside_it(era: str) -> None:
    async with bridge(era, StandIn(report(ran_seconds=31.2, tail=b"hidden\n"))) as setting:
        answer = await setting.call("run_task", RUN)
    assert not answer.is_error
    assert answer.text == "SUCCESS exit=0 31.2s output=/state/output/task_8.log"
    fields = answer.meta["signalpost/task"]
    assert (fields["task_id"], fields["ran_seconds"]) == (8, 31.2)


async def test_a_failed_command_is_an_ordinary_result(era: str) -> None:
    failed = report(state="failed", exit_code=2, ran_seconds=1, tail=b"\x1b[31mno\xff rule\n")
    async with bridge(era, StandIn(failed)) as setting:
        answer = await setting.call("run_task", RUN)
    assert answer.text.split("\n")[1:] == ["no\ufffd rule"]
    assert answer.is_error is False


async def test_a_run_reaches_the_broker_whole(era: str) -> None:
    async with bridge(era, StandIn(), told=options(on_disconnect="finish")) as setting:
        await setting.call("run_task", {**RUN, "queue_name": "q", "env_vars": "A=1"})
        assert setting.broker.asked == [
            {
                "command": "make",
                "working_directory": "/src",
                "queue_name": "q",
                "timeout_seconds": 1200,
                "env_vars": {"A": "1"},
                "notify": False,
                "on_disconnect": "finish",
                "wait_seconds": 50,
                "caller": CALLER,
            }
        ]


async def test_the_other_tools_answer(era: str) -> None:
    async with bridge(era, StandIn(report(state="cancelled", cancelled_by="alice"))) as setting:
        cancelled = await setting.call("cancel_task", {"task_id": 8})
        assert cancelled.text.startswith("CANCELLED after 0.0s by alice output=")
        assert (await setting.call("clear_task_logs")).text == '{"deleted":3}'
        queues = await setting.call("get_queue_status")
        [queue] = json.loads(queues.text)["queues"]
        assert [task["task_id"] for task in queue["running"] + queue["waiting"]] == [8, 9]
        assert queues.meta["signalpost/queues"]["queues"] == json.loads(queues.text)["queues"]


# ---------------------------------------------------------------- waiting


@pytest.mark.parametrize(
    ("client_name", "wait"), [("claude-code", None), ("codex-mcp-client", 290), ("who", 50)]
)
async def test_the_wait_is_what_the_client_allows(
    era: str, client_name: str, wait: float | None
) -> None:
    async with bridge(era, StandIn(), client_name=client_name) as setting:
        await setting.call("run_task", RUN)
        await setting.call("task_status", {"task_id": 8})
        assert [asked["wait_seconds"] for asked in setting.broker.asked] == [wait, wait]


async def test_opencode_is_trusted_to_wait_when_it_takes_progress(era: str) -> None:
    async with bridge(era, StandIn(), client_name="opencode") as setting:
        await setting.call("run_task", RUN)
        await setting.call("run_task", RUN, progress=ignored)
        assert [asked["wait_seconds"] for asked in setting.broker.asked] == [55, None]


async def test_the_option_wins_over_the_client(era: str) -> None:
    async with bridge(era, StandIn(), told=options(wait_budget=7.0)) as setting:
        await setting.call("run_task", RUN)
        assert setting.broker.asked[0]["wait_seconds"] == 7


async def test_notify_does_not_wait(era: str) -> None:
    async with bridge(era, StandIn(report(state="waiting", position=1))) as setting:
        answer = await setting.call("run_task", {**RUN, "notify": True})
        assert answer.text.startswith("RUNNING task=8 position=1 ")
        [asked] = setting.broker.asked
        assert (asked["wait_seconds"], asked["notify"]) == (0, True)


async def test_a_status_waits_no_longer_than_it_was_told(era: str) -> None:
    async with bridge(era, StandIn()) as setting:
        await setting.call("task_status", {"task_id": 8, "wait_seconds": 3})
        await setting.call("task_status", {"task_id": 8, "wait_seconds": 300})
        assert [asked["wait_seconds"] for asked in setting.broker.asked] == [3, 50]


async def test_a_status_shows_the_lines_asked_for(era: str) -> None:
    async with bridge(era, StandIn(report(tail=b"1\n2\n3\n"))) as setting:
        assert "\n" not in (await setting.call("task_status", {"task_id": 8})).text
        answer = await setting.call("task_status", {"task_id": 8, "lines": 2})
        assert answer.text.split("\n")[1:] == ["2", "3"]
        assert [asked["lines"] for asked in setting.broker.asked] == [50, 2]


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("tool", "arguments", "text"),
    [
        ("shell", {}, 'BAD_REQUEST: there is no tool "shell". Use one of: run_task, '),
        ("run_task", {}, "BAD_REQUEST: command is missing. Pass "),
        ("run_task", None, "BAD_REQUEST: command is missing. Pass "),
        ("run_task", {**RUN, "cwd": "/"}, 'BAD_REQUEST: run_task has no argument "cwd". It takes'),
        (
            "run_task",
            {**RUN, "command": "a\ud800"},
            "BAD_REQUEST: command contains half of a surrogate pair. Send",
        ),
    ],
)
async def test_a_wrong_call_is_a_result_that_says_what_to_do(
    era: str, tool: str, arguments: dict[str, Any] | None, text: str
) -> None:
    async with bridge(era, StandIn()) as setting:
        answer = await setting.call(tool, arguments)
        assert answer.is_error is True
        assert answer.text.startswith(text)
        assert setting.dialled == []


async def test_what_the_broker_refuses_is_passed_on(era: str) -> None:
    refusal = QueueFull("1000 tasks wait in queue global\x1b[2J. Wait for some to end.")
    async with bridge(era, StandIn(fails=refusal)) as setting:
        plain = await setting.call("run_task", RUN)
        with_progress = await setting.call("run_task", RUN, progress=ignored)
    expected = "QUEUE_FULL: 1000 tasks wait in queue global. Wait for some to end."
    for answer in (plain, with_progress):
        assert (answer.text, answer.is_error) == (expected, True)


async def test_a_fault_of_ours_is_told_without_its_text_and_logged(
    era: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        async with bridge(era, StandIn(fails=ZeroDivisionError("secret"))) as setting:
            answer = await setting.call("run_task", RUN)
    assert answer.text.startswith("INTERNAL: ")
    assert "secret" not in answer.text
    assert "ZeroDivisionError" in caplog.text


async def test_a_bad_name_is_told_at_every_call(era: str) -> None:
    async with bridge(era, StandIn(), environment={"SIGNALPOST_AGENT": "a b"}) as setting:
        answer = await setting.call("run_task", RUN)
        assert answer.text.startswith("BAD_REQUEST: SIGNALPOST_AGENT: agent name may not contain")
        assert setting.dialled == []


async def test_without_tasks_nothing_runs(era: str) -> None:
    async with bridge(era, StandIn(), told=options(no_tasks=True)) as setting:
        answer = await setting.call("run_task", RUN)
        assert answer.text.startswith("BAD_REQUEST: run_task is switched off here")
        assert (await setting.call("get_queue_status")).is_error is False
        assert setting.broker.asked == []


# ---------------------------------------------------------------- who is calling


async def test_one_client_serves_all_calls_of_an_agent(era: str) -> None:
    async with bridge(era, StandIn(), client_name="claude-code") as setting:
        for _ in range(3):
            await setting.call("run_task", RUN)
        assert setting.dialled == [AgentIdentity(label="app/claude-code")]


async def test_each_conversation_of_codex_is_an_agent(era: str) -> None:
    async with bridge(era, StandIn(), client_name="codex-mcp-client") as setting:
        for thread in ("t-1", "t-2", "t-1"):
            await setting.call("run_task", RUN, meta=thread_meta(thread))
        assert [agent.thread for agent in setting.dialled] == ["t-1", "t-2"]


async def test_a_named_agent_is_one_in_all_its_conversations(era: str) -> None:
    async with bridge(era, StandIn(), told=options(agent="alice")) as setting:
        for thread in ("t-1", "t-2"):
            await setting.call("run_task", RUN, meta=thread_meta(thread))
        assert setting.dialled == [AgentIdentity(agent="alice")]


# ---------------------------------------------------------------- progress


async def test_progress_comes_at_once_and_on_every_push(era: str) -> None:
    send, told = anyio.create_memory_object_stream[tuple[float, str | None]](9)

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        assert total is None
        await send.send((progress, message))

    broker = StandIn(held=anyio.Event())
    async with bridge(era, broker) as setting, anyio.create_task_group() as tasks, send, told:
        tasks.start_soon(setting.call, "run_task", RUN, on_progress)
        assert await told.receive() == (1, "asking for a turn in queue global")
        await broker.arrived.wait()
        broker.push(TaskProgress(report=report(state="waiting", position=2)))
        assert await told.receive() == (2, "position 2 in queue global")
        running = report(state="running", ran_seconds=5)
        broker.push(TaskProgress(report=running, last_line=b"cc\x07 x.c"))
        assert await told.receive() == (3, "running 5s; last output: cc x.c")
        broker.release()


async def test_a_call_without_a_progress_token_asks_for_no_progress(era: str) -> None:
    async with bridge(era, StandIn()) as setting:
        await setting.call("run_task", RUN)
        assert setting.broker.progress is None


# ---------------------------------------------------------------- cancel and concurrency


async def test_cancelling_a_call_cancels_it_at_the_broker(era: str) -> None:
    broker = StandIn(held=anyio.Event())
    async with bridge(era, broker) as setting:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(setting.call, "run_task", RUN)
            await broker.arrived.wait()
            tasks.cancel_scope.cancel()
        await broker.cancel_seen.wait()
        assert (broker.open_calls, broker.cancelled) == (0, 1)
        assert (await setting.call("get_queue_status")).is_error is False


async def test_many_blocked_calls_delay_nobody(era: str) -> None:
    broker = StandIn(held=anyio.Event())
    async with bridge(era, broker) as setting, anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(setting.call, "run_task", RUN)
        with anyio.fail_after(5):
            assert (await setting.call("get_queue_status")).is_error is False
        while broker.open_calls < 100:
            await checkpoint()
        broker.release()
