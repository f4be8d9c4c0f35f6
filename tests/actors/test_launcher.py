"""What the broker is promised when it runs jobs, whatever happens to the processes below."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
import msgspec
import pytest

from signalpost.actors import shim_tree
from signalpost.actors.job import Job, Outcome
from signalpost.actors.launcher import Launcher, become_subreaper
from signalpost.actors.zygote import MODULES, Zygote

pytestmark = pytest.mark.anyio

NewJob = Callable[..., Job]


@pytest.fixture
async def launcher() -> AsyncGenerator[Launcher]:
    become_subreaper()
    launcher = Launcher()
    yield launcher
    await launcher.close()


@pytest.fixture
def new_job(tmp_path: Path) -> NewJob:
    def make(command: str, task_id: int = 1, **fields: object) -> Job:
        base = tmp_path / f"task_{task_id}"
        defaults: dict[str, object] = {
            "task_id": task_id,
            "command": command,
            "working_directory": str(tmp_path),
            "environment": {"PATH": os.environ["PATH"]},
            "umask": 0o022,
            "limits": {},
            "nice": 0,
            "timeout_seconds": 30.0,
            "grace_seconds": 5.0,
            "log": f"{base}.log",
            "log_header": "",
            "head_bytes": 1 << 20,
            "tail_bytes": 1 << 20,
            "running_record": f"{base}.running",
            "exit_record": f"{base}.exit",
            "cookie": f"{tmp_path}:{task_id}",
            "stream": "",
        }
        return msgspec.convert(defaults | fields, Job)

    return make


class Started:
    """Tells when a command has started, and its pid."""

    def __init__(self) -> None:
        self.pid = 0
        self._event = anyio.Event()

    def __call__(self, pid: int) -> None:
        self.pid = pid
        self._event.set()

    async def wait(self) -> int:
        with anyio.fail_after(10):
            await self._event.wait()
        return self.pid


class Beat:
    """A fifo in which a command says that it is ready."""

    def __init__(self, folder: Path) -> None:
        os.mkfifo(folder / "beat")
        self._fd = os.open(folder / "beat", os.O_RDWR)

    async def line(self) -> str:
        with anyio.fail_after(10):
            return (await anyio.to_thread.run_sync(os.read, self._fd, 100)).decode().strip()


@pytest.fixture
def beat(tmp_path: Path) -> Beat:
    return Beat(tmp_path)


async def _run(
    launcher: Launcher, job: Job, started: Callable[[int], None] | None = None
) -> Outcome:
    with anyio.fail_after(30):
        return await launcher.run(job, started or Started())


def _children() -> set[int]:
    return shim_tree.children(os.getpid())


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _zygote_of(shim: int) -> int:
    return shim_tree.processes()[shim].parent


def _only_spare(launcher: Launcher) -> int:
    """The pid of the shim that waits for a job."""
    (zygote,) = (pid for pid in _children() if shim_tree.children(pid))
    (spare,) = shim_tree.children(zygote)
    return spare


# ---------------------------------------------------------------- plain runs


async def test_the_pid_of_the_shell_is_told_at_its_start(
    launcher: Launcher, new_job: NewJob
) -> None:
    started = Started()
    outcome = await _run(launcher, new_job("echo $$"), started)
    assert int(outcome.tail) == started.pid


async def test_jobs_run_side_by_side(launcher: Launcher, new_job: NewJob, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "meet")
    outcomes: list[Outcome] = []

    async def one(job: Job) -> None:
        outcomes.append(await _run(launcher, job))

    async with anyio.create_task_group() as group:
        group.start_soon(one, new_job("echo hello > meet", 1))
        group.start_soon(one, new_job("cat meet", 2))
    assert sorted(outcome.tail for outcome in outcomes) == [b"", b"hello\n"]


async def test_many_jobs_leave_no_process_and_no_descriptor(new_job: NewJob) -> None:
    before, fds = _children(), len(os.listdir("/proc/self/fd"))
    launcher = Launcher()
    for number in range(5):
        await _run(launcher, new_job("sleep 60 & true", number))
    await launcher.close()
    assert _children() == before
    assert len(os.listdir("/proc/self/fd")) == fds


async def test_an_environment_of_a_megabyte_is_handed_over(
    launcher: Launcher, new_job: NewJob
) -> None:
    environment = {f"V{i}": "\udcff" * 1000 for i in range(1000)}
    job = new_job("echo ok", environment=environment)
    assert (await _run(launcher, job)).tail == b"ok\n"


async def test_a_kill_ends_the_tree_before_the_outcome(
    launcher: Launcher, new_job: NewJob, beat: Beat
) -> None:
    job = new_job("setsid sleep 60 & echo $! > beat; wait")
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await _run(launcher, job))

    sleeper = 0
    async with anyio.create_task_group() as group:
        group.start_soon(run)
        sleeper = int(await beat.line())
        launcher.kill(job.task_id)
    assert (outcomes[0].reason, outcomes[0].signal) == ("killed", signal.SIGTERM)
    assert not _alive(sleeper)


async def test_a_job_that_is_killed_before_its_shim_is_there_never_starts(
    launcher: Launcher, new_job: NewJob, tmp_path: Path
) -> None:
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await _run(launcher, new_job("touch here")))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await anyio.lowlevel.checkpoint()
        launcher.kill(1)
    assert outcomes[0].reason == "killed"
    assert not (tmp_path / "here").exists()


async def test_tail_and_follow_show_what_runs(
    launcher: Launcher, new_job: NewJob, beat: Beat
) -> None:
    job = new_job("echo first; echo > beat; read x < beat2; echo second", log_header="head\n")
    folder = Path(job.working_directory)
    os.mkfifo(folder / "beat2")
    with tempfile.TemporaryDirectory(dir="/tmp") as sockets, socket.socket(socket.AF_UNIX) as peer:
        peer.bind(f"{sockets}/out.sock")
        peer.listen()
        peer.settimeout(10)
        async with anyio.create_task_group() as group:
            group.start_soon(_run, launcher, job)
            await beat.line()
            assert await launcher.tail(1) == b"first\n"
            assert launcher.shim_pid(1) > 0
            launcher.follow(1, f"{sockets}/out.sock")
            end, _ = await anyio.to_thread.run_sync(peer.accept)
            with end:
                end.settimeout(10)
                assert await anyio.to_thread.run_sync(end.recv, 13) == (
                    b"@\0\0\0\x08" + (11).to_bytes(8, "big")
                )
                os.close(os.open(folder / "beat2", os.O_WRONLY))
                assert await anyio.to_thread.run_sync(end.recv, 100) == b"1\0\0\0\x07second\n"
                assert await anyio.to_thread.run_sync(end.recv, 100) == b""
    assert await launcher.tail(1) == b""
    assert launcher.shim_pid(1) == 0


async def test_the_caller_gets_everything_although_it_reads_after_the_end(
    launcher: Launcher, new_job: NewJob
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as sockets, socket.socket(socket.AF_UNIX) as peer:
        peer.bind(f"{sockets}/out.sock")
        peer.listen()
        command = "head -c 10000000 /dev/zero & sleep 0.3; exit 3"
        outcome = await _run(launcher, new_job(command, stream=f"{sockets}/out.sock"))
        assert (outcome.exit_code, [left.name for left in outcome.leftovers]) == (3, ["head"])
        end, _ = await anyio.to_thread.run_sync(peer.accept)
        assert await anyio.to_thread.run_sync(_read_frames, end) == outcome.output_bytes


def _helper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"])


def _read_frames(end: socket.socket) -> int:
    total = 0
    with end, end.makefile("rb") as file:
        while head := file.read(5):
            total += len(file.read(int.from_bytes(head[1:], "big")))
    return total


async def test_a_slow_caller_slows_the_command(
    launcher: Launcher, new_job: NewJob, tmp_path: Path
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as sockets, socket.socket(socket.AF_UNIX) as peer:
        peer.bind(f"{sockets}/out.sock")
        peer.listen()
        job = new_job(
            "head -c 20000000 /dev/zero; touch done",
            stream=f"{sockets}/out.sock",
            timeout_seconds=0.5,
        )
        outcome = await _run(launcher, job)
        assert outcome.reason == "timeout"
        assert outcome.output_bytes < 5_000_000
        assert not (tmp_path / "done").exists()


# ---------------------------------------------------------------- deaths


async def test_a_spare_that_was_killed_is_replaced_unseen(
    launcher: Launcher, new_job: NewJob
) -> None:
    await launcher.warm()
    os.kill(_only_spare(launcher), signal.SIGKILL)
    assert (await _run(launcher, new_job("echo ok"))).tail == b"ok\n"


async def test_a_zygote_that_was_killed_is_replaced_unseen(
    launcher: Launcher, new_job: NewJob
) -> None:
    await launcher.warm()
    spare = _only_spare(launcher)
    os.kill(_zygote_of(spare), signal.SIGKILL)
    os.kill(spare, signal.SIGKILL)
    assert (await _run(launcher, new_job("echo ok"))).tail == b"ok\n"


async def test_a_job_outlives_the_death_of_the_zygote(
    launcher: Launcher, new_job: NewJob, beat: Beat
) -> None:
    before = _children()
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await _run(launcher, new_job("echo > beat; sleep 0.2; echo ok")))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await beat.line()
        os.kill(_zygote_of(launcher.shim_pid(1)), signal.SIGKILL)
    assert outcomes[0].tail == b"ok\n"
    await launcher.close()
    assert _children() == before


@pytest.mark.parametrize(
    "tree",
    [
        "setsid sh -c 'trap \"\" TERM; echo $$ > beat; while :; do sleep 1; done' & wait",
        "exec env -i sh -c 'setsid sleep 60 & echo $! > beat; wait'",
    ],
)
async def test_when_a_shim_was_killed_nothing_of_its_task_is_left(
    launcher: Launcher, new_job: NewJob, beat: Beat, tree: str
) -> None:
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await _run(launcher, new_job(tree)))

    survivor = 0
    async with anyio.create_task_group() as group:
        group.start_soon(run)
        survivor = int(await beat.line())
        os.kill(launcher.shim_pid(1), signal.SIGKILL)
    assert outcomes[0].reason == "shim_lost"
    assert not _alive(survivor)


async def test_a_chain_of_forks_dies_with_its_shim(
    launcher: Launcher, new_job: NewJob, beat: Beat, tmp_path: Path
) -> None:
    chain = """if True:
        import os
        if os.fork(): os._exit(0)
        fd = os.open("count", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        open("beat", "w").write("up\\n")
        while True:
            os.setsid()
            fd = os.open("count", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(fd, b"x")
            os.close(fd)
            if os.fork(): os._exit(0)
    """
    (tmp_path / "chain.py").write_text(chain)
    job = new_job(f"exec env -i {sys.executable} -I -S chain.py & wait; sleep 60")
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await _run(launcher, job))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await beat.line()
        os.kill(launcher.shim_pid(1), signal.SIGKILL)
    size = (tmp_path / "count").stat().st_size
    await _run(launcher, new_job("sleep 0.1", 2))
    assert (tmp_path / "count").stat().st_size == size
    assert outcomes[0].reason == "shim_lost"


@pytest.mark.parametrize("zygote_too", [False, True])
async def test_the_death_of_one_shim_does_not_touch_the_task_of_another(
    launcher: Launcher, new_job: NewJob, beat: Beat, zygote_too: bool
) -> None:
    outcomes: dict[int, Outcome] = {}

    async def run(job: Job) -> None:
        outcomes[job.task_id] = await _run(launcher, job)

    async with anyio.create_task_group() as group:
        group.start_soon(run, new_job("sleep 0.5 & echo > beat; wait; echo fine", 1))
        await beat.line()
        group.start_soon(run, new_job("echo > beat; sleep 60", 2))
        await beat.line()
        if zygote_too:
            os.kill(_zygote_of(launcher.shim_pid(1)), signal.SIGKILL)
        os.kill(launcher.shim_pid(2), signal.SIGKILL)
    assert (outcomes[1].tail, outcomes[2].reason) == (b"fine\n", "shim_lost")


async def test_helpers_of_the_broker_itself_are_spared(
    launcher: Launcher, new_job: NewJob, beat: Beat
) -> None:
    with _helper() as helper:
        async with anyio.create_task_group() as group:
            group.start_soon(_run, launcher, new_job("echo > beat; sleep 60"))
            await beat.line()
            os.kill(launcher.shim_pid(1), signal.SIGKILL)
        assert helper.poll() is None
        helper.kill()


# ---------------------------------------------------------------- refusals, ends


async def test_without_descriptors_a_job_cannot_start_and_later_ones_can(
    launcher: Launcher, new_job: NewJob
) -> None:
    await launcher.warm()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.kill(_only_spare(launcher), signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        outcome = await _run(launcher, new_job("true", 3))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert (outcome.reason, outcome.error) == ("cannot_start", "Too many open files")
    assert (await _run(launcher, new_job("echo ok", 4))).tail == b"ok\n"


async def test_an_interpreter_that_is_gone_is_named(new_job: NewJob) -> None:
    outcome = await _run(Launcher(python="/no/such/python"), new_job("true"))
    assert outcome.reason == "cannot_start"
    assert outcome.error == "No such file or directory: /no/such/python"


async def test_cancelling_a_run_waits_until_its_tree_is_dead(
    launcher: Launcher, new_job: NewJob, beat: Beat
) -> None:
    job = new_job("trap '' TERM; sleep 60 & echo $! > beat; while :; do sleep 1; done")
    sleeper = 0
    async with anyio.create_task_group() as group:
        group.start_soon(_run, launcher, msgspec.structs.replace(job, grace_seconds=0.2))
        sleeper = int(await beat.line())
        group.cancel_scope.cancel()
    assert not _alive(sleeper)


async def test_cancelling_a_run_whose_shim_hangs_kills_it_too(
    launcher: Launcher,
    new_job: NewJob,
    beat: Beat,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("signalpost.actors.launcher._MARGIN_SECONDS", 0.2)
    job = new_job("sleep 60 & echo $! > beat; wait", grace_seconds=0.1)
    sleeper = 0
    async with anyio.create_task_group() as group:
        group.start_soon(_run, launcher, job)
        sleeper = int(await beat.line())
        os.kill(launcher.shim_pid(1), signal.SIGSTOP)
        group.cancel_scope.cancel()
    assert not _alive(sleeper)


async def test_closing_kills_what_runs(new_job: NewJob, beat: Beat) -> None:
    launcher = Launcher()
    outcomes: list[Outcome] = []

    async def run() -> None:
        outcomes.append(await _run(launcher, new_job("echo $$ > beat; sleep 60")))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        shell = int(await beat.line())
        await launcher.close()
        assert not _alive(shell)
    assert outcomes[0].reason == "killed"


async def test_the_zygote_shows_neither_source_nor_environment() -> None:
    zygote = Zygote(sys.executable)
    await zygote.warm()
    arguments = await anyio.Path(f"/proc/{zygote.pid}/cmdline").read_bytes()
    environment = await anyio.Path(f"/proc/{zygote.pid}/environ").read_bytes()
    zygote.close()
    assert b"def " not in arguments
    assert environment.count(b"=") <= 1  # what a C locale makes the interpreter add


async def test_what_runs_in_the_zygote_is_in_its_list() -> None:
    folder = Path(__file__).parents[2] / "actors"
    names = {path.stem async for path in anyio.Path(folder).glob("shim*.py")}
    assert set(MODULES) == names
