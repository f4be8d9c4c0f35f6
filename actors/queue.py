"""The rules of one task queue. No I/O, no clock, no tasks of its own.

Call a verb, then do what :meth:`Queue.take_effects` returns, in order, and
come back with :meth:`Queue.advance` at :meth:`Queue.next_deadline`. Every verb
checks first and changes afterwards: one that raises has changed nothing.

                        what outlived a broker ─┐ adopt
    submit ─> waiting (strict FIFO) ─> slots (at most ``width``) ─> ended
                 ^                        │
                 │ gate: after a restart  │ nested tasks run inside the slot of
                 │ nothing starts until   │ an ancestor and are waited for
                 │ the callers are back   v
"""

from __future__ import annotations

from collections.abc import Callable

from ..transport import messages
from ..transport.errors import BadRequest
from .effects import Answer, Effect, Finished, Kill, Queued, Resume, Start, Tell
from .job import Outcome
from .line import Line
from .moment import Moment
from .news import News, Told
from .results import Results
from .slots import Slots
from .task import Call, Task, task_eta


class Queue:
    """Strict FIFO by acceptance, at most ``width`` tasks at once."""

    def __init__(self, name: str, width: int, ids: Callable[[], int]) -> None:
        self.name = name
        self.width = width
        self._ids = ids
        self._waiting = Line()
        self._slots = Slots(width)
        self._results = Results()
        self._news = News()
        self._effects: list[Effect] = []

    # ------------------------------------------------------------ what callers ask

    def submit(self, task: Task, call: Call, now: Moment) -> Task:
        """Accept a task, or attach its call to the identical one that is open already.

        :returns: the task that the call now waits for
        :raises QueueFull: too many wait
        """
        if (same := self._same(task, now)) is None:
            same = self._accept(task)
        else:
            self._join(same, task)
        self._attach(same, call)
        self._dispatch(now)
        if same.inside is not None and self._slots.is_ending(same.inside):
            self._end([same], "parent", now)  # it was asked for by a tree that is dying or dead
        self._tell_changes(now)
        return same

    def watch(self, task_id: int, call: Call, now: Moment) -> None:
        """Let ``call`` wait for an open task without any say in its fate.

        :raises BadRequest: it is not open here
        """
        self._open_task(task_id).calls[call.correlation] = call
        self._slots.make_patient(call, task_id, now)
        self._tell_changes(now)

    def cancel(self, task_id: int, by: str, principal: str | None, call: Call, now: Moment) -> None:
        """Kill a task; ``call`` is answered when nothing of it lives.

        :param principal: who asks; None for a person, who may cancel everything
        :raises NotAuthorised: it belongs to another agent
        :raises BadRequest: it is not open here
        """
        task = self._open_task(task_id)
        task.check_owner(principal)
        task.calls[call.correlation] = call
        self._end([task], by, now)

    def cancel_waiting(self, by: str, now: Moment) -> int:
        """Cancel everything that waits; return how many."""
        return self._end(self._waiting.tasks(), by, now)

    def give_up(self, correlation: bytes, now: Moment) -> None:
        """Cancel an open call. The last call that asked for the run takes the task with it."""
        for task in self.open_tasks():
            call = task.calls.pop(correlation, None)
            if call and call.runs and not any(c.runs for c in task.calls.values()):
                self._end([task], "client", now)

    def leave(self, session: bytes, now: Moment) -> None:
        """A session is gone: end what only it wanted, unless it may outlive its callers."""
        for task in self.open_tasks():
            if session not in task.holders:
                continue
            task.holders.discard(session)
            if not task.holders and not task.outlives_its_callers:
                self._end([task], "client", now)  # its calls are answered, should they come back
                continue
            for call in [c for c in task.calls.values() if c.session == session]:
                del task.calls[call.correlation]

    def end_all(self, by: str, now: Moment) -> None:
        """Cancel whatever is open, as a broker that stops does."""
        self._end(self.open_tasks(), by, now)

    def end_children(self, parent: int, now: Moment) -> None:
        """The task ``parent`` of another queue has ended: so do the tasks it asked for here."""
        self._end([t for t in self.open_tasks() if t.parent == parent], "parent", now)

    # ------------------------------------------------------------ what happens

    def started(self, task_id: int, pid: int) -> None:
        """The command of a task was executed."""
        if task := self._slots.find(task_id):
            task.pid = pid

    def died(self, task_id: int, now: Moment) -> None:
        """Nothing of a task's own tree lives any more; :meth:`ended` tells what became of it."""
        self._slots.leave(task_id)
        self._end(self._slots.inside(task_id), "parent", now)

    def ended(self, task_id: int, outcome: Outcome, now: Moment) -> None:
        """As above, and this became of it."""
        if (task := self._slots.find(task_id)) is None:
            return
        self._slots.end(task, outcome, now)
        self._settle(task_id)
        self._end(self._slots.inside(task_id), "parent", now)

    def withdraw(self, task_id: int, now: Moment) -> list[Call]:
        """Take back a task that has not run; return the calls that wait for it."""
        if (task := self.find(task_id)) is None:
            return []
        self._waiting.remove(task) if task in self._waiting else self._slots.drop(task_id)
        self._settle(task.inside)
        self._dispatch(now)
        self._tell_changes(now)
        return list(task.calls.values())

    def restore(self, task: Task, now: Moment) -> None:
        """Put a task of an earlier broker life at its old place, until its caller is back."""
        self._waiting.restore(task, now)

    def adopt(self, task: Task) -> None:
        """Put a task of an earlier broker life that still runs back into its slot."""
        self._slots.take(task)
        self._effects += [Resume(task), Kill(task)] if task.cancelled_by else [Resume(task)]

    def advance(self, now: Moment) -> None:
        """Do what is due: answer calls whose wait is over, open the gate, tell the news."""
        if self._waiting.gate is not None and self._waiting.gate <= now.mono:
            self._end(self._waiting.absent(), "client", now)  # the last one opens the gate
        for task in self.open_tasks():
            for call in list(task.calls.values()):
                if call.deadline is not None and call.deadline <= now.mono:
                    self._answer(task, call)
        self._tell(self._news.due(self.open_tasks(), now.mono))
        self._dispatch(now)

    def next_deadline(self) -> float | None:
        """When :meth:`advance` next has something to do, on the monotonic clock."""
        times = [c.deadline for t in self.open_tasks() for c in t.calls.values()]
        times += [self._waiting.gate, self._news.next_deadline()]
        return min((t for t in times if t is not None), default=None)

    def take_effects(self) -> list[Effect]:
        """Return what the caller must now do, in order. Each effect is returned once."""
        taken, self._effects = self._effects, []
        return taken

    # ------------------------------------------------------------ looking in

    def open_tasks(self) -> list[Task]:
        """Return tasks that run or are ending, nested ones among them, then the waiting in order."""
        return [*self._slots.tasks(), *self._waiting.tasks()]

    def find(self, task_id: int) -> Task | None:
        """Return an open task by id."""
        return next((t for t in self.open_tasks() if t.id == task_id), None)

    def running(self) -> list[Task]:
        """Return the tasks that run, nested ones last."""
        return [*self._slots.holders(), *self._slots.nested()]

    def waiting(self) -> list[Task]:
        """Return the waiting tasks, next first."""
        return self._waiting.tasks()

    def upcoming(self) -> Task | None:
        """Return the task that begins as soon as there is room; None: nobody does."""
        return self._waiting.first()

    def report(self, task: Task, now: Moment, tail: bytes = b"") -> messages.TaskReport:
        """Return a task of this queue as callers see it, with place and ETA."""
        position = self._waiting.place(task)
        ahead = self._waiting.tasks()[: max(0, position - 1)]
        running = self._slots.holders() if position else []
        eta = task_eta(task, running, ahead, self.width, now) if task.is_open else None
        return task.report(now, position=position, eta=eta, tail=tail)

    # ------------------------------------------------------------ inside

    def _same(self, task: Task, now: Moment) -> Task | None:
        tasks = self.open_tasks()
        again = [t for t in tasks if t.request_id == task.request_id]
        alike = [t for t in tasks if task.key and t.key == task.key and not t.cancelled_by]
        return next(iter(again + alike), None) or self._results.find(task.key, now)

    def _join(self, same: Task, fresh: Task) -> None:
        if same.request is None and fresh.inside is not None:
            self._waiting.remove(same)  # asked for inside a turn that was adopted since
            same.inside = fresh.inside
            self._slots.take(same)
        same.take_over(fresh)
        self._waiting.open_if_complete()

    def _accept(self, task: Task) -> Task:
        if task.inside is None:
            self._waiting.check_room(self.name)
        task.id = self._ids()
        self._waiting.add(task) if task.inside is None else self._slots.take(task)
        self._effects.append(Queued(task))
        return task

    def _attach(self, task: Task, call: Call) -> None:
        task.holders.add(call.session)
        if task.is_open:
            task.calls[call.correlation] = call
        else:
            self._effects.append(Answer(call, task))

    def _dispatch(self, now: Moment) -> None:
        for task in self._slots.nested():
            if task.state == "waiting":
                self._start(task, now)
        while self._slots.has_room and (following := self._waiting.next()):
            self._slots.take(following)
            self._start(following, now)

    def _start(self, task: Task, now: Moment) -> None:
        task.state = "running"
        task.started = now
        self._effects.append(Start(task))

    def _end(self, tasks: list[Task], by: str, now: Moment) -> int:
        """Remove the waiting among ``tasks`` at once; have the running killed."""
        for task in tasks:
            if task.is_open and not task.cancelled_by:
                task.cancelled_by = by
                (self._remove if task in self._waiting else self._kill)(task, now)
        self._dispatch(now)
        self._tell_changes(now)
        return len(tasks)

    def _remove(self, task: Task, now: Moment) -> None:
        self._waiting.remove(task)
        self._waiting.open_if_complete()
        task.state = "cancelled"
        self._finish(task, now)

    def _kill(self, task: Task, now: Moment) -> None:
        self._effects.append(Kill(task))
        self._end(self._slots.inside(task.id), "parent", now)

    def _settle(self, task_id: int | None) -> None:
        """Finish a task that has ended once its nested tasks have, then look at its holder."""
        if (ended := self._slots.free(task_id)) is None:
            return
        task, outcome, when = ended
        task.settle(outcome)
        self._finish(task, when)
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
        if task := self.find(task_id):
            return task
        raise BadRequest(f"task {task_id} is not open in queue {self.name}.")

    def _tell_changes(self, now: Moment) -> None:
        self._tell(self._news.changes(self.running(), self._waiting.tasks(), now.mono))

    def _tell(self, calls: Told) -> None:
        self._effects += [Tell(calls)] if calls else []
