"""Whatever a command writes, however much and in whatever order."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import psutil
import pytest

from signalpost.transport.messages import TaskReport
from tests.system.place import Heard, Place, within

_MB = 1024 * 1024
HEAD_AND_TAIL = 16 * _MB
HEADER_AND_SUMMARY = 20_000
TAIL = 32 * 1024


async def run(place: Place, command: str, **words: float) -> TaskReport:
    async with place.client() as client:
        return await client.run_task(command, "/tmp", **words)  # type: ignore[arg-type]


def log_of(report: TaskReport) -> bytes:
    return Path(report.output).read_bytes()


def has_log(report: TaskReport) -> bool:
    return Path(report.output).exists()


def output_of(report: TaskReport) -> bytes:
    """Return what is between header and summary."""
    _, _, rest = log_of(report).partition(b"--- OUTPUT ---\n")
    return rest.partition(b"\n--- SUMMARY ---\n")[0]


@within(20)
async def test_half_a_megabyte_to_stderr_before_anything_to_stdout(place: Place) -> None:
    report = await run(place, "head -c 524288 /dev/zero | tr '\\0' e >&2; echo done")
    assert report.state == "success"
    assert output_of(report) == b"e" * 524288 + b"done\n"
    assert report.tail.endswith(b"done\n")
    assert len(report.tail) <= TAIL


@within(20)
async def test_a_line_of_ten_megabytes(place: Place) -> None:
    report = await run(place, "head -c 10485760 /dev/zero | tr '\\0' x; echo")
    assert report.state == "success"
    assert output_of(report) == b"x" * 10485760 + b"\n"
    assert len(report.tail) <= TAIL


@pytest.mark.parametrize(
    "text", [b"caf\351", b"\033[31mred\007", b"\300\200 \355\240\200", b"a\rb"]
)
@within(20)
async def test_bytes_are_kept_as_they_are(place: Place, text: bytes) -> None:
    octal = "".join(f"\\{byte:03o}" for byte in text)
    report = await run(place, f"printf '{octal}'; exit 3")
    assert (report.state, report.exit_code) == ("failed", 3)
    assert output_of(report) == report.tail == text


@within(20)
async def test_a_flood_until_the_time_limit_keeps_head_and_tail_and_says_what_was_cut(
    place: Place,
) -> None:
    async with place.client() as client:
        await client.run_task("true", "/tmp")
        before = place.broker_process().memory_info().rss
        report = await client.run_task("yes", "/tmp", timeout_seconds=1.5)
        after = place.broker_process().memory_info().rss
    assert report.state == "timeout"
    log = log_of(report)
    assert HEAD_AND_TAIL < len(log) < HEAD_AND_TAIL + HEADER_AND_SUMMARY
    assert b" bytes cut" in log
    assert report.tail.count(b"y\n") > 10_000
    assert after - before < 8 * _MB


@within(20)
async def test_a_task_is_finished_when_its_shell_is_and_what_it_left_is_killed_and_named(
    place: Place,
) -> None:
    report = await run(place, "sleep 60 & echo $!; echo done")
    pid = int(report.tail.split()[0])
    assert (report.state, report.tail) == ("success", b"%d\ndone\n" % pid)
    assert [(left.name, left.pid) for left in report.killed_leftovers] == [("sleep", pid)]
    assert report.ran_seconds < 5
    assert not psutil.pid_exists(pid)


@within(20)
async def test_a_daemon_that_detached_itself_is_a_leftover_too(place: Place) -> None:
    report = await run(place, "(setsid sleep 61 >/dev/null 2>&1 &) ; sleep 0.3; echo done")
    assert report.state == "success"
    assert [left.name for left in report.killed_leftovers] == ["sleep"]


@within(20)
async def test_a_command_that_reads_its_input_finds_the_end_of_it(place: Place) -> None:
    report = await run(place, "cat; read x; echo $?; readlink /proc/self/fd/0")
    assert report.tail == b"1\n/dev/null\n"


@within(20)
async def test_the_order_of_the_two_streams_is_kept(place: Place) -> None:
    script = "import os\nfor n in range(200): os.write(1 + n % 2, b'%d\\n' % n)"
    report = await run(place, f'{sys.executable} -c "{script}"')
    assert output_of(report).split() == [b"%d" % n for n in range(200)]


@within(20)
async def test_the_output_so_far_can_be_seen_while_it_runs(place: Place) -> None:
    here, gate = place.fifo("here"), place.fifo("gate")
    async with place.client() as client:
        heard = Heard()
        command = f"echo one; echo two >&2; echo >{here}; read _ <{gate}; echo three"
        asked = await client.run_task(command, "/tmp", notify=True, progress=heard)
        await here.line()
        so_far = await client.task_status(asked.task_id, 0, 10)
        assert (so_far.state, so_far.tail) == ("running", b"one\ntwo\n")
        gate.open()
        ended = await client.task_status(asked.task_id, None)
    assert ended.tail == b"one\ntwo\nthree\n"


@within(20)
async def test_the_newest_logs_are_kept_and_the_number_can_be_chosen(place: Place) -> None:
    place.options += ("--max-output-files", "3")
    async with place.client() as client:
        reports = [await client.run_task(f"echo {number}", "/tmp") for number in range(6)]
        await client.run_task("true", "/tmp")
        await client.ping()
        kept = {path.name for path in (place.state / "output").iterdir()}
    assert {Path(report.output).name for report in reports[-2:]} <= kept
    assert Path(reports[0].output).name not in kept


@within(20)
async def test_clearing_the_logs_never_touches_a_running_task_nor_anothers(place: Place) -> None:
    gate = place.fifo("gate")
    async with place.client("alice") as alice, place.client("bob") as bob:
        mine = await alice.run_task("echo mine", "/tmp")
        his = await bob.run_task("echo his", "/tmp")
        running = await alice.run_task(f"echo on; read _ <{gate}", "/tmp", notify=True)
        assert await alice.clear_task_logs() == 1
        assert not has_log(mine)
        assert has_log(his)
        gate.open()
        ended = await alice.task_status(running.task_id, None)
        assert b"on" in log_of(ended)
        assert (await alice.task_status(mine.task_id)).state == "success"


@within(20)
async def test_a_folder_of_logs_that_was_removed_is_made_again(place: Place) -> None:
    async with place.client() as client:
        await client.run_task("true", "/tmp")
        shutil.rmtree(place.state / "output")
        reports = [await client.run_task(f"echo {number}", "/tmp") for number in range(2)]
    assert [output_of(report) for report in reports] == [b"0\n", b"1\n"]
    assert (place.state / "output").stat().st_mode & 0o777 == 0o700


@within(20)
async def test_a_log_that_cannot_be_written_is_told_in_the_log_of_the_broker(place: Place) -> None:
    async with place.client() as client:
        await client.run_task("true", "/tmp")
        (place.state / "output" / "task_2.log").mkdir()
        report = await client.run_task("echo hello", "/tmp")
        (place.state / "output" / "task_2.log").rmdir()
    assert (report.state, report.tail) == ("success", b"hello\n")
    assert f"no log at {report.output}: File exists" in place.broker_log()


@pytest.mark.parametrize("stream", [1, 2])
@within(60)
async def test_the_last_error_of_a_flood_is_in_the_tail(place: Place, stream: int) -> None:
    command = f"seq 200000 >&{stream}; echo 'error: cause' >&2; echo stop; exit 1"
    async with place.client() as client:
        for _ in range(20):
            report = await client.run_task(command, "/tmp")
            assert report.tail.endswith(b"\n200000\nerror: cause\nstop\n")
            assert output_of(report).endswith(b"\n200000\nerror: cause\nstop\n")
