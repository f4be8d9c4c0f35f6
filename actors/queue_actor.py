"""The actor of one queue: takes an envelope, applies it, does what follows."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from ..transport import messages
from ..transport.errors import BadRequest, InternalFault, SignalpostError
from .acceptance import Acceptance
from .attendant import Attendant
from .effects import Answer, Effect, Finished, Kill, Queued, Resume, Start, Tell
from .envelope import (
    Adopt,
    Cancel,
    CancelWaiting,
    Died,
    EndAll,
    EndChildren,
    Ended,
    Envelope,
    GiveUp,
    Leave,
    Restore,
    Started,
    Submit,
    Unsaved,
    Watch,
)
from .events import finished_event
from .herald import Herald
from .history import row_of
from .job import not_started
from .moment import Moment
from .queue import Queue
from .services import Services
from .succession import Succession
from .supervisor import Mailbox
from .task import Call, Task

logger = logging.getLogger(__name__)

E = TypeVar("E")


class QueueActor:
    """Runs one :class:`Queue`. It alone changes the queue's state."""

    def __init__(self, queue: Queue, services: Services, tasks: TaskGroup) -> None:
        self.queue = queue
        self._services = services
        self._tasks = tasks
        self._in_hand: Envelope | None = None
        self._todo: deque[Effect] = deque()
        self._to_launch: deque[Task] = deque()
        self._mailbox: Mailbox[Envelope] | None = None
        self._resting = False
        self._acceptance = Acceptance(services.store, self._refuse, self._offer)
        self._attendant = Attendant(
            services, tasks, self._acceptance, self._report, self._died, self._offer
        )
        self._succession = Succession(queue, self._attendant, services.runner, self._died)
        self._herald = Herald(queue, services, tasks, self._acceptance)

    async def run(self, mailbox: Mailbox[Envelope]) -> None:
        """Serve the mailbox until cancelled."""
        self._mailbox = mailbox
        while True:
            await self._perform_all()
            self._in_hand = await self._next(mailbox)
            now = self._services.clock()
            if self._in_hand is not None:
                self._apply(self._in_hand, now)
            self.queue.advance(now)
            self._in_hand = None

    async def _next(self, mailbox: Mailbox[Envelope]) -> Envelope | None:
        self._resting = not mailbox
        self._offer()
        try:
            return await mailbox.next(self.queue.next_deadline())
        finally:
            self._resting = False
            self._settle()

    def _offer(self) -> None:
        """Let the next turn begin without us, while there is nothing to do before."""
        if self._resting and not self._mailbox:
            self._succession.offer()

    def _settle(self) -> None:
        """From here on no turn begins without us; one that has is known."""
        if (dead := self._succession.withdraw()) is not None:
            self.queue.died(dead, self._services.clock())
            self._launch_now()

    def failed(self, error: Exception) -> None:
        """Tell the caller of the envelope in hand that it was our fault."""
        call = self._in_hand.reply_to if self._in_hand is not None else None
        self._in_hand = None
        if call is not None:
            self._herald.refuse(
                call, InternalFault(f"{type(error).__name__} in queue {self.queue.name}.")
            )

    # ------------------------------------------------------------ envelopes

    def _apply(self, envelope: Envelope, now: Moment) -> None:
        try:
            self._act(envelope, now)
        except SignalpostError as error:
            if envelope.reply_to is not None:
                self._herald.refuse(envelope.reply_to, error)

    def _act(self, envelope: Envelope, now: Moment) -> None:  # noqa: C901 - one flat match
        queue = self.queue
        match envelope:
            case Submit(task, call):
                self._submit(task, call, now)
            case Watch(task_id, call) | Cancel(task_id, _, _, call) if queue.find(task_id) is None:
                self._services.answer_ended(task_id, call)
            case Watch(task_id, call):
                queue.watch(task_id, call, now)
            case Cancel(task_id, by, principal, call):
                queue.cancel(task_id, by, principal, call, now)
            case CancelWaiting(by, call):
                count = queue.cancel_waiting(by, now)
                if call is not None:
                    self._herald.reply(call, messages.Cleared(count=count))
            case GiveUp(correlation):
                queue.give_up(correlation, now)
            case Leave(session):
                queue.leave(session, now)
            case EndAll(by):
                queue.end_all(by, now)
            case EndChildren(parent):
                queue.end_children(parent, now)
            case Started(task_id, pid):
                self._started(task_id, pid)
            case Died(task_id):
                queue.died(task_id, now)
            case Ended(task_id, outcome):
                queue.ended(task_id, outcome, now)
            case Unsaved(task_id, error):
                self._unsave(task_id, error, now)
            case Restore(task):
                queue.restore(task, now)
            case Adopt(task):
                self._adopt(task, now)

    def _died(self, task_id: int) -> None:
        """A tree is dead. The next turn begins at once, unless there is something to do before."""
        if self._resting and not self._mailbox:
            if not self._succession.settle(task_id):
                self._settle()
            self.queue.died(task_id, self._services.clock())
            self._launch_now()
        self._report(Died(task_id))  # once more: it also wakes who does the rest

    def _submit(self, task: Task, call: Call, now: Moment) -> None:
        turns = self._services.turns
        if task.parent is not None and turns.queue_of(task.parent) is None:
            raise BadRequest(f"task {task.parent}, which asked for this, has ended.")
        task.inside = turns.holder(task.parent, self.queue.name)
        if task.inside is None:
            turns.check(task.parent, self.queue.name)
        self.queue.submit(task, call, now)

    def _adopt(self, task: Task, now: Moment) -> None:
        turns = self._services.turns
        task.inside = turns.holder(task.parent, self.queue.name)
        task.expected = self._services.estimate.expect(task.command, task.working_directory)
        self.queue.adopt(task)
        if task.parent is not None and turns.queue_of(task.parent) is None:
            self.queue.end_children(task.parent, now)  # who asked for it has not outlived the life

    def _started(self, task_id: int, pid: int) -> None:
        self.queue.started(task_id, pid)
        for task in self.queue.running():
            if task.id == task_id:
                self._services.store.put(row_of(task))

    # ------------------------------------------------------------ effects

    async def _perform_all(self) -> None:
        """Do what the rules ask for. What is left survives a failure: it lies in ``self``."""
        self._collect()
        while self._todo and isinstance(self._todo[0], Queued):
            self._attempt(self._todo.popleft(), self._perform)
        if self._to_launch:  # the turn changes hands first; what there is to tell can wait
            while self._to_launch:
                self._attempt(self._to_launch.popleft(), self._attendant.launch)
            await checkpoint()
        while self._todo:
            self._attempt(self._todo.popleft(), self._perform)
        self._attendant.look_ahead(next(iter(self.queue.waiting()), None))

    def _collect(self) -> None:
        effects = self.queue.take_effects()
        self._todo.extend(sorted(effects, key=lambda effect: not isinstance(effect, Queued)))
        self._to_launch.extend(e.task for e in effects if isinstance(e, Start))

    def _launch_now(self) -> None:
        """Launch outside of :meth:`run`. What follows besides is left to that."""
        self._collect()
        try:
            while self._to_launch:
                self._attempt(self._to_launch.popleft(), self._attendant.launch)
        except Exception:
            logger.exception("queue %s could not launch a task", self.queue.name)

    def _attempt(self, effect: E, perform: Callable[[E], None]) -> None:
        try:
            perform(effect)
        except Exception as error:
            self._salvage(effect, error)
            raise

    def _salvage(self, effect: object, error: Exception) -> None:
        """An effect failed: nobody may wait for ever for what it would have done."""
        text = f"internal fault ({type(error).__name__})"
        if isinstance(effect, Task):  # it was not launched
            self._report(Ended(effect.id, not_started(text)))
        elif isinstance(effect, Answer):
            self._herald.refuse(effect.call, InternalFault(f"{text} in queue {self.queue.name}."))

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Queued(task):
                self._queued(task)
            case Start(task):
                self._start(task)
            case Resume(task):
                self._services.store.put(row_of(task))
                self._tasks.start_soon(self._attendant.stay, task)
            case Kill(task):
                self._services.runner.kill(task.id)
                self._services.store.put(row_of(task))  # the next life shall know who wanted it
            case Answer(call, task):
                self._herald.answer(call, task)
            case Tell(calls):
                self._herald.tell(calls)
            case Finished(task):
                self._finished(task)

    def _queued(self, task: Task) -> None:
        task.output = self._services.output_path(task.id)
        self._services.turns.join(task.id, task.queue_name, task.parent)
        self._acceptance.ask(row_of(task))
        self._services.events.write(
            "task_queued", task_id=task.id, queue_name=task.queue_name, pid=task.requester_pid
        )

    def _start(self, task: Task) -> None:
        now = self._services.clock()
        self._services.store.put(row_of(task))
        self._services.events.write(
            "task_started",
            task_id=task.id,
            queue_name=task.queue_name,
            wait_time_seconds=round(task.waited(now), 3),
        )

    def _report(self, envelope: Envelope) -> None:
        if self._mailbox is not None:
            self._mailbox.put(envelope)

    def _refuse(self, task_id: int, error: SignalpostError) -> None:
        self._report(Unsaved(task_id, error))

    def _unsave(self, task_id: int, error: SignalpostError, now: Moment) -> None:
        """Refuse a task after all, since it could not be kept and never will be on disk."""
        self._services.store.forget(task_id)
        if self._acceptance.verdict(task_id) is None:
            return  # it has ended meanwhile
        self._acceptance.drop(task_id)
        for call in self.queue.withdraw(task_id, now):
            self._herald.refuse(call, error)
        self._services.turns.leave(task_id)
        self._services.withdrawn()

    def _finished(self, task: Task) -> None:
        services = self._services
        services.turns.leave(task.id)
        self._acceptance.drop(task.id)
        services.store.put(row_of(task))
        name, fields = finished_event(task)
        services.events.write(name, **fields)
        if task.state == "success" and task.outcome is not None:
            services.estimate.learn(task.command, task.working_directory, task.outcome.ran_seconds)
        services.finished(task)
