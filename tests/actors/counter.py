# pyright: reportPossiblyUnboundVariable=false
"""A whole broker in this process, over a real socket; only the commands are stand-ins."""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from signalpost.actors.archive import Archive
from signalpost.actors.broker import Broker
from signalpost.actors.deferred import Deferred
from signalpost.actors.ending import Ending
from signalpost.actors.estimate import Estimate
from signalpost.actors.mailroom import Mailroom
from signalpost.actors.memory_guard import MemoryGuard
from signalpost.actors.output import Output
from signalpost.actors.reception import Reception
from signalpost.actors.services import Services
from signalpost.actors.settings import Settings
from signalpost.actors.store import SqliteStore
from signalpost.actors.task import Task
from signalpost.actors.turns import Turns
from signalpost.transport import frames, housekeeping, messages
from signalpost.transport.session import Session
from signalpost.transport.sockets import Dealer, Router
from tests.actors.stand_in_runner import PATIENCE, StandInRunner
from tests.actors.stand_ins import StandInEvents, job_of, moment

Answer = messages.Reply | messages.Push
EPOCH = "ab" * 12


class Counter:
    """The broker, put together as in a life but without processes."""

    def __init__(
        self,
        folder: Path,
        router: Router,
        store: SqliteStore,
        tasks: TaskGroup,
        settings: Settings | None = None,
        highest: tuple[int, int] = (0, 0),
    ) -> None:
        self.folder = folder
        self.endpoint = f"ipc://{folder}/b.sock"
        self.router = router
        self.tasks = tasks
        self.runner = StandInRunner()
        self.store = store
        self.turns = Turns(EPOCH)
        self.output = Output(folder / "output")
        self.now = anyio.current_time
        self.reception = Reception(
            EPOCH, self.router.post, self._session_gone, self._session_died, self._note, self.now
        )
        self.memory = 0
        self.guard = MemoryGuard(0, lambda: self.memory)
        self.ending = Ending(store, self.guard, None, self._limit_grace)
        archive = Archive(store, self.output, moment, store.vanished, self._delivered)
        self.broker = Broker(
            reception=self.reception,
            archive=archive,
            ids=itertools.count(1).__next__,
            info=self._info,
            ending=self.ending,
            tasks=tasks,
            pid=os.getpid(),
        )
        self.events = StandInEvents()
        self.settings = settings or Settings(queues={"wide": 4})
        self.room = Mailroom(
            store=store.mail,
            reception=self.reception,
            events=self.events,
            settings=self.settings,
            clock=moment,
            tasks=self.broker.open_tasks,
            works=lambda agent: any(t.session in agent.holders for t in self.broker.open_tasks()),
            push=self.broker.push,
            text_of=lambda report: f"{report.state} {report.task_id}",
            highest=highest,
        )
        self.broker.equip(self._services(), self.room.post(Deferred(tasks, self.reception.answer)))
        self.ending.watch(self.broker, lambda: len(self.reception), int)
        for job in (self.reception.run, self.ending.heed_folder):
            tasks.start_soon(job)
        tasks.start_soon(self.router.serve, self.broker.handle, self.reception.missed)

    def _services(self) -> Services:
        return Services(
            clock=moment,
            reply=self.broker.reply,
            runner=self.runner,
            store=self.store,
            events=self.events,
            estimate=Estimate(),
            turns=self.turns,
            settings=self.settings,
            job_of=job_of,
            output_path=lambda task_id: str(self.output.path(task_id)),
            finished=self._finished,
            withdrawn=lambda: None,
            delivered=self._delivered,
            answer_ended=self.broker.answer_ended,
        )

    def _finished(self, task: Task) -> None:
        self.broker.finished(task)
        self.room.task_mail.ended(task)
        self.ending.note()

    def _session_gone(self, session: Session) -> None:
        self.broker.session_gone(session)
        self.ending.note()

    def _delivered(self, agent_id: int, task_id: int) -> None:
        self.room.task_mail.delivered(agent_id, task_id)

    def _session_died(self, session: Session) -> None:
        self.room.membership.depart(session, died=True)

    def _note(self) -> None:
        self.ending.note()

    def _limit_grace(self, _seconds: float) -> None: ...

    def _info(self) -> housekeeping.Info:
        raise ZeroDivisionError  # stands for any fault of ours

    async def speaker(self, **hello: Any) -> Speaker:  # noqa: ANN401
        """Connect somebody and open a session."""
        guest = self.stranger()
        await guest.hello(**hello)
        return guest

    def stranger(self) -> Speaker:
        """Connect somebody who has not said hello."""
        guest = Speaker(Dealer(self.endpoint, linger_ms=0))
        self.tasks.start_soon(guest.listen)
        return guest


class Speaker:
    """One raw connection: says what a test wants and keeps what it hears."""

    def __init__(self, dealer: Dealer) -> None:
        self.dealer = dealer
        self.token = frames.NO_SESSION
        self.heard: list[tuple[bytes, Answer]] = []
        self._news = anyio.Event()
        self._decoder = frames.answer_decoder()

    async def listen(self) -> None:
        with self.dealer:
            await self.dealer.serve(self._hear)

    def _hear(self, parts: list[bytes]) -> None:
        frames.check(parts)
        answer = self._decoder.decode(parts[1])
        self.heard.append((frames.correlation_of(parts[0]), answer))
        self._news.set()
        self._news = anyio.Event()

    async def hello(self, **fields: Any) -> messages.Welcome:  # noqa: ANN401
        words: dict[str, Any] = {"software": "test", "kind": "client", **fields}
        said = messages.Hello(**words)
        welcome = await self.ask(said)
        assert isinstance(welcome, messages.Welcome)
        self.token = welcome.session
        return welcome

    def say(self, request: messages.Request, correlation: bytes = b"") -> bytes:
        """Send a request and return its correlation."""
        correlation = correlation or secrets.token_bytes(16)
        self.dealer.send(frames.header(self.token, correlation), frames.encode(request))
        return correlation

    async def answer(self, correlation: bytes, count: int = 1) -> Answer:
        """Return the ``count``-th thing heard under a correlation."""
        with anyio.fail_after(PATIENCE):
            while len(found := [a for c, a in self.heard if c == correlation]) < count:
                await self._news.wait()
        return found[count - 1]

    async def ask(self, request: messages.Request, correlation: bytes = b"") -> Answer:
        return await self.answer(self.say(request, correlation))

    async def report(self, request: messages.Request) -> messages.TaskReport:
        answer = await self.ask(request)
        assert isinstance(answer, messages.TaskReport), answer
        return answer

    async def refusal(self, request: messages.Request) -> messages.Failed:
        answer = await self.ask(request)
        assert isinstance(answer, messages.Failed), answer
        return answer

    async def settle(self) -> None:
        """Return when the broker has served all that was said."""
        await self.ask(messages.Heartbeat())
        for _ in range(20):
            await checkpoint()


def run(command: str = "make", **fields: Any) -> messages.RunTask:  # noqa: ANN401
    """Return a request that runs a command in a folder that is there."""
    words: dict[str, Any] = {"command": command, "working_directory": "/", **fields}
    return messages.RunTask(**words)


@asynccontextmanager
async def one_life(folder: Path) -> AsyncGenerator[Counter, None]:
    """Serve a folder that an earlier life may have left, for the life of a block."""
    (folder / "output").mkdir(exist_ok=True)
    (folder / "b.sock").unlink(missing_ok=True)
    async with SqliteStore.open(folder / "queue.db", "process") as store:
        highest = await store.mail.highest_agent_id(), await store.mail.highest_seq()
        with Router(f"ipc://{folder}/b.sock") as router:
            async with anyio.create_task_group() as tasks:
                place = Counter(folder, router, store, tasks, None, highest)
                await place.room.restore()
                yield place
                router.flush()
                tasks.cancel_scope.cancel()
            place.room.close()
            place.reception.shut()


@asynccontextmanager
async def counter(settings: Settings | None = None) -> AsyncGenerator[Counter, None]:
    """Serve for the life of a block."""
    folder = Path(tempfile.mkdtemp(prefix="sp", dir="/tmp"))
    (folder / "output").mkdir()
    try:
        async with SqliteStore.open(folder / "queue.db", "process") as store:
            with Router(f"ipc://{folder}/b.sock") as router:
                async with anyio.create_task_group() as tasks:
                    place = Counter(folder, router, store, tasks, settings)
                    yield place
                    router.flush()
                    tasks.cancel_scope.cancel()
                place.room.close()
                place.reception.shut()
    finally:
        shutil.rmtree(folder)
