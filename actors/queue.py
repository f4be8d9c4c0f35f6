"""The rules of one task queue. No I/O, no clock, no tasks of its own.

Call a verb, then do what :meth:`Queue.take_effects` returns, in order, and
come back with :meth:`Queue.advance` at :meth:`Queue.next_deadline`. Every verb
checks first and changes afterwards: one that raises has changed nothing.

    submit ─> waiting (strict FIFO) ─> slots (at most ``width``) ─> ended
                 ^                        │
                 │ gate: after a restart  │ nested tasks run inside the slot of
                 │ nothing starts until   │ an ancestor and are waited for
                 │ the callers are back   v

A slot is free only when nothing of the task's tree lives, the nested tasks
it asked for included.
"""

from __future__ import annotations

from collections.abc import Callable

from ..transport import messages
from ..transport.errors import BadRequest, NotAuthorised, QueueFull
from .effects import Answer, Effect, Finished, Kill, Queued, Start, Tell
from .estimate import queue_eta
from .job import Outcome
from .moment import Moment
from .news import News, Told
from .results import Results
from .task import Call, Task

WAITING_LIMIT = 1000
GATE_SECONDS = 2.0


class Queue:
    """Strict FIFO by acceptance, at most ``width`` tasks at once."""

    def __init__(self, name: str, width: int, ids: Callable[[], int]) -> None:
        self.name = name
        self.width = width
        self._ids = ids
        self._waiting: list[Task] = []
        self._slots: dict[int, Task] = {}
        self._nested: dict[int, Task] = {}
        self._ended: dict[int, tuple[Task, Outcome, Moment]] = {}  # still has nested tasks
        self._results = Results()
        self._news = News()
        self._gate: float | None = None
        self._effects: list[Effect] = []

    # ------------------------------------------------------------ what callers ask

    def submit(self, task: Task, call: Call, now: Moment) -> Task:
        """Accept a task, or attach its call to the identical one that is open already.

        :returns: the task that the call now waits for
        :raises QueueFull: too many wait
        """
        same = self._same(task, now)
        if same is None and len(self._waiting) >= WAITING_LIMIT:
            raise QueueFull(
                f"{len(self._waiting)} tasks wait in queue {self.name}."
                " Wait until some have run, or use another queue_name."
            )
        if same is None:
            same = self._accept(task)
        elif same.request is None:
            self._reclaim(same, task)
        self._attach(same, call)
        self._dispatch(now)
        if same.inside is not None and self._is_ending(same.inside):
            self._end(same, "parent", now)  # it was asked for by a tree that is dying or dead
        self._tell_changes(now)
        return same

    def watch(self, task_id: int, call: Call) -> None:
        """Let ``call`` wait for an open task without any say in its fate.

        :raises BadRequest: it is not open here
        """
        task = self._open_task(task_id)
        task.calls[call.correlation] = call

    def cancel(self, task_id: int, by: str, principal: str | None, call: Call, now: Moment) -> None:
        """Kill a task; ``call`` is answered when nothing of it lives.

        :param principal: who asks; None for a person, who may cancel everything
        :raises NotAuthorised: it belongs to another agent
        :raises BadRequest: it is not open here
        """
        task = self._open_task(task_id)
        if principal is not None and principal != task.principal:
            raise NotAuthorised(
                f"task {task_id} belongs to {task.owner}. Only its owner may cancel it;"
                f" a person can: signalpost cancel {task_id}"
            )
        task.calls[call.correlation] = call
        self._end(task, by, now)

    def cancel_waiting(self, by: str, now: Moment) -> int:
        """Cancel everything that waits; return how many."""
        waiting = list(self._waiting)
        for task in waiting:
            self._end(task, by, now)
        return len(waiting)

    def give_up(self, correlation: bytes, now: Moment) -> None:
        """Cancel an open call. The last call that asked for the run takes the task with it."""
        for task in self.open_tasks():
            call = task.calls.pop(correlation, None)
            if call is None:
                continue
            if call.runs and not any(c.runs for c in task.calls.values()):
                self._end(task, "client", now)

    def leave(self, session: bytes, now: Moment) -> None:
        """A session is gone: end what only it wanted, unless it may outlive its callers."""
        for task in self.open_tasks():
            if session not in task.holders:
                continue
            task.holders.discard(session)
            if not task.holders and not task.outlives_its_callers:
                self._end(task, "client", now)  # its calls are answered, should they come back
                continue
            for call in [c for c in task.calls.values() if c.session == session]:
                del task.calls[call.correlation]

    def end_all(self, by: str, now: Moment) -> None:
        """Cancel whatever is open, as a broker that stops does."""
        for task in self.open_tasks():
            self._end(task, by, now)

    def end_children(self, parent: int, now: Moment) -> None:
        """The task ``parent`` of another queue has ended: so do the tasks it asked for here."""
        for task in self.open_tasks():
            if task.parent == parent:
                self._end(task, "parent", now)

    # ------------------------------------------------------------ what the shims report

    def started(self, task_id: int, pid: int) -> None:
        """The command of a task was executed."""
        task = self._slots.get(task_id) or self._nested.get(task_id)
        if task is not None:
            task.pid = pid

    def ended(self, task_id: int, outcome: Outcome, now: Moment) -> None:
        """Nothing of a task's own tree lives any more."""
        task = self._slots.get(task_id) or self._nested.get(task_id)
        if task is None:
            return
        self._ended[task_id] = (task, outcome, now)
        for child in self._children(task_id):
            self._end(child, "parent", now)
        self._settle(task_id)
        self._dispatch(now)
        self._tell_changes(now)

    # ------------------------------------------------------------ restart

    def restore(self, task: Task, now: Moment) -> None:
        """Put a task of an earlier broker life at its old place, until its caller is back."""
        self._waiting.append(task)
        self._waiting.sort(key=lambda t: t.id)
        self._gate = now.mono + GATE_SECONDS

    # ------------------------------------------------------------ time

    def advance(self, now: Moment) -> None:
        """Do what is due: answer calls whose wait is over, open the gate, tell the news."""
        if self._gate is not None and self._gate <= now.mono:
            self._open_gate(now)
        for task in self.open_tasks():
            for call in list(task.calls.values()):
                if call.deadline is not None and call.deadline <= now.mono:
                    self._answer(task, call)
        self._tell(self._news.due(self.open_tasks(), now.mono))
        self._dispatch(now)

    def next_deadline(self) -> float | None:
        """When :meth:`advance` next has something to do, on the monotonic clock."""
        times = [c.deadline for t in self.open_tasks() for c in t.calls.values()]
        times += [self._gate, self._news.next_deadline()]
        return min((t for t in times if t is not None), default=None)

    def take_effects(self) -> list[Effect]:
        """Return what the caller must now do, in order. Each effect is returned once."""
        effects, self._effects = self._effects, []
        return effects

    # ------------------------------------------------------------ looking in

    def open_tasks(self) -> list[Task]:
        """Return running tasks, nested ones among them, then the waiting in order."""
        return [*self._slots.values(), *self._nested.values(), *self._waiting]

    def find(self, task_id: int) -> Task | None:
        """Return an open task by id."""
        return next((t for t in self.open_tasks() if t.id == task_id), None)

    def running(self) -> list[Task]:
        """Return the tasks that run, nested ones last."""
        return [*self._slots.values(), *self._nested.values()]

    def waiting(self) -> list[Task]:
        """Return the waiting tasks, next first."""
        return list(self._waiting)

    def report(self, task: Task, now: Moment, tail: bytes = b"") -> messages.TaskReport:
        """Return a task of this queue as callers see it, with place and ETA."""
        position = self._waiting.index(task) + 1 if task in self._waiting else 0
        return task.report(now, position=position, eta=self._eta(task, position, now), tail=tail)

    # ------------------------------------------------------------ inside

    def _same(self, task: Task, now: Moment) -> Task | None:
        tasks = self.open_tasks()
        again = [t for t in tasks if t.request_id == task.request_id]
        alike = [t for t in tasks if task.key and t.key == task.key and not t.cancelled_by]
        return next(iter(again + alike), None) or self._results.find(task.key, now)

    def _accept(self, task: Task) -> Task:
        task.id = self._ids()
        if task.inside is not None:
            self._nested[task.id] = task
        else:
            self._waiting.append(task)
        self._effects.append(Queued(task))
        return task

    def _reclaim(self, kept: Task, fresh: Task) -> None:
        kept.request = fresh.request
        kept.key = fresh.key
        kept.owner = fresh.owner
        kept.principal = fresh.principal
        kept.session = fresh.session
        kept.requester_pid = fresh.requester_pid
        kept.expected = fresh.expected
        if self._gate is not None and all(t.request is not None for t in self._waiting):
            self._gate = None

    def _attach(self, task: Task, call: Call) -> None:
        task.holders.add(call.session)
        if not task.is_open:
            self._effects.append(Answer(call, task))
            return
        task.calls[call.correlation] = call

    def _open_gate(self, now: Moment) -> None:
        # It stays shut meanwhile: the end of one must not start another that is to end.
        for task in [t for t in self._waiting if t.request is None]:
            self._end(task, "client", now)
        self._gate = None
        self._dispatch(now)
        self._tell_changes(now)

    def _dispatch(self, now: Moment) -> None:
        for task in self._nested.values():
            if task.state == "waiting":
                self._start(task, now)
        if self._gate is not None:
            return
        while self._waiting and len(self._slots) < self.width:
            task = self._waiting.pop(0)
            self._slots[task.id] = task
            self._start(task, now)

    def _start(self, task: Task, now: Moment) -> None:
        task.state = "running"
        task.started = now
        self._effects.append(Start(task))

    def _end(self, task: Task, by: str, now: Moment) -> None:
        """Remove a waiting task at once; have a running one killed."""
        if task.cancelled_by or not task.is_open:
            return
        task.cancelled_by = by
        if task in self._waiting:
            self._waiting.remove(task)
            task.state = "cancelled"
            self._finish(task, now)
            self._dispatch(now)
            self._tell_changes(now)
            return
        self._effects.append(Kill(task))
        for child in self._children(task.id):
            self._end(child, "parent", now)

    def _children(self, holder: int) -> list[Task]:
        return [t for t in self._nested.values() if t.inside == holder]

    def _is_ending(self, task_id: int) -> bool:
        task = self.find(task_id)
        return task is None or task_id in self._ended or bool(task.cancelled_by)

    def _settle(self, task_id: int) -> None:
        """Finish a task that has ended once its nested tasks have, then look at its parent."""
        if task_id not in self._ended or self._children(task_id):
            return
        task, outcome, when = self._ended.pop(task_id)
        self._slots.pop(task_id, None)
        self._nested.pop(task_id, None)
        task.settle(outcome)
        self._finish(task, when)
        if task.inside is not None:
            self._settle(task.inside)

    def _finish(self, task: Task, now: Moment) -> None:
        task.ended = now
        self._effects.append(Finished(task))
        if task.key and not task.cancelled_by:
            self._results.keep(task, now)
        for call in list(task.calls.values()):
            self._answer(task, call)

    def _answer(self, task: Task, call: Call) -> None:
        task.calls.pop(call.correlation, None)
        self._effects.append(Answer(call, task))

    def _open_task(self, task_id: int) -> Task:
        task = self.find(task_id)
        if task is not None:
            return task
        raise BadRequest(f"task {task_id} is not open in queue {self.name}.")

    def _tell_changes(self, now: Moment) -> None:
        self._tell(self._news.changes(self.running(), self._waiting, now.mono))

    def _tell(self, calls: Told) -> None:
        if calls:
            self._effects.append(Tell(calls))

    def _eta(self, task: Task, position: int, now: Moment) -> float | None:
        if not task.is_open:
            return None
        if position == 0:
            return queue_eta([], [], _left(task, now), self.width)
        running = [(t.expected, t.ran(now)) for t in self._slots.values()]
        ahead = [t.expected for t in self._waiting[: position - 1]]
        return queue_eta(running, ahead, task.expected, self.width)


def _left(task: Task, now: Moment) -> float | None:
    return None if task.expected is None else max(0.0, task.expected - task.ran(now))
