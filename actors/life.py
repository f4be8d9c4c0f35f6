"""One life of a broker: what it is made of, opened in order and closed in reverse."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import anyio

from ..transport import door, endpoint, housekeeping
from ..transport.errors import SignalpostError
from ..transport.result_text import result_text
from ..transport.session import Session
from ..transport.sockets import Router, zeromq_version
from . import recovery
from .agent import Agent
from .archive import Archive
from .ballast import Ballast
from .briefing import Briefing
from .broker import Broker
from .committer import Committer
from .deferred import Deferred
from .ending import Ending
from .estimate import Estimate
from .eventlog import EventLog
from .launcher import Launcher
from .lock import Lock
from .mailroom import Mailroom
from .memory_guard import MemoryGuard, own_size
from .output import Output
from .presence import Presence
from .pruning import Pruning
from .reception import Reception
from .resumption import Resumption
from .round_clock import RoundClock
from .services import Services
from .settings import Settings
from .store import SqliteStore
from .task import Task
from .turns import Turns
from .unread_file import UnreadFile

logger = logging.getLogger(__name__)

_TAIL_LINES = 50
"""Of a task's output, in the mail that tells its result."""
_MB = 1024 * 1024


class Life:
    """A serving broker. Make one with :meth:`open`."""

    def __init__(
        self,
        data_dir: Path,
        settings: Settings,
        published: endpoint.Published,
        store: SqliteStore,
        router: Router,
        lock: Lock,
        launcher: Launcher,
        ending: Ending,
    ) -> None:
        self._data_dir = data_dir
        self._run_dir = endpoint.run_dir(data_dir)
        self._settings = settings
        self._published = published
        self._started_at = time.time()
        self._clock = RoundClock()
        self._store = store
        self._router = router
        self._lock = lock
        self._ending = ending
        self._turns = Turns(published.epoch)
        self._output = Output(endpoint.output_dir(data_dir), settings.max_output_files)
        log_bytes = int(settings.max_log_size * _MB)
        self._events = EventLog(
            data_dir / "signalpost-logs.json",
            log_bytes,
            later=asyncio.get_running_loop().call_later,
        )
        self._presence = Presence(data_dir, published, lock, store, router.door, ending.fold)
        self._archive = Archive(
            store, self._output, self._clock, self._presence.gone, self._delivered
        )
        self._launcher = launcher
        self._reception = Reception(
            published.epoch,
            router.post,
            self._session_gone,
            self._session_died,
            self._session_came,
            # The same clock as anyio's, at a tenth of its cost.
            asyncio.get_running_loop().time,
        )

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        data_dir: Path,
        lock: Lock,
        settings: Settings,
        published: endpoint.Published,
        *,
        idle_exit: bool,
    ) -> AsyncGenerator[Ending, None]:
        """Serve for the life of the block, which should end when the ending is over."""
        run_dir = endpoint.run_dir(data_dir)
        settled = await recovery.settle(run_dir)
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(
                SqliteStore.open(
                    data_dir / "queue.db",
                    settings.durability,
                    make_committer=lambda: Committer(Ballast(data_dir / "store.ballast")),
                )
            )
            lock.skip_to(await store.highest_id())
            lock.skip_to(Output(endpoint.output_dir(data_dir)).highest_id())
            launcher = Launcher()
            stack.push_async_callback(launcher.close)
            launcher.adopt(settled.living.values(), run_dir)
            await launcher.warm()
            size = stack.enter_context(own_size())
            guard = MemoryGuard(int(settings.memory_limit * _MB), size)
            router = stack.enter_context(Router(published.endpoint, guard.note))
            idle_seconds = settings.idle_exit * 60 if idle_exit else None
            ending = Ending(store, guard, idle_seconds, launcher.limit_grace)
            life = cls(data_dir, settings, published, store, router, lock, launcher, ending)
            await stack.enter_async_context(life.run(settled))
            yield ending

    @asynccontextmanager
    async def run(self, settled: recovery.Settled) -> AsyncGenerator[None, None]:
        """Compose the parts and serve until the block ends."""
        estimate = Estimate()
        for command, folder, seconds in await self._store.durations():
            estimate.learn(command, folder, seconds)
        async with anyio.create_task_group() as tasks:
            broker = self._broker = Broker(
                reception=self._reception,
                archive=self._archive,
                ids=self._lock.next_id,
                info=self._info,
                ending=self._ending,
                tasks=tasks,
                pid=os.getpid(),
            )
            room = self._room = await self._mailroom(broker)
            post = room.post(Deferred(tasks, self._reception.answer))
            broker.equip(self._services(broker, estimate), post)
            self._unread = UnreadFile(self._data_dir / "unread.json", room.unread, self._clock)
            self._ending.watch(broker, lambda: len(self._reception), self._presence.look)
            resumption = Resumption(
                store=self._store,
                archive=self._archive,
                task_mail=room.task_mail,
                events=self._events,
                clock=self._clock,
                output_path=self._output_path,
                run_dir=self._run_dir,
            )
            for task_id in await resumption.run(broker.restore, broker.adopt, settled):
                tasks.start_soon(self._disown, task_id)
            for job in (
                self._reception.run,
                self._launcher.keep,
                self._ending.heed_signals,
                self._ending.heed_folder,
                self._ending.heed_store,
                self._ending.heed_memory,
                self._ending.heed_idleness,
                Pruning(self._store, self._settings.history_days, self._clock).run,
                room.tidy,
                self._unread.run,
            ):
                tasks.start_soon(job)
            tasks.start_soon(self._router.serve, broker.handle, self._reception.missed)
            yield
            self._router.flush()
            tasks.cancel_scope.cancel()
        self._room.close()
        self._unread.finish()
        self._reception.shut()
        self._events.close()

    def _services(self, broker: Broker, estimate: Estimate) -> Services:
        briefing = Briefing(self._data_dir, self._run_dir, self._settings, self._turns.cookie)
        return Services(
            clock=self._clock,
            reply=broker.reply,
            runner=self._launcher,
            store=self._store,
            events=self._events,
            estimate=estimate,
            turns=self._turns,
            settings=self._settings,
            job_of=briefing.job_of,
            output_path=self._output_path,
            withdrawn=self._ending.note,
            finished=self._finished,
            delivered=self._delivered,
            answer_ended=broker.answer_ended,
        )

    async def _mailroom(self, broker: Broker) -> Mailroom:
        room = Mailroom(
            store=self._store.mail,
            reception=self._reception,
            events=self._events,
            settings=self._settings,
            clock=self._clock,
            tasks=broker.open_tasks,
            works=self._works,
            push=broker.push,
            text_of=lambda report: result_text(report, tail_lines=_TAIL_LINES),
            highest=(
                await self._store.mail.highest_agent_id(),
                await self._store.mail.highest_seq(),
            ),
        )
        await room.restore()
        return room

    def _works(self, agent: Agent) -> bool:
        """Tell whether an agent has an open task."""
        tasks = self._broker.open_tasks()
        return bool(tasks) and any(task.session in agent.holders for task in tasks)

    def _output_path(self, task_id: int) -> str:
        return str(self._output.path(task_id))

    # ------------------------------------------------------------ while it runs

    def _session_came(self) -> None:
        self._presence.look()
        self._ending.note()

    def _session_died(self, session: Session) -> None:
        self._room.membership.depart(session, died=True)

    def _delivered(self, agent_id: int, task_id: int) -> None:
        self._room.task_mail.delivered(agent_id, task_id)

    def _session_gone(self, session: Session) -> None:
        self._broker.session_gone(session)
        self._ending.note()

    def _finished(self, task: Task) -> None:
        self._broker.finished(task)
        self._room.task_mail.ended(task)
        self._presence.look()
        self._ending.note()
        self._router.door.ease()
        self._broker.later(self._tidy_after, task.id)

    async def _tidy_after(self, task_id: int) -> None:
        """Forget what was kept for the case that we die, once the store has it."""
        try:
            await self._store.committed()
            recovery.forget(self._run_dir, task_id)
            self._output.prune(self._turns.open_ids())
        except (SignalpostError, OSError) as error:
            logger.error("not tidied up after task %d: %s", task_id, error)  # noqa: TRY400

    async def _disown(self, task_id: int) -> None:
        """Kill what still runs of a task that nobody knows: the store is another than it was."""
        self._launcher.kill(task_id)
        await self._launcher.resume(task_id)
        recovery.forget(self._run_dir, task_id)

    def _info(self) -> housekeeping.Info:
        open_tasks = self._broker.open_tasks()
        running = sum(task.state == "running" for task in open_tasks)
        return housekeeping.Info(
            software=self._published.version,
            pid=os.getpid(),
            started_at=self._started_at,
            data_dir=str(self._data_dir),
            endpoint=self._published.endpoint,
            settings=self._settings.words(),
            sqlite=sqlite3.sqlite_version,
            zeromq=zeromq_version(),
            sessions=len(self._reception),
            open_files=door.open_files(),
            open_files_limit=door.raise_file_limit(),
            running=running,
            waiting=len(open_tasks) - running,
        )
