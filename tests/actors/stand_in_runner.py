"""Commands that run only as far as a test moves them."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from signalpost.actors.job import Job, Outcome

DONE = Outcome(reason="exit", exit_code=0, ran_seconds=3.0)
KILLED = Outcome(reason="killed", ran_seconds=1.0)
PATIENCE = 5.0


class Run:
    """One command that "runs" until :meth:`end`; ``die`` tells beforehand that nothing lives."""

    def __init__(self, die: Callable[[], None] = lambda: None) -> None:
        self.outcome: Outcome | None = None
        self.over = anyio.Event()
        self.die = die

    def end(self, outcome: Outcome = DONE) -> None:
        self.outcome = outcome
        self.over.set()


class StandInHandover:
    """A turn that passes without the actor when the test says so."""

    def __init__(self, on_begun: Callable[[], None]) -> None:
        self.offered = False
        self.left = False
        self.closed = False
        self.tell = on_begun

    def offer(self) -> None:
        assert not self.offered
        self.offered = True

    def withdraw(self) -> bool:
        was, self.offered = self.offered, False
        return was

    def leave(self) -> None:
        self.left, self.offered = self.offered, False

    def close(self) -> None:
        self.closed = True

    def take(self) -> None:
        """Play the shim that begins by itself; its broker has not heard of it."""
        assert self.offered
        self.offered = False


class StandInRunner:
    """Runs nothing, and notes what it was asked for."""

    def __init__(self) -> None:
        self.runs: dict[int, Run] = {}
        self.jobs: list[Job] = []
        self.briefed: list[Job] = []
        self.dismissed: list[int] = []
        self.handovers: dict[tuple[int, int], StandInHandover] | None = None
        """Those that were asked for, by holder and successor; None: there are none to be had."""
        self.on_briefed: Callable[[], None] = lambda: None
        self.prompt = False
        """Whether all is ready for a job that is to begin at once."""
        self.hastened: list[Job] = []
        self.killed: list[int] = []
        self.followed: list[tuple[int, str]] = []
        self.fault: Exception | None = None
        self.tail_fault: Exception | None = None
        self.deaf = False
        """Whether a kill is only noted."""
        self.output = b"one\ntwo\n"
        self._news = anyio.Event()

    async def begun(self, task_id: int) -> Run:
        """Return the run of a task once its command runs."""
        with anyio.fail_after(PATIENCE):
            while task_id not in self.runs:
                await self._news.wait()
        return self.runs[task_id]

    def brief(self, job: Job, on_briefed: Callable[[], None]) -> None:
        self.briefed.append(job)
        self.on_briefed = on_briefed

    def handover(
        self, holder: int, successor: int, on_begun: Callable[[], None]
    ) -> StandInHandover | None:
        if self.handovers is None:
            return None
        made = self.handovers[holder, successor] = StandInHandover(on_begun)
        return made

    def dismiss(self, task_id: int) -> None:
        self.dismissed.append(task_id)

    def hasten(
        self, job: Job, on_started: Callable[[int], None], on_dead: Callable[[], None]
    ) -> bool:
        if self.prompt:
            self.hastened.append(job)
        return self.prompt

    async def run(
        self, job: Job, on_started: Callable[[int], None], on_dead: Callable[[], None]
    ) -> Outcome:
        if self.fault is not None:
            raise self.fault
        self.jobs.append(job)
        run = self.runs[job.task_id] = Run(on_dead)
        on_started(4000 + job.task_id)
        self._news.set()
        self._news = anyio.Event()
        await run.over.wait()
        assert run.outcome is not None
        return run.outcome

    async def resume(self, task_id: int) -> Outcome:
        run = self.runs[task_id] = Run()
        if task_id in self.killed and not self.deaf:
            run.end(KILLED)
        await run.over.wait()
        assert run.outcome is not None
        return run.outcome

    def kill(self, task_id: int) -> None:
        self.killed.append(task_id)
        if task_id in self.runs and not self.deaf:
            self.runs[task_id].end(KILLED)

    async def tail(self, task_id: int) -> bytes:
        if self.tail_fault is not None:
            raise self.tail_fault
        return self.output if task_id in self.runs else b""

    def follow(self, task_id: int, stream: str) -> None:
        self.followed.append((task_id, stream))

    @property
    def running(self) -> list[int]:
        return [number for number, run in self.runs.items() if not run.over.is_set()]
