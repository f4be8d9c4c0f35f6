"""One life of a broker on a simulated machine: the product's own parts on simulated ground."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup, TaskStatus

from signalpost.actors import schema
from signalpost.actors.agent import Agent
from signalpost.actors.archive import Archive
from signalpost.actors.broker import Broker
from signalpost.actors.deferred import Deferred
from signalpost.actors.ending import Ending
from signalpost.actors.estimate import Estimate
from signalpost.actors.job import Running
from signalpost.actors.mailroom import Mailroom
from signalpost.actors.memory_guard import MemoryGuard
from signalpost.actors.output import Output
from signalpost.actors.reception import Reception
from signalpost.actors.recovery import Settled
from signalpost.actors.resumption import Resumption
from signalpost.actors.services import Services
from signalpost.actors.store import SqliteStore
from signalpost.actors.task import Task
from signalpost.actors.turns import Turns
from signalpost.transport import endpoint, housekeeping
from signalpost.transport.session import Session
from tests.actors.stand_ins import StandInEvents, job_of
from tests.simulation.commands import SimulatedRunner
from tests.simulation.disk import DiskConnection, KilledError, LoopCommitter
from tests.simulation.network import SimulatedRouter

if TYPE_CHECKING:
    from tests.simulation.machine import Machine


class BrokerLife:
    """From the start to the kill."""

    def __init__(self, machine: Machine, number: int) -> None:
        self._machine = machine
        self.pid = machine.fork()
        epoch = f"{number:024x}"
        self.published = endpoint.Published(
            endpoint=f"simulated:{number}",
            epoch=epoch,
            pid=self.pid,
            start_time=float(self.pid),
            version="simulated",
        )
        self.router = SimulatedRouter(machine.network, machine.passing)
        self.scope = anyio.CancelScope()
        self.turns = Turns(epoch)
        self.output = Output(machine.folder / "output")
        self.events = StandInEvents()
        self.reception = Reception(
            epoch,
            self.router.post,
            self._session_gone,
            self._session_died,
            self._note,
            lambda: machine.moment().mono,
            machine.watch,
            machine.fresh,
        )
        self.runner = SimulatedRunner(machine.commands, self._queue_of, machine.passing)
        self.committers: list[LoopCommitter] = []
        self.ending: Ending
        self.broker: Broker
        self.room: Mailroom
        self.serving = False

    def _committer(self) -> LoopCommitter:
        committer = LoopCommitter(self._machine.disk)
        self.committers.append(committer)
        return committer

    def die(self) -> None:
        """SIGKILL: nothing is said or written any more."""
        self.router.dead = True
        for committer in self.committers:
            committer.die()
        self.runner.die()
        self.scope.cancel()

    # ------------------------------------------------------------ life

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        """Serve until killed, perhaps before it does."""
        try:
            with self.scope:
                await self._live(task_status)
        except* KilledError:
            assert self.router.dead
        if not self.serving:
            task_status.started()

    async def _live(self, task_status: TaskStatus[None]) -> None:
        settled = await self._settled()
        async with (
            SqliteStore.open(
                self._machine.folder / "queue.db",
                "process",
                new_id=lambda: self._machine.fresh(16).hex(),
                connect=self._connect,
                make_committer=self._committer,
            ) as store,
            anyio.create_task_group() as tasks,
        ):
            await self._compose(store, tasks, settled)
            self.serving = True
            task_status.started()
            await anyio.sleep_forever()

    def _connect(self, path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None, factory=DiskConnection)
        connection.disk = self._machine.disk
        connection.text_factory = schema.text_of
        return connection

    async def _settled(self) -> Settled:
        """Wait until nothing of an earlier life runs that shall not; return what all came to."""
        commands = self._machine.commands
        for process in [*commands.living.values()]:
            if not process.outlives:
                await process.over.wait()
        return Settled(dict(commands.ended), {n: self._record(n) for n in commands.living})

    def _record(self, task_id: int) -> Running:
        commands = self._machine.commands
        began = commands.started[task_id]
        return Running(task_id, 0, 0, "", f"{task_id}:earlier", child=5000 + task_id, began=began)

    async def _compose(self, store: SqliteStore, tasks: TaskGroup, settled: Settled) -> None:
        machine = self._machine
        self.ending = Ending(store, MemoryGuard(0, int), None, lambda _: None)
        archive = Archive(store, self.output, machine.moment, lambda: False, self._delivered)
        self.broker = Broker(
            reception=self.reception,
            archive=archive,
            ids=machine.task_ids.__next__,
            info=self._info,
            ending=self.ending,
            tasks=tasks,
            pid=self.pid,
        )
        self.room = Mailroom(
            store=store.mail,
            reception=self.reception,
            events=self.events,
            settings=machine.settings,
            clock=machine.moment,
            tasks=self.broker.open_tasks,
            works=self._works,
            push=self.broker.push,
            text_of=lambda report: f"{report.state} {report.task_id}",
            highest=(await store.mail.highest_agent_id(), await store.mail.highest_seq()),
            fresh=machine.fresh,
        )
        await self.room.restore()
        services = self._services(store, archive)
        self.broker.equip(services, self.room.post(Deferred(tasks, self.reception.answer)))
        self.ending.watch(self.broker, lambda: len(self.reception), int)
        await Resumption(
            store=store,
            archive=archive,
            task_mail=self.room.task_mail,
            events=self.events,
            clock=machine.moment,
            output_path=lambda task_id: str(self.output.path(task_id)),
            run_dir=machine.folder,
        ).run(self.broker.restore, self.broker.adopt, settled)
        tasks.start_soon(self.reception.run)
        tasks.start_soon(self.room.tidy)
        tasks.start_soon(self.router.serve, self.broker.handle)

    def _services(self, store: SqliteStore, archive: Archive) -> Services:
        return Services(
            clock=self._machine.moment,
            reply=self.broker.reply,
            runner=self.runner,
            store=store,
            events=self.events,
            estimate=Estimate(),
            turns=self.turns,
            settings=self._machine.settings,
            job_of=job_of,
            output_path=lambda task_id: str(self.output.path(task_id)),
            finished=self._finished,
            withdrawn=lambda: None,
            delivered=self._delivered,
            answer_ended=self.broker.answer_ended,
        )

    # ------------------------------------------------------------ what the parts ask for

    def _queue_of(self, task_id: int) -> str:
        return next(t.queue_name for t in self.broker.open_tasks() if t.id == task_id)

    def _works(self, agent: Agent) -> bool:
        return any(task.session in agent.holders for task in self.broker.open_tasks())

    def _finished(self, task: Task) -> None:
        self.broker.finished(task)
        self.room.task_mail.ended(task)

    def _session_gone(self, session: Session) -> None:
        self.broker.session_gone(session)

    def _session_died(self, session: Session) -> None:
        self.room.membership.depart(session, died=True)

    def _delivered(self, agent_id: int, task_id: int) -> None:
        self.room.task_mail.delivered(agent_id, task_id)

    def _note(self) -> None: ...

    def _info(self) -> housekeeping.Info:
        raise NotImplementedError
