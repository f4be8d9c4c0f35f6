"""Hypothesis drives a queue through everything that can happen to it.

Time passes by one rule, the queue is woken by another.
"""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from signalpost.actors.job import Outcome
from signalpost.actors.line import GATE_SECONDS
from signalpost.transport.errors import NotAuthorised
from tests.actors.queue_model import AGENTS, QueueModel

PEERS = st.integers(0, len(AGENTS) - 1)
PICK = st.integers(0, 50)
KEYS = st.sampled_from("abcd")
WAITS = st.none() | st.integers(0, 3)
WISHES = st.sampled_from(["", "", "notify", "finish"])
ENDS = st.sampled_from(["exit", "failed", "timeout", "cannot_start", "shim_lost", "broker_lost"])


class QueueMachine(QueueModel, RuleBasedStateMachine):
    def __init__(self, width: int = 1) -> None:
        RuleBasedStateMachine.__init__(self)
        QueueModel.__init__(self, width)

    # ------------------------------------------------------------ callers

    @rule(peer=PEERS, key=KEYS, wait=WAITS, wish=WISHES, progress=st.booleans())
    def run_task(self, peer: int, key: str, wait: int | None, wish: str, progress: bool) -> None:
        call = self.call(self.sessions[peer], wait, runs=True, progress=progress)
        self.submit(self.new_task(peer, key, wish), call)

    @rule(peer=PEERS, pick=PICK, key=st.sampled_from("xy"), wish=WISHES)
    def run_nested_task(self, peer: int, pick: int, key: str, wish: str) -> None:
        held = self.one_of({t.id for t in self.queue.running()}, pick)
        if held is not None:
            task = self.new_task(peer, f"{key}{held}", wish, parent=held, inside=held)
            self.submit(task, self.call(self.sessions[peer], None, runs=True))

    @rule(peer=PEERS, parent=st.just(901), key=KEYS)
    def run_task_from_another_queue(self, peer: int, parent: int, key: str) -> None:
        task = self.new_task(peer, f"{key}{parent}", parent=parent)
        self.submit(task, self.call(self.sessions[peer], None, runs=True))

    @rule(peer=PEERS, pick=PICK)
    def send_a_request_again(self, peer: int, pick: int) -> None:
        task_id = self.one_of(self.open_ids(), pick)
        if task_id is not None:
            again = self.new_task(peer, "again", request_id=self.tasks[task_id].request_id)
            call = self.call(self.sessions[peer], None, runs=True)
            assert self.submit(again, call) is self.tasks[task_id]

    @rule(peer=PEERS, pick=PICK, wait=WAITS)
    def watch(self, peer: int, pick: int, wait: int | None) -> None:
        task_id = self.one_of(self.open_ids(), pick)
        if task_id is not None:
            call = self.call(self.sessions[peer], wait, runs=False)
            self.queue.watch(task_id, call, self.moment())
            self.calls[call.correlation] = (call, task_id)
            self.settle()

    @rule(pick=PICK)
    def give_up(self, pick: int) -> None:
        if self.calls:
            call, task_id = list(self.calls.values())[pick % len(self.calls)]
            del self.calls[call.correlation]
            others = [c for c, i in self.calls.values() if i == task_id and c.runs]
            attached = call.correlation in self.tasks[task_id].calls
            self.queue.give_up(call.correlation, self.moment())
            self.settle({task_id} if attached and call.runs and not others else set())

    @rule(pick=PICK, who=st.sampled_from(["alice", "bob", None]))
    def cancel(self, pick: int, who: str | None) -> None:
        task_id = self.one_of(self.open_ids(), pick)
        if task_id is None:
            return
        call = self.call(self.sessions[0], None, runs=False)
        principal = None if who is None else f"agent:{who}"
        if principal not in (None, self.tasks[task_id].principal):
            with pytest.raises(NotAuthorised):
                self.queue.cancel(task_id, "x", principal, call, self.moment())
            self.settle()
            return
        self.queue.cancel(task_id, who or "person", principal, call, self.moment())
        self.calls[call.correlation] = (call, task_id)
        self.settle({task_id})

    @rule(peer=PEERS)
    def leave(self, peer: int) -> None:
        session = self.sessions[peer]
        self.sessions[peer] = b"session-%d" % next(self.numbers)
        only = {i for i in self.open_ids() if self.holders[i] == {session}}
        ends = {i for i in only if not self.tasks[i].outlives_its_callers}
        for call, _ in self.calls.values():
            if call.session == session:
                self.optional.add(call.correlation)
        for holders in self.holders.values():
            holders.discard(session)
        self.queue.leave(session, self.moment())
        self.settle(ends)
        attached = {c for t in self.queue.open_tasks() for c in t.calls}
        self.calls = {
            c: entry for c, entry in self.calls.items() if c in attached or c not in self.optional
        }

    @rule(how=st.sampled_from(["clear", "clear", "stop", "parent", "parent"]))
    def many_end_at_once(self, how: str) -> None:
        ends = {i for i in self.open_ids() if self.tasks[i].parent == 901}
        if how == "parent":
            self.queue.end_children(901, self.moment())
        elif how == "stop":
            ends = self.open_ids()
            self.queue.end_all("broker", self.moment())
        else:
            ends = set(self.waiting)
            assert self.queue.cancel_waiting("person", self.moment()) == len(ends)
        self.settle(ends)

    # ------------------------------------------------------------ shims

    @rule(pick=PICK)
    def a_tree_dies_and_its_outcome_comes_later(self, pick: int) -> None:
        task_id = self.one_of(self.living, pick)
        if task_id is None:
            return
        self.living.remove(task_id)
        self.dead.add(task_id)
        self.untold.add(task_id)
        self.queue.died(task_id, self.moment())
        self.settle(self.nested_in({task_id}))

    @rule(pick=PICK, how=ENDS, late=st.booleans())
    def a_tree_is_dead(self, pick: int, how: str, late: bool) -> None:
        task_id = self.one_of(self.living | self.untold, pick)
        if task_id is None:
            return
        how = "killed" if task_id in self.struck and not late else how
        reason = "exit" if how == "failed" else how
        outcome = Outcome(reason=reason, exit_code=1 if how == "failed" else 0)  # type: ignore[arg-type]
        self.living.discard(task_id)
        self.untold.discard(task_id)
        self.dead.add(task_id)
        self.queue.ended(task_id, outcome, self.moment())
        self.settle(self.nested_in({task_id}))

    # ------------------------------------------------------------ restart

    @precondition(lambda self: self.tasks.keys() <= self.away | self.adopted & self.living)
    @rule(peer=PEERS, nested=st.booleans())
    def adopt(self, peer: int, nested: bool) -> None:
        held = sorted(self.adopted - self.inside.keys())
        inside = held[0] if held and nested and held[0] not in self.struck else None
        if inside is not None or len(held) < self.width:
            self.adopt_one(self.new_task(peer, "", "finish", adopted=True, inside=inside))

    @precondition(lambda self: self.tasks.keys() <= self.away | self.adopted & self.living)
    @rule(peer=PEERS)
    def restore(self, peer: int) -> None:
        task = self.new_task(peer, "", id=next(self.numbers), request=None, key="")
        self.note(task)
        self.away.add(task.id)
        self.gate_until = self.now + GATE_SECONDS
        self.queue.restore(task, self.moment())
        self.settle()

    @rule(peer=PEERS, pick=PICK, key=KEYS)
    def come_back(self, peer: int, pick: int, key: str) -> None:
        task_id = self.one_of(self.away, pick)
        if task_id is not None:
            task = self.new_task(peer, key, request_id=self.tasks[task_id].request_id)
            call = self.call(self.sessions[peer], None, runs=True)
            assert self.submit(task, call).id == task_id

    # ------------------------------------------------------------ time

    @rule(seconds=st.sampled_from([1, 1, 2, 3, 5, 15, 300]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds  # and nobody has told the queue yet

    @rule()
    def wake(self) -> None:
        due: set[int] = set(self.away) if self.now >= self.gate_until else set()
        self.queue.advance(self.moment())
        self.woken_at = self.now
        self.settle(due, woken=True)
        deadline = self.queue.next_deadline()
        assert deadline is None or deadline > self.now

    # ------------------------------------------------------------ always

    @invariant()
    def no_more_run_than_the_width_and_no_slot_lies_idle(self) -> None:
        slots = [i for i in self.living | self.dead if i not in self.inside]
        gone = {i for i in self.untold if not self.nested_in({i}) - self.finished.keys()}
        slots = [i for i in slots if i not in self.finished.keys() | gone]
        assert len(slots) <= self.width
        assert [t.id for t in self.queue.waiting()] == self.waiting
        if self.waiting and self.woken_at >= self.gate_until and not self.away:
            assert len(slots) == self.width

    @invariant()
    def the_deadline_is_never_later_than_what_is_due(self) -> None:
        attached = [c for t in self.queue.open_tasks() for c in t.calls.values()]
        due = [c.deadline for c in attached if c.deadline is not None]
        due += [self.gate_until] if self.away else []
        if due:
            deadline = self.queue.next_deadline()
            assert deadline is not None
            assert deadline <= min(due)

    @invariant()
    def every_open_call_waits_for_an_open_task(self) -> None:
        attached = {c: t.id for t in self.queue.open_tasks() for c in t.calls}
        assert attached == {c: task_id for c, (_, task_id) in self.calls.items()}


class WideQueueMachine(QueueMachine):
    def __init__(self) -> None:
        super().__init__(width=3)


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(stateful_step_count=40)
TestWideQueue = WideQueueMachine.TestCase
TestWideQueue.settings = settings(stateful_step_count=40)
