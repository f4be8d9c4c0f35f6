"""What a queue's actor touches, played by stand-ins that a test moves by hand."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup

from signalpost.actors.envelope import Envelope
from signalpost.actors.estimate import Estimate
from signalpost.actors.events import Event
from signalpost.actors.job import Job
from signalpost.actors.moment import Moment
from signalpost.actors.queue import Queue
from signalpost.actors.queue_actor import QueueActor
from signalpost.actors.row import TaskRow
from signalpost.actors.services import Services, Then
from signalpost.actors.settings import Settings
from signalpost.actors.supervisor import Mailbox, Supervisor
from signalpost.actors.task import Call, Task
from signalpost.actors.turns import Turns
from signalpost.transport import messages
from tests.actors.stand_in_runner import PATIENCE, StandInRunner


class StandInStore:
    """Commits at once, or when the test says so."""

    def __init__(self) -> None:
        self.rows: dict[int, TaskRow] = {}
        self.forgotten: list[int] = []
        self.fault: Exception | None = None
        self.held: list[Callable[[], None]] | None = None
        self.put_fault: Exception | None = None
        self.refused: dict[int, Exception] = {}
        """By number of the task."""

    def accept(self, row: TaskRow, then: Then) -> None:
        self.put(row)

        def answer() -> None:
            fault = self.refused.get(row.id, self.fault)
            asyncio.get_running_loop().call_soon(then, fault)

        if self.held is None:
            answer()
        else:
            self.held.append(answer)

    def put(self, row: TaskRow) -> None:
        if self.put_fault is not None:
            raise self.put_fault
        self.rows[row.id] = row

    def forget(self, task_id: int) -> None:
        self.rows.pop(task_id, None)
        self.forgotten.append(task_id)

    def hold(self) -> list[Callable[[], None]]:
        """Let new tasks wait; each is on disk, or refused, when what is returned is called."""
        self.held = []
        return self.held

    async def committed(self) -> None:
        if self.fault is not None:
            raise self.fault


class StandInEvents:
    def __init__(self) -> None:
        self.written: list[tuple[str, dict[str, object]]] = []
        self.fault: tuple[str, Exception] | None = None

    def write(self, event: Event, /, **fields: object) -> None:
        if self.fault is not None and self.fault[0] == event:
            raise self.fault[1]
        self.written.append((event, fields))


def job_of(task: Task) -> Job:
    assert task.request is not None
    return Job(
        task_id=task.id,
        command=task.command,
        working_directory=task.working_directory,
        environment={k.decode(): v.decode() for k, v in task.request.environment.items()},
        umask=0o022,
        limits={},
        nice=0,
        timeout_seconds=task.timeout_seconds,
        grace_seconds=1,
        log=task.output,
        log_header="",
        head_bytes=0,
        tail_bytes=0,
        running_record="",
        exit_record="",
        cookie="",
        stream="",
        outlives=task.request.on_disconnect == "finish",
    )


def moment() -> Moment:
    now = anyio.current_time()
    return Moment(now, 1000.0 + now)


@dataclass
class Replies:
    """What callers were told, by correlation."""

    told: dict[bytes, list[messages.Reply | messages.Push]] = field(
        default_factory=dict[bytes, list[messages.Reply | messages.Push]]
    )
    gone: set[bytes] = field(default_factory=set[bytes])
    news: anyio.Event = field(default_factory=anyio.Event)

    def take(
        self, session: bytes, correlation: bytes, message: messages.Reply | messages.Push
    ) -> bool:
        if session in self.gone:
            return False
        self.told.setdefault(correlation, []).append(message)
        self.news.set()
        self.news = anyio.Event()
        return True

    async def answer(self, call: Call) -> messages.Reply:
        """Return the one reply to a call."""
        with anyio.fail_after(PATIENCE):
            while not (found := self.replies(call)):
                await self.news.wait()
        assert len(found) == 1
        return found[0]

    def replies(self, call: Call) -> list[messages.Reply]:
        told = self.told.get(call.correlation, [])
        return [m for m in told if not isinstance(m, messages.Push)]


class Scene:
    """One supervised queue actor among stand-ins."""

    def __init__(self, tasks: TaskGroup, width: int = 1) -> None:
        self.tasks = tasks
        self.runner = StandInRunner()
        self.store = StandInStore()
        self.events = StandInEvents()
        self.replies = Replies()
        self.finished: list[int] = []
        self.delivered: list[int] = []
        self.asked_ended: list[int] = []
        self.turns = Turns("e" * 24)
        self.briefing: Callable[[Task], Job] = job_of
        self.queue = Queue("global", width, itertools.count(1).__next__)
        self.actor = QueueActor(self.queue, self.services(), tasks)
        self.mailbox: Mailbox[Envelope] = Supervisor[Envelope](tasks).mailbox(
            "queue:global", lambda: self.actor
        )

    def services(self) -> Services:
        return Services(
            clock=moment,
            reply=self.replies.take,
            runner=self.runner,
            store=self.store,
            events=self.events,
            estimate=Estimate(),
            turns=self.turns,
            settings=Settings(),
            job_of=lambda task: self.briefing(task),  # noqa: PLW0108 - a test may change it
            output_path=lambda task_id: f"/out/task_{task_id}.log",
            finished=lambda task: self.finished.append(task.id),
            withdrawn=lambda: None,
            delivered=lambda _, task_id: self.delivered.append(task_id),
            answer_ended=lambda task_id, _call: self.asked_ended.append(task_id),
        )

    def put(self, *envelopes: Envelope) -> None:
        for envelope in envelopes:
            self.mailbox.put(envelope)

    async def answer(self, call: Call) -> messages.Reply:
        return await self.replies.answer(call)


async def rounds() -> None:
    """Let everything that can go on do so: nothing here waits for the outside world."""
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def scene(width: int = 1) -> AsyncGenerator[Scene, None]:
    """Set up a scene for the life of a block."""
    async with anyio.create_task_group() as tasks:
        yield Scene(tasks, width)
        tasks.cancel_scope.cancel()
