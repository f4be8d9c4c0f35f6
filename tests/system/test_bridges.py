"""Real bridges in front of a real broker."""

from __future__ import annotations

import json
import signal
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.system.bridge import Bridge, bridge
from tests.system.commands import tree
from tests.system.place import AFTER_DEATH_SECONDS, Place, within
from tests.system.processes import dead, lives

PROMPTLY = 1.0
"""Seconds in which a bridge ends, whatever it has open."""


@within(60)
async def test_eight_bridges_with_five_tasks_each_take_turns_strictly_in_order(
    place: Place,
) -> None:
    folder = place.folder
    alone = f"set -C; : >{folder}/inside || exit 9; echo $SIGNALPOST_TASK >>{folder}/order; rm {folder}/inside"
    async with AsyncExitStack() as stack:
        bridges = [await stack.enter_async_context(bridge(place, f"b{n}")) for n in range(8)]
        for each in bridges:
            await each.handshake()
        calls = [
            (each, each.run_task(f"{alone}; : {number}")) for number in range(5) for each in bridges
        ]
        texts = [await each.text(number) for each, number in calls]
    assert all(text.startswith("SUCCESS exit=0 ") for text in texts), texts
    started = [int(line.partition(":")[0]) for line in (folder / "order").read_text().split()]
    assert started == sorted(set(started))
    assert len(started) == 40


@within(30)
async def test_a_probe_of_the_newer_era_and_a_handshake_of_the_older_share_one_pipe(
    place: Place,
) -> None:
    async with bridge(place) as it:
        found = (await it.discover())["result"]
        assert "2026-07-28" in found["supportedVersions"]
        await it.handshake()
        assert await it.text(it.run_task("echo hi")) == await success(place)
        assert not it.answered(0)


async def success(place: Place) -> str:
    async with place.client(start=False) as client:
        report = (await client.tasks(1))[0]
    return f"SUCCESS exit=0 {report.ran_seconds:.1f}s output={report.output}"


@within(30)
async def test_two_calls_at_once_on_one_bridge_do_not_wait_for_each_other(place: Place) -> None:
    gate = place.fifo("gate")
    async with bridge(place, "alice") as it:
        await it.handshake()
        slow = it.run_task(f"read _ <{gate}", token="p")
        await it.note("running")
        assert (await it.text(it.run_task("true", queue_name="other"))).startswith("SUCCESS")
        queues = json.loads(await it.text(it.call("get_queue_status")))
        assert [queue["queue_name"] for queue in queues["queues"]] == ["global"]
        assert not it.answered(slow)
        gate.open()
        assert (await it.text(slow)).startswith("SUCCESS")


@within(30)
async def test_a_cancelled_call_kills_and_a_cancel_after_the_answer_does_nothing(
    place: Place,
) -> None:
    pids, gate = place.fifo("pids"), place.fifo("gate")
    async with bridge(place, "--wait-budget", "0.3") as it:
        await it.handshake("opencode")
        command = f"read _ <{gate}"
        number = it.run_task(command, queue_name="other")
        running = await it.text(number)
        assert running.startswith("RUNNING task=")
        it.cancel(number)
        doomed = it.run_task(tree("plain", pids))
        pid = await pids.pid()
        it.cancel(doomed)
        await dead(pid, 3)
        gate.open()
        task_id = await place.task_id(command)
        ended = await it.text(it.call("task_status", task_id=task_id))
        assert ended.startswith("SUCCESS")


@pytest.mark.parametrize("how", ["EOF", "SIGTERM", "SIGINT", "SIGHUP"])
@within(30)
async def test_a_bridge_ends_promptly_and_takes_its_tasks_along(place: Place, how: str) -> None:
    pids = place.fifo("pids")
    async with bridge(place) as it, place.client() as watcher:
        await it.handshake()
        it.run_task(tree("deaf to TERM", pids))
        pid = await pids.pid()
        it.run_task("echo waiting", token="w")
        await it.note("position 1")
        if how == "EOF":
            it.close_stdin()
        else:
            it.process.send_signal(signal.Signals[how])
        assert await it.exit(PROMPTLY) == 0
        await dead(pid, 3)
        for report in await watcher.tasks():
            assert (await watcher.task_status(report.task_id, None)).state == "cancelled"


@within(30)
async def test_a_killed_bridge_loses_its_task_after_five_seconds_unless_it_may_finish(
    place: Place,
) -> None:
    here, gate = place.fifo("here"), place.fifo("gate")
    async with (
        place.client() as watcher,
        bridge(place) as mortal,
        bridge(place, "--on-disconnect", "finish") as lasting,
    ):
        pids: list[int] = []
        for queue_name, it in (("lasting", lasting), ("mortal", mortal)):
            await it.handshake()
            it.run_task(f"echo $$ >{here}; read _ <{gate}", queue_name=queue_name)
            pids.append(await here.pid())
        lasting.process.kill()
        mortal.process.kill()
        assert (await watcher.task_status(2, None)).state == "cancelled"
        assert [lives(pid) for pid in pids] == [True, False]
        gate.open()
        assert (await watcher.task_status(1, None)).state == "success"


@within(30)
async def test_a_killed_broker_is_told_as_lost_and_the_bridge_goes_on(place: Place) -> None:
    pids = place.fifo("pids")
    async with bridge(place) as it:
        await it.handshake()
        running = it.run_task(tree("plain", pids))
        pid = await pids.pid()
        waiting = it.run_task("echo next", token="w")
        await it.note("position 1")
        family = place.family()
        place.broker_process().kill()
        await family.all_dead(AFTER_DEATH_SECONDS)
        assert not lives(pid)
        text = await it.text(running)
        assert text.startswith("LOST task=1 broker stopped; the command was killed output=")
        assert (await it.text(waiting)).startswith("SUCCESS")


@within(30)
async def test_output_of_any_bytes_reaches_the_model_as_safe_text(place: Place) -> None:
    async with bridge(place) as it:
        await it.handshake()
        strange = r"printf 'caf\351 \033[31mred\033[0m \000 \355\240\200\nover\rwritten\n'; exit 1"
        text = await it.text(it.run_task(strange))
        assert text.startswith("FAILED exit=1 ")
        assert "caf� red" in text
        assert text.endswith("\nwritten")
        assert not any(ord(c) < 32 and c != "\n" for c in text), ascii(text)
        text.encode()
        big = await it.text(it.run_task("head -c 10485760 /dev/zero | tr '\\0' x; exit 1"))
        assert len(big.encode()) < 10_000
        flood = it.run_task("seq 100000; exit 1", queue_name="other")
        lines = (await it.text(flood)).splitlines()
        assert (len(lines), lines[-1]) == (51, "100000")


@within(30)
async def test_a_bare_environment_is_enough_and_nothing_is_registered_before_a_call(
    place: Place,
) -> None:
    place.state = place.folder / ".local" / "state" / "signalpost"
    bare = {"HOME": str(place.folder), "PATH": "/usr/bin:/bin"}
    async with bridge(place, environment=bare) as it:
        await it.handshake()
        assert (await it.answer(it.ask("tools/list", {})))["result"]["tools"]
        assert not place.state.exists()
        assert (await it.text(it.run_task("true"))).startswith("SUCCESS")
        assert place.state.exists()


async def refusal(it: Bridge, tool: str, **arguments: Any) -> str:  # noqa: ANN401
    result = (await it.answer(it.call(tool, **arguments)))["result"]
    assert result["isError"], result
    text: str = result["content"][0]["text"]
    return text


@within(30)
async def test_what_makes_no_sense_is_a_tool_error_with_code_and_remedy(place: Place) -> None:
    async with bridge(place) as it:
        await it.handshake()
        run: dict[str, object] = {"command": "true", "working_directory": "/tmp"}
        wrong: list[tuple[dict[str, object], str]] = [
            ({**run, "command": ""}, "BAD_REQUEST: "),
            ({**run, "working_directory": "relative"}, "BAD_REQUEST: "),
            ({**run, "working_directory": "/no/such"}, "BAD_REQUEST: "),
            ({**run, "timeout_seconds": -5}, "BAD_REQUEST: "),
            ({**run, "timeout_seconds": 1e12}, "BAD_REQUEST: "),
            ({**run, "queue_name": "a b"}, "BAD_REQUEST: "),
            ({**run, "env_vars": "no pairs"}, "BAD_REQUEST: "),
            ({**run, "shell": "zsh"}, "BAD_REQUEST: "),
            ({**run, "env_vars": {"A": "x" * 1_100_000}}, "TOO_LARGE: "),
            ({"command": "true"}, "BAD_REQUEST: "),
        ]
        for arguments, code in wrong:
            text = await refusal(it, "run_task", **arguments)
            assert text.startswith(code), (str(arguments)[:80], text[:300])
        assert (await refusal(it, "cancel_task", task_id=77)).startswith("BAD_REQUEST: there is no")
        assert (await it.text(it.run_task("true"))).startswith("SUCCESS")


@pytest.mark.parametrize("env_vars", [{"A": "1,2", "B": "x=y"}, "A=1,2,B=x=y"])
@within(30)
async def test_env_vars_are_taken_in_both_forms(place: Place, env_vars: object) -> None:
    async with bridge(place) as it:
        await it.handshake()
        text = await it.text(it.run_task('echo "$A|$B"; exit 1', env_vars=env_vars))
        assert text.splitlines()[-1] == "1,2|x=y"
