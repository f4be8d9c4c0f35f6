"""What one running task is promised, with real shims and real commands."""

from __future__ import annotations

import errno
import json
import os
import resource
import shlex
import signal
import socket
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import msgspec
import pytest

from signalpost.actors import shim_child, shim_record
from signalpost.actors.job import Job, Outcome
from signalpost.actors.launcher import Launcher, become_subreaper

pytestmark = pytest.mark.anyio


def _nobody(_pid: int) -> None:
    """Not interested."""


class Bench:
    """Runs commands as tasks in one folder."""

    def __init__(self, folder: Path, launcher: Launcher) -> None:
        self.folder = folder
        self.launcher = launcher
        self.count = 0

    def job(self, command: str, **fields: object) -> Job:
        self.count += 1
        base = self.folder / f"task_{self.count}"
        defaults: dict[str, object] = {
            "task_id": self.count,
            "command": command,
            "working_directory": str(self.folder),
            "environment": {"PATH": os.environ["PATH"], "HERE": str(self.folder)},
            "umask": 0o022,
            "limits": {},
            "nice": 0,
            "timeout_seconds": 20.0,
            "grace_seconds": 5.0,
            "log": f"{base}.log",
            "log_header": "COMMAND: x\n--- OUTPUT ---\n",
            "head_bytes": 1 << 20,
            "tail_bytes": 1 << 20,
            "running_record": f"{base}.running",
            "exit_record": f"{base}.exit",
            "cookie": f"cookie-{os.getpid()}-{self.count}",
            "stream": "",
        }
        return msgspec.convert(defaults | fields, Job)

    async def run(self, command: str, **fields: object) -> Outcome:
        with anyio.fail_after(30):
            return await self.launcher.run(self.job(command, **fields), _nobody)

    def log(self) -> bytes:
        return (self.folder / f"task_{self.count}.log").read_bytes()

    def output(self) -> bytes:
        body = self.log().removeprefix(b"COMMAND: x\n--- OUTPUT ---\n")
        return body.rpartition(b"\n--- SUMMARY ---\n")[0]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Bench]:
    become_subreaper()
    launcher = Launcher()
    yield Bench(tmp_path, launcher)
    await launcher.close()


def _python(source: str) -> str:
    return f"{shlex.quote(sys.executable)} -I -S -c {shlex.quote(source)}"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _pids(bench: Bench, name: str = "pids") -> list[int]:
    return [int(word) for word in (bench.folder / name).read_text().split()]


# ---------------------------------------------------------------- ends


async def test_a_command_that_succeeds_is_reported_with_its_output(bench: Bench) -> None:
    outcome = await bench.run("echo out; echo err >&2")
    assert (outcome.reason, outcome.exit_code, outcome.signal) == ("exit", 0, None)
    assert outcome.tail == b"out\nerr\n"
    assert (outcome.stdout_lines, outcome.stderr_lines) == (1, 1)
    assert (outcome.output_bytes, outcome.cut_bytes, outcome.error) == (8, 0, "")
    assert bench.output() == b"out\nerr\n"


async def test_the_exit_code_is_passed_on(bench: Bench) -> None:
    assert (await bench.run("exit 37")).exit_code == 37


async def test_a_shell_that_a_signal_ended_has_no_exit_code(bench: Bench) -> None:
    outcome = await bench.run("kill -9 $$")
    assert (outcome.reason, outcome.exit_code, outcome.signal) == ("exit", None, 9)


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


# ---------------------------------------------------------------- leftovers


async def test_what_a_command_leaves_behind_is_killed_and_named(bench: Bench) -> None:
    outcome = await bench.run("sleep 60 & echo $! > pids; echo done")
    assert (outcome.reason, outcome.exit_code) == ("exit", 0)
    assert outcome.ran_seconds < 2
    assert [(left.name, left.pid) for left in outcome.leftovers] == [("sleep", _pids(bench)[0])]
    assert not _alive(_pids(bench)[0])
    assert b"KILLED LEFTOVERS: sleep(" in bench.log()


async def test_a_daemon_that_ignores_term_does_not_survive(bench: Bench) -> None:
    source = """if True:
        import os, signal, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                    signal.signal(number, signal.SIG_IGN)
                print(os.getpid(), file=open("pids", "w"), flush=True)
                open("ready", "w").close()
                os.execve("/bin/sleep", ["hardy", "60"], {})
            os._exit(0)
        while not os.path.exists("ready"):
            time.sleep(0.005)
    """
    outcome = await bench.run(_python(source), grace_seconds=0.3)
    assert outcome.exit_code == 0
    assert [left.pid for left in outcome.leftovers] == _pids(bench)
    assert not _alive(_pids(bench)[0])


async def test_a_chain_that_forks_and_exits_for_ever_does_not_survive(bench: Bench) -> None:
    source = """if True:
        import os, signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork():
            os._exit(0)
        while True:
            os.setsid()
            fd = os.open("beat", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(fd, b"x")
            os.close(fd)
            if os.fork():
                os._exit(0)
    """
    outcome = await bench.run(_python(source), grace_seconds=0.2)
    assert outcome.reason == "exit"
    size = (bench.folder / "beat").stat().st_size
    await bench.run("sleep 0.1")
    assert (bench.folder / "beat").stat().st_size == size


async def test_a_leftover_that_ends_at_once_does_not_cost_the_grace(bench: Bench) -> None:
    began = time.monotonic()
    await bench.run("sleep 60 &", grace_seconds=20)
    assert time.monotonic() - began < 5


@pytest.mark.skipif(not os.path.exists("/bin/bash"), reason="needs bash")
async def test_a_helper_that_ends_by_itself_may_finish(bench: Bench) -> None:
    command = "bash -c 'exec > >(sleep 0.01; cat > copy); echo last'"
    outcome = await bench.run(command)
    assert (bench.folder / "copy").read_text() == "last\n"
    assert outcome.leftovers == []


async def test_the_last_words_of_a_leftover_are_logged(bench: Bench) -> None:
    source = """if True:
        import os, signal, sys, time
        def bye(*_):
            os.write(1, b"last words")
            os._exit(0)
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, bye)
            open("ready", "w").close()
            time.sleep(60)
        while not os.path.exists("ready"):
            time.sleep(0.005)
    """
    outcome = await bench.run(_python(source))
    assert outcome.tail == b"last words"
    assert bench.output() == b"last words"


async def test_at_most_twenty_leftovers_are_named(bench: Bench) -> None:
    outcome = await bench.run("for i in $(seq 30); do sleep 60 & done")
    assert len(outcome.leftovers) == 20


# ---------------------------------------------------------------- output


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
    outcome = await bench.run(_python(source))
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
    assert outcome.error == f"log: {os.strerror(errno.EFBIG)}"


@pytest.mark.parametrize("links", [True, False])
async def test_a_log_that_is_there_already_is_left_alone(bench: Bench, links: bool) -> None:
    (bench.folder / "mine").write_text("mine")
    there = bench.folder / "task_1.log"
    there.symlink_to("mine") if links else there.write_text("mine")
    outcome = await bench.run("echo hello")
    assert there.read_text() == "mine"
    assert (outcome.tail, outcome.error) == (b"hello\n", f"log: {os.strerror(errno.EEXIST)}")


async def test_the_log_is_private(bench: Bench) -> None:
    await bench.run("true", umask=0)
    assert (bench.folder / "task_1.log").stat().st_mode & 0o777 == 0o600
    assert (bench.folder / "task_1.exit").stat().st_mode & 0o777 == 0o600


# ---------------------------------------------------------------- what the command inherits


async def test_the_command_gets_just_the_environment_of_the_job(bench: Bench) -> None:
    outcome = await bench.run("/usr/bin/env", environment={"A": "b c", "N": "\udcff"})
    lines = [x for x in outcome.tail.splitlines() if not x.startswith((b"PWD=", b"OLDPWD=", b"_="))]
    assert set(lines) == {b"A=b c", b"N=\xff", b"SIGNALPOST_TASK=cookie-%d-1" % os.getpid()}


async def test_the_command_gets_directory_umask_and_limits(bench: Bench) -> None:
    (bench.folder / "sub").mkdir()
    outcome = await bench.run(
        "pwd; umask; ulimit -n; ulimit -c",
        working_directory=str(bench.folder / "sub"),
        umask=0o027,
        limits={"RLIMIT_NOFILE": 123, "RLIMIT_CORE": -1, "RLIMIT_NO_SUCH": 7},
    )
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    blocks = "unlimited" if hard == resource.RLIM_INFINITY else str(hard // 512)
    assert outcome.tail.decode() == f"{bench.folder / 'sub'}\n0027\n123\n{blocks}\n"


async def test_the_limits_of_a_command_are_not_those_of_its_shim(bench: Bench) -> None:
    outcome = await bench.run(
        "head -c 300000 /dev/zero", limits={"RLIMIT_FSIZE": 1000, "RLIMIT_NOFILE": 10}
    )
    assert (outcome.error, len(bench.output())) == ("", 300000)


async def test_the_command_gets_its_niceness(bench: Bench) -> None:
    assert (await bench.run("sleep 0.1; nice", nice=7)).tail == b"7\n"


async def test_the_command_goes_first_when_memory_ends(bench: Bench) -> None:
    outcome = await bench.run("cd /proc; cat self/oom_score_adj $PPID/oom_score_adj")
    mine, shims = (int(word) for word in outcome.tail.split())
    assert mine == 500 > shims


async def test_the_command_has_default_signals_and_nothing_of_ours_open(bench: Bench) -> None:
    outcome = await bench.run("exec ls -l /proc/self/fd; ")
    assert len([line for line in outcome.tail.splitlines() if b" -> " in line]) == 4
    signals = await bench.run("exec grep -E 'Sig(Ign|Blk)' /proc/self/status")
    c_library = 0b11 << 31  # which ignores two signals of its own in what it spawns
    blocked, ignored = (int(line.split()[1], 16) for line in signals.tail.splitlines())
    assert (blocked, ignored & ~c_library) == (0, 0)


async def test_the_command_is_leader_of_its_own_session(bench: Bench) -> None:
    outcome = await bench.run("echo $$; exec cut -d' ' -f1,6 /proc/self/stat")
    shell, pid, session = outcome.tail.split()
    assert shell == pid == session


async def test_no_process_shows_the_command_or_the_environment_of_another(bench: Bench) -> None:
    command = "tr '\\0' ' ' < /proc/$PPID/cmdline; tr '\\0' ' ' < /proc/$PPID/environ"
    outcome = await bench.run(command, environment={"PATH": os.environ["PATH"], "SECRET": "s3"})
    assert b"s3" not in outcome.tail
    assert b"cmdline" not in outcome.tail


# ---------------------------------------------------------------- what cannot start


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"working_directory": "/no/such"}, "No such file or directory: /no/such"),
        ({"working_directory": "/etc/passwd"}, "Not a directory: /etc/passwd"),
        ({"command": "x" * 200_000}, "Argument list too long: /bin/sh"),
        ({"command": "a\0b"}, "embedded null byte"),
        ({"environment": {"A=B": "c"}}, "illegal environment variable name"),
    ],
)
async def test_what_cannot_start_says_why(bench: Bench, fields: dict[str, Any], error: str) -> None:
    outcome = await bench.run(**({"command": "true"} | fields))
    assert (outcome.reason, outcome.error) == ("cannot_start", error)
    assert (outcome.exit_code, outcome.signal) == (None, None)
    assert f"REASON: cannot_start: {error}\n".encode() in bench.log()


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
    outcome = await bench.run(_python(source))
    assert outcome.peak_rss_mb is not None
    assert outcome.cpu_seconds is not None
    assert 76 < outcome.peak_rss_mb < 250
    assert 0.01 < outcome.cpu_seconds < 20


# ---------------------------------------------------------------- lifeline


def _direct(job: Job) -> tuple[socket.socket, int]:
    """Run a shim of our own, whose broker we are, and return its control socket and pid."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        from signalpost.actors import shim

        ours.close()
        os.setsid()
        shim.main(theirs.detach())
        os._exit(0)
    theirs.close()
    ours.sendall(json.dumps({"op": "run", **msgspec.to_builtins(job)}).encode() + b"\n")
    return ours, pid


async def test_nothing_survives_the_broker_by_two_seconds(bench: Bench) -> None:
    job = bench.job(
        "trap '' TERM; setsid sleep 61 & echo $! > pids; echo > beat; while :; do sleep 0.1; done",
        grace_seconds=60,
    )
    os.mkfifo(bench.folder / "beat")
    beat = os.open(bench.folder / "beat", os.O_RDWR)
    broker, shim_pid = _direct(job)
    with anyio.fail_after(10):
        await anyio.to_thread.run_sync(os.read, beat, 1)
    handle = os.pidfd_open(shim_pid)
    broker.close()
    with anyio.fail_after(2):
        await anyio.wait_readable(handle)
    os.close(handle)
    os.close(beat)
    assert not _alive(_pids(bench)[0])
    outcome = msgspec.json.decode((bench.folder / "task_1.exit").read_bytes(), type=Outcome)
    assert (outcome.reason, outcome.signal) == ("broker_lost", signal.SIGKILL)


async def test_a_shim_does_not_mind_the_signals_of_a_terminal(bench: Bench) -> None:
    command = "for s in TERM INT HUP; do kill -$s $PPID; done; sleep 0.1; echo alive"
    assert (await bench.run(command)).tail == b"alive\n"
