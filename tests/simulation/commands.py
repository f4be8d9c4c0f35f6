"""Commands that "run" on a simulated machine: each takes its time, and outlives its broker a little.

A command is ``work SECONDS EXIT_CODE``. When its broker is killed it goes on
for a moment, as with a real shim, and leaves a record of how it ended; one that
outlives its broker goes on to its end.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from signalpost.actors.job import Job, Outcome

Wall = Callable[[], float]


@dataclass
class Process:
    """One command that runs."""

    task_id: int
    queue: str
    outcome: Outcome
    ends_at: float
    outlives: bool
    over: anyio.Event = field(default_factory=anyio.Event)
    dead: Callable[[], None] = field(default=lambda: None)
    heir: int = 0


class Commands:
    """Everything that ran on one machine, whoever was its broker."""

    def __init__(self, chance: random.Random, wall: Wall) -> None:
        self.chance = chance
        self.wall = wall
        self.all: dict[int, Process] = {}
        self.living: dict[int, Process] = {}
        self.started: dict[int, float] = {}
        self.begun: set[str] = set()
        self.ended: dict[int, Outcome] = {}
        self.order: defaultdict[str, list[int]] = defaultdict(list)
        self.passed: list[int] = []
        """The tasks that have begun by themselves."""
        self.faults: list[str] = []
        self.widths: dict[str, int] = {}

    def start(self, job: Job, queue: str) -> Process:
        now = asyncio.get_running_loop().time()
        if job.task_id in self.started:
            self.faults.append(f"task {job.task_id} was started twice")
        beside = [p.task_id for p in self.living.values() if p.queue == queue]
        if len(beside) >= self.widths.get(queue, 1):
            self.faults.append(f"task {job.task_id} was started beside {beside} in {queue}")
        if job.command in self.begun:  # its value is in it
            self.faults.append(f"{job.command} was started twice, the second time as {job.task_id}")
        self.begun.add(job.command)
        self.started[job.task_id] = now
        self.order[queue].append(job.task_id)
        seconds, code = _work(job.command)
        reason, length = "exit", seconds
        if seconds > job.timeout_seconds:
            reason, length = "timeout", job.timeout_seconds
        outcome = Outcome(
            reason="exit" if reason == "exit" else "timeout",
            exit_code=code if reason == "exit" else None,
            ran_seconds=length,
            ended_at=self.wall() + length,
        )
        process = Process(job.task_id, queue, outcome, now + length, job.outlives)
        self.all[job.task_id] = self.living[job.task_id] = process
        asyncio.get_running_loop().call_at(process.ends_at, self._end, process)
        return process

    def kill(self, process: Process, reason: str = "killed") -> None:
        """Have a command end soon, unless it ends by itself before."""
        loop = asyncio.get_running_loop()
        dies_at = loop.time() + self.chance.uniform(0.001, 1.0)
        if dies_at >= process.ends_at or process.over.is_set():
            return
        process.ends_at = dies_at
        process.outcome = Outcome(
            reason="killed" if reason == "killed" else "broker_lost",
            ran_seconds=dies_at - self.started[process.task_id],
            ended_at=self.wall() + dies_at - loop.time(),
        )
        loop.call_at(dies_at, self._end, process)

    def _end(self, process: Process) -> None:
        now = asyncio.get_running_loop().time()
        if process.over.is_set() or now < process.ends_at:
            return
        del self.living[process.task_id]
        self.ended[process.task_id] = process.outcome
        process.dead()
        process.over.set()


class SimulatedHandover:
    """Of a turn that passes without the broker, as with :class:`.handover.Handover`."""

    def __init__(self) -> None:
        self.offered = False

    def offer(self) -> None:
        self.offered = True

    def withdraw(self) -> bool:
        was, self.offered = self.offered, False
        return was

    def leave(self) -> None:
        """The death was told, which is when the successor begins if it has not yet."""

    def close(self) -> None:
        self.offered = False


class SimulatedRunner:
    """One broker's part in it: behaves as :class:`.launcher.Launcher`."""

    def __init__(
        self,
        commands: Commands,
        queue_of: Callable[[int], str],
        passing: Callable[[str], None],
    ) -> None:
        self._commands = commands
        self._queue_of = queue_of
        self._passing = passing
        self._mine: dict[int, Process] = {}
        self._briefed: dict[int, Job] = {}
        self._dead = False
        self.unsettled: set[int] = set()
        """Whose records nobody has removed yet."""

    def brief(self, job: Job, on_briefed: Callable[[], None]) -> None:
        self._briefed[job.task_id] = job
        on_briefed()

    def dismiss(self, task_id: int) -> None:
        self._briefed.pop(task_id, None)

    def handover(
        self, holder: int, successor: int, on_begun: Callable[[], None]
    ) -> SimulatedHandover | None:
        process, job = self._mine.get(holder), self._briefed.get(successor)
        if process is None or job is None or self._commands.chance.random() < 0.3:
            return None
        handover, queue = SimulatedHandover(), self._queue_of(successor)

        def dead() -> None:
            if not self._dead and handover.withdraw():
                self._commands.passed.append(successor)
                self._mine[successor] = self._commands.start(job, queue)
                asyncio.get_running_loop().call_later(self._commands.chance.random() / 20, begun)

        def begun() -> None:
            if not self._dead:
                on_begun()

        process.heir, process.dead = successor, dead
        return handover

    def hasten(
        self, job: Job, on_started: Callable[[int], None], on_dead: Callable[[], None]
    ) -> bool:
        if job.task_id in self._mine:  # it has begun by itself
            return True
        if self._commands.chance.random() < 0.5:
            return False
        self._passing("before start")
        if not self._dead:
            self._mine[job.task_id] = self._commands.start(job, self._queue_of(job.task_id))
            self._passing("after start")
        return True

    async def run(
        self, job: Job, on_started: Callable[[int], None], on_dead: Callable[[], None]
    ) -> Outcome:
        process = self._mine.get(job.task_id) or await self._started(job)
        on_started(5000 + job.task_id)
        await process.over.wait()
        if process.heir in self._mine:  # all has gone on, and what there is to tell may be late
            await anyio.sleep(self._commands.chance.uniform(0.0, 0.05))
        await self._told(on_dead, "death")
        await anyio.sleep(self._commands.chance.uniform(0.0, 0.03))
        await self._told(lambda: None, "outcome")
        return process.outcome

    async def _started(self, job: Job) -> Process:
        await anyio.sleep(self._commands.chance.uniform(0.001, 0.02))
        self._passing("before start")
        await checkpoint_if_cancelled()
        process = self._commands.start(job, self._queue_of(job.task_id))
        self._mine[job.task_id] = process
        self._passing("after start")
        await checkpoint_if_cancelled()
        return process

    async def _told(self, tell: Callable[[], None], what: str) -> None:
        self._passing(f"before {what}")
        await checkpoint_if_cancelled()
        tell()
        self._passing(f"after {what}")
        await checkpoint_if_cancelled()

    async def resume(self, task_id: int) -> Outcome:
        process = self._mine[task_id] = self._commands.all[task_id]
        await process.over.wait()
        return process.outcome

    def kill(self, task_id: int) -> None:
        process = self._mine.get(task_id) or self._commands.living.get(task_id)
        if process is not None:
            self._commands.kill(process)

    async def tail(self, task_id: int) -> bytes:
        return b"output\n"

    def follow(self, task_id: int, stream: str) -> None: ...

    def die(self) -> None:
        """The broker is killed: its shims notice, and kill what they run."""
        self._dead = True
        for process in self._mine.values():
            if not process.outlives:
                self._commands.kill(process, "broker_lost")


def _work(command: str) -> tuple[float, int]:
    _, seconds, code, *_ = command.split()
    return float(seconds), int(code)
