"""What a command prints is logged as it is, within the bounds."""

from __future__ import annotations

import errno
import os
import resource

import pytest

from tests.actors.bench import Bench, python


async def test_both_streams_are_logged_in_the_order_of_their_writes(bench: Bench) -> None:
    command = "i=0; while [ $i -lt 300 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done"
    for _ in range(10):
        outcome = await bench.run(command)
        assert bench.output() == b"".join(b"o%d\ne%d\n" % (i, i) for i in range(300))
        assert (outcome.stdout_lines, outcome.stderr_lines) == (300, 300)


async def test_a_line_of_ten_megabytes_is_kept_whole(bench: Bench) -> None:
    outcome = await bench.run("head -c 10000000 /dev/zero | tr '\\0' x", head_bytes=1 << 24)
    assert bench.output() == b"x" * 10_000_000
    assert outcome.stdout_lines == 1
    assert outcome.tail == b"x" * 32768


async def test_output_beyond_its_bounds_keeps_head_and_tail(bench: Bench) -> None:
    outcome = await bench.run("seq 100000", head_bytes=1000, tail_bytes=500)
    whole = b"".join(b"%d\n" % i for i in range(1, 100001))
    cut = len(whole) - 1500
    assert outcome.cut_bytes == cut
    assert outcome.output_bytes == len(whole)
    assert bench.output() == whole[:1000] + b"\n--- %d bytes cut ---\n" % cut + whole[-500:]


async def test_output_that_is_no_text_is_logged_as_it_is(bench: Bench) -> None:
    outcome = await bench.run(r"printf '\377\000\200abc'")
    assert bench.output() == outcome.tail == b"\xff\x00\x80abc"


async def test_much_on_stderr_before_stdout_does_not_block(bench: Bench) -> None:
    outcome = await bench.run("head -c 524288 /dev/zero >&2; echo done")
    assert outcome.output_bytes == 524288 + 5
    assert bench.output().endswith(b"\0done\n")


async def test_a_command_may_close_its_output(bench: Bench) -> None:
    outcome = await bench.run("exec >&- 2>&-; sleep 0.3; exit 5")
    assert outcome.exit_code == 5
    assert outcome.ran_seconds >= 0.3


async def test_a_command_that_reads_finds_nothing(bench: Bench) -> None:
    assert (await bench.run("cat; echo end")).tail == b"end\n"


async def test_writers_that_do_not_wait_lose_nothing_to_the_order(bench: Bench) -> None:
    source = """if True:
        import os
        os.set_blocking(1, False)
        os.write(1, b"a")
        import time; time.sleep(0.2)
        for _ in range(200): os.write(1, b"b")
    """
    outcome = await bench.run(python(source))
    assert (outcome.exit_code, outcome.tail) == (0, b"a" + b"b" * 200)


async def test_a_file_that_can_grow_no_more_ends_the_log_but_not_the_task(bench: Bench) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        await bench.launcher.warm()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    outcome = await bench.run("head -c 1000000 /dev/zero; exit 3")
    assert (outcome.exit_code, outcome.output_bytes) == (3, 1_000_000)
    assert outcome.error == f"log cut short: {os.strerror(errno.EFBIG)}"


@pytest.mark.parametrize("links", [True, False])
async def test_a_log_that_is_there_already_is_left_alone(bench: Bench, links: bool) -> None:
    (bench.folder / "mine").write_text("mine")
    there = bench.folder / "task_1.log"
    there.symlink_to("mine") if links else there.write_text("mine")
    outcome = await bench.run("echo hello")
    assert there.read_text() == "mine"
    assert outcome.tail == b"hello\n"
    assert outcome.error == f"no log at {there}: {os.strerror(errno.EEXIST)}"


async def test_a_folder_of_logs_that_is_gone_is_made_again(bench: Bench) -> None:
    folder = bench.folder / "output"
    outcomes = [await bench.run("echo hello", log=f"{folder}/task_{n}.log") for n in (1, 2)]
    assert [outcome.error for outcome in outcomes] == ["", ""]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(b"hello\n" in (folder / f"task_{n}.log").read_bytes() for n in (1, 2))


async def test_a_log_that_cannot_be_opened_is_told_to_the_broker_log_too(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = await bench.run("echo hello", log="/no/such/task_1.log")
    assert outcome.tail == b"hello\n"
    assert outcome.error == f"no log at /no/such/task_1.log: {os.strerror(errno.ENOENT)}"
    assert caplog.messages == [f"task 1: {outcome.error}"]


async def test_the_log_is_private(bench: Bench) -> None:
    await bench.run("true", umask=0)
    assert (bench.folder / "task_1.log").stat().st_mode & 0o777 == 0o600
    assert (bench.folder / "task_1.exit").stat().st_mode & 0o777 == 0o600
