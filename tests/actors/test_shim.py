"""What one running task is promised, with real shims and real commands. Case 43."""

from __future__ import annotations

import json
import os
import signal

import anyio
import anyio.to_thread
import msgspec
import pytest

from signalpost.actors import shim_child, shim_record
from signalpost.actors.job import Job, Outcome
from tests.actors.bench import Bench, python
from tests.actors.direct import direct
from tests.actors.processes import alive

# ---------------------------------------------------------------- ends


async def test_a_command_that_succeeds_is_reported_with_its_output(bench: Bench) -> None:
    outcome = await bench.run("echo out; echo err >&2")
    assert (outcome.reason, outcome.exit_code, outcome.signal) == ("exit", 0, None)
    assert outcome.tail == b"out\nerr\n"
    assert (outcome.stdout_lines, outcome.stderr_lines) == (1, 1)
    assert (outcome.output_bytes, outcome.cut_bytes, outcome.error) == (8, 0, "")
    assert bench.output() == b"out\nerr\n"


@pytest.mark.parametrize(
    ("command", "code"),
    [("exit 37", 37), ("/etc/passwd", 126), ("no-such-command", 127), ("sh -c 'kill -9 $$'", 137)],
)
async def test_the_exit_code_is_passed_on(bench: Bench, command: str, code: int) -> None:
    outcome = await bench.run(command)
    assert (outcome.reason, outcome.exit_code) == ("exit", code)


async def test_a_shell_that_a_signal_ended_has_no_exit_code(bench: Bench) -> None:
    for number in (9, 11):
        outcome = await bench.run(f"kill -{number} $$")
        assert (outcome.reason, outcome.exit_code, outcome.signal) == ("exit", None, number)


async def test_the_time_limit_kills_the_tree(bench: Bench) -> None:
    outcome = await bench.run("sleep 77 & sleep 78", timeout_seconds=0.2)
    assert outcome.reason == "timeout"
    assert 0.2 <= outcome.ran_seconds < 2


async def test_a_flood_is_cut_off_at_the_time_limit(bench: Bench) -> None:
    outcome = await bench.run("yes", timeout_seconds=0.3, head_bytes=1000, tail_bytes=1000)
    assert outcome.reason == "timeout"
    assert outcome.ran_seconds < 2
    assert outcome.cut_bytes == outcome.output_bytes - 2000


async def test_a_command_that_ignores_term_is_killed_after_the_grace(bench: Bench) -> None:
    outcome = await bench.run(
        "trap '' TERM; while :; do sleep 0.05; done", timeout_seconds=0.1, grace_seconds=0.3
    )
    assert (outcome.reason, outcome.signal) == ("timeout", signal.SIGKILL)
    assert 0.4 <= outcome.ran_seconds < 2


async def test_a_command_may_clear_up_within_the_grace(bench: Bench) -> None:
    outcome = await bench.run("trap 'echo bye; exit 4' TERM; sleep 60 & wait", timeout_seconds=0.2)
    assert (outcome.reason, outcome.exit_code, outcome.tail) == ("timeout", 4, b"bye\n")


async def test_a_stopped_command_ends_without_waiting_for_the_grace(bench: Bench) -> None:
    outcome = await bench.run("kill -STOP $$", timeout_seconds=0.2, grace_seconds=20)
    assert (outcome.reason, outcome.signal) == ("timeout", signal.SIGTERM)


async def test_the_first_reason_to_end_is_recorded(bench: Bench) -> None:
    job = bench.job("trap '' TERM; while :; do sleep 0.05; done", grace_seconds=0.5)

    def kill_soon(_pid: int) -> None:
        bench.launcher.kill(job.task_id)

    with anyio.fail_after(10):
        outcome = await bench.launcher.run(
            msgspec.structs.replace(job, timeout_seconds=0.3), kill_soon
        )
    assert outcome.reason == "killed"


# ---------------------------------------------------------------- records


async def test_the_running_record_is_there_before_the_command(bench: Bench) -> None:
    outcome = await bench.run("cat task_1.running; ls -1 | grep -c exit")
    record, count = outcome.tail.rsplit(b"}", 1)
    fields = json.loads(record + b"}")
    assert fields["task_id"] == 1
    assert fields["boot_id"] == shim_record.boot_id()
    assert fields["cookie"] == f"cookie-{os.getpid()}-1"
    assert int(count) == 0


async def test_the_exit_record_is_the_outcome(bench: Bench) -> None:
    outcome = await bench.run("echo x; sleep 60 &")
    record = (bench.folder / "task_1.exit").read_bytes()
    assert msgspec.json.decode(record, type=Outcome) == outcome


async def test_a_folder_for_records_that_is_gone_does_not_stop_the_task(bench: Bench) -> None:
    outcome = await bench.run("echo x", running_record="/no/such/r", exit_record="/no/such/e")
    assert outcome.tail == b"x\n"
    assert "record: No such file or directory" in outcome.error


async def test_the_shim_reads_exactly_the_fields_of_a_job() -> None:
    fields = {field.name for field in msgspec.structs.fields(Job)}
    assert set(shim_child.JobFields.__annotations__) == fields


async def test_usage_is_measured(bench: Bench) -> None:
    source = "x = bytearray(80_000_000); [i for i in range(2_000_000)]"
    outcome = await bench.run(python(source))
    assert outcome.peak_rss_mb is not None
    assert outcome.cpu_seconds is not None
    assert 76 < outcome.peak_rss_mb < 250
    assert 0.01 < outcome.cpu_seconds < 20


# ---------------------------------------------------------------- lifeline


async def test_nothing_survives_the_broker_by_two_seconds(bench: Bench) -> None:
    job = bench.job(
        "trap '' TERM; setsid sleep 61 & echo $! > pids; echo > beat; while :; do sleep 0.1; done",
        grace_seconds=60,
    )
    os.mkfifo(bench.folder / "beat")
    beat = os.open(bench.folder / "beat", os.O_RDWR)
    broker, shim_pid = direct(job)
    with anyio.fail_after(10):
        await anyio.to_thread.run_sync(os.read, beat, 1)
    handle = os.pidfd_open(shim_pid)
    broker.close()
    with anyio.fail_after(2):
        await anyio.wait_readable(handle)
    os.close(handle)
    os.close(beat)
    assert not alive(bench.pids()[0])
    outcome = msgspec.json.decode((bench.folder / "task_1.exit").read_bytes(), type=Outcome)
    assert (outcome.reason, outcome.signal) == ("broker_lost", signal.SIGKILL)


async def test_a_shim_does_not_mind_the_signals_of_a_terminal(bench: Bench) -> None:
    command = "for s in TERM INT HUP; do kill -$s $PPID; done; sleep 0.1; echo alive"
    assert (await bench.run(command)).tail == b"alive\n"
