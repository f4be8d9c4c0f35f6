"""What must be true of a queue, whatever it was told: a dumb model that reads its effects.

The clock is virtual and counts whole seconds.
"""

from __future__ import annotations

import itertools
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from signalpost.actors.effects import Answer, Finished, Kill, Queued, Resume, Start, Tell
from signalpost.actors.moment import Moment
from signalpost.actors.queue import Queue
from signalpost.actors.results import REUSE_SECONDS
from signalpost.actors.task import Call, Task
from signalpost.transport.messages import OPEN_STATES, RunTask

AGENTS = ("alice", "alice", "bob")


class QueueModel:
    """A queue, three callers of two agents, and what is known of every task and call."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.now: int = 0
        self.woken_at: int = -1
        self.numbers = itertools.count(1)
        self.queue = Queue("global", width, self.numbers.__next__)
        self.sessions = [b"session-0", b"session-1", b"session-2"]
        self.tasks: dict[int, Task] = {}
        self.inside: dict[int, int] = {}
        self.holders: dict[int, set[bytes]] = {}
        self.waiting: list[int] = []  # by acceptance
        self.living: set[int] = set()  # started, and something of the tree lives
        self.dead: set[int] = set()  # reported dead, perhaps not finished yet
        self.untold: set[int] = set()  # dead, and what became of them was not reported yet
        self.finished: dict[int, float] = {}
        self.struck: set[int] = set()  # killed, or cancelled while they waited
        self.undelivered: dict[str, int] = {}
        self.away: set[int] = set()  # restored, their callers not back
        self.adopted: set[int] = set()  # they ran when the earlier broker died
        self.gate_until = -1.0
        self.calls: dict[bytes, tuple[Call, int]] = {}  # to be answered exactly once
        self.optional: set[bytes] = set()  # their session left: they may be answered

    # ------------------------------------------------------------ the world

    def moment(self) -> Moment:
        return Moment(float(self.now), 1000.0 + self.now)

    def call(self, session: bytes, wait: int | None, *, runs: bool, progress: bool = False) -> Call:
        deadline = None if wait is None else float(self.now + wait)
        number = next(self.numbers).to_bytes(16)
        return Call(number, session, runs=runs, progress=progress, deadline=deadline)

    def new_task(self, peer: int, what: str, wish: str = "", **changes: object) -> Task:
        agent, number, now = AGENTS[peer], next(self.numbers).to_bytes(16), self.moment()
        ask = RunTask(command=what, working_directory="/", notify=wish == "notify")
        ask = replace(ask, on_disconnect="finish" if wish == "finish" else "kill")
        owner, session = f"agent:{agent}", self.sessions[peer]
        task = Task(0, number, "global", what, "/", agent, owner, session, 1, now, "", ask)
        task.key = f"{agent}:{what}"
        for name, value in changes.items():
            setattr(task, name, value)
        return task

    def open_ids(self) -> set[int]:
        return self.tasks.keys() - self.finished.keys()

    def one_of(self, ids: set[int], pick: int) -> int | None:
        return sorted(ids)[pick % len(ids)] if ids else None

    def with_nested(self, roots: AbstractSet[int], among: AbstractSet[int]) -> set[int]:
        """Return ``roots`` and what runs inside them, as far as it is ``among`` those."""
        found = set(roots)
        while more := self.nested_in(found) & among - found:
            found |= more
        return found

    def nested_in(self, holders: AbstractSet[int]) -> set[int]:
        return {i for i, holder in self.inside.items() if holder in holders}

    # ------------------------------------------------------------ what follows from a verb

    def settle(  # noqa: C901 - one flat match
        self, ends: AbstractSet[int] = frozenset(), *, woken: bool = False
    ) -> None:
        """Check every effect. Exactly ``ends`` and what runs inside them were to be ended."""
        struck, finished = set(self.struck), set(self.finished)
        for effect in self.queue.take_effects():
            match effect:
                case Queued(task):
                    assert task.id not in self.tasks, "a task is accepted once"
                    self.note(task)
                case Start(task):
                    self.check_start(task)
                case Resume():
                    raise AssertionError("a task is adopted only when it is put back")
                case Kill(task):
                    assert task.id not in self.struck, "a task is killed once"
                    assert task.id in self.living | self.dead, "only what runs is killed"
                    self.struck.add(task.id)
                case Finished(task):
                    self.check_finished(task)
                case Answer(call, task):
                    self.check_answer(call, task, woken=woken)
                case Tell(calls):
                    assert all(call.progress for call, _ in calls)
        could_end = self.tasks.keys() - finished - struck
        assert self.struck - struck == self.with_nested(ends & could_end, could_end)

    def note(self, task: Task) -> None:
        self.tasks[task.id] = task
        self.holders[task.id] = set()
        if task.inside is None:
            self.waiting.append(task.id)
        else:
            self.inside[task.id] = task.inside

    def adopt_one(self, task: Task) -> None:
        """Put back a task that runs since an earlier life; nothing else may follow from that."""
        task.id, task.key, task.state, task.started = next(self.numbers), "", "running", None
        self.note(task)
        self.waiting = [i for i in self.waiting if i != task.id]
        self.adopted.add(task.id)
        self.living.add(task.id)
        self.queue.adopt(task)
        assert self.queue.take_effects() == [Resume(task)]

    def check_start(self, task: Task) -> None:
        assert task.id not in self.living | self.dead | self.finished.keys(), "no second run"
        assert task.id not in self.struck, "what is cancelled does not start"
        assert task.request is not None
        if task.inside is None:
            assert not self.away, "nothing starts before the callers are back"
            assert task.id == self.waiting.pop(0), "strict order of acceptance"
        self.living.add(task.id)

    def check_finished(self, task: Task) -> None:
        assert task.id not in self.finished, "one terminal state"
        assert task.state not in OPEN_STATES
        if task.id in self.waiting:
            assert task.state == "cancelled"
            self.waiting.remove(task.id)
            self.struck.add(task.id)
            self.away.discard(task.id)
        else:
            assert task.id in self.dead - self.untold, "something of it lives, or may"
            assert not self.nested_in({task.id}) & self.open_ids(), "a nested task lives"
        assert task.ended is not None
        self.finished[task.id] = task.ended.mono
        if task.key and not task.cancelled_by:
            self.undelivered[task.key] = task.id

    def check_answer(self, call: Call, task: Task, *, woken: bool) -> None:
        assert call.correlation in self.calls, "one answer, and none to a call given up"
        _, task_id = self.calls.pop(call.correlation)
        assert task.id == task_id
        if task.id not in self.finished:
            assert woken
            assert call.deadline is not None
            assert call.deadline <= self.now
        elif call.correlation not in self.optional:
            task.delivered = True
            self.undelivered = {k: i for k, i in self.undelivered.items() if i != task.id}

    # ------------------------------------------------------------ callers

    def submit(self, task: Task, call: Call) -> Task:
        """Submit and check with which task the call ends up."""
        same = {i for i in self.open_ids() if self.tasks[i].request_id == task.request_id} or {
            i for i in self.open_ids() - self.struck if self.tasks[i].key == task.key
        }
        kept = self.undelivered.get(task.key)
        got = self.queue.submit(task, call, self.moment())
        self.calls[call.correlation] = (call, got.id)
        if same:
            assert got.id in same
        elif kept is not None and self.now - self.finished[kept] <= REUSE_SECONDS:
            assert got.id == kept, "nobody has got that result yet"
        else:
            assert got is task, "no result is used twice, none when it is old"
        if self.away and not self.away - {got.id}:
            self.gate_until = -1.0  # all are back
        self.away.discard(got.id)
        is_late = got.id not in self.finished and got.inside in self.struck | self.dead
        self.settle({got.id} if is_late else set())
        self.holders[got.id].add(call.session)
        return got
