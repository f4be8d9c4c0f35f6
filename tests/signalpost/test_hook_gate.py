from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from signalpost.hook_contract import Heard
from signalpost.hook_gate import Marks, held_by
from signalpost.hook_names import GATES, Gate
from signalpost.transport.bell import Doorstep, OpenTask

STOP = Heard(word="stop", name="Stop", event="stop")
AGAIN = replace(STOP, stop_hook_active=True)
TASK = OpenTask(8, "running", "make")
NONE = Marks()


def step(**fields: object) -> Doorstep:
    return replace(Doorstep(agent="alice", cursor=5), **fields)


MAIL = step(unread=2, unread_tasks=1)
STATUS = step(unread=2)
RUNNING = step(open_tasks=[TASK])


@pytest.mark.parametrize(
    ("gate", "doorstep", "held"),
    [
        ("tasks", MAIL, True),
        ("tasks", STATUS, False),
        ("tasks", RUNNING, True),
        ("tasks", step(), False),
        ("all", MAIL, True),
        ("all", STATUS, True),
        ("all", RUNNING, True),
        ("all", step(), False),
        ("off", MAIL, False),
        ("off", RUNNING, False),
    ],
)
def test_the_gate_says_what_holds(gate: Gate, doorstep: Doorstep, held: bool) -> None:
    assert (held_by(gate, STOP, doorstep, NONE) is not None) == held


def test_what_has_held_once_never_holds_again() -> None:
    both = step(unread=1, unread_tasks=1, open_tasks=[TASK])
    marks = Marks(noticed=5, held=5, task=8)
    assert held_by("tasks", STOP, both, NONE) == marks
    assert held_by("tasks", STOP, both, marks) is None
    assert held_by("tasks", AGAIN, both, marks) is None


def test_new_mail_and_a_newer_task_hold_again() -> None:
    marks = Marks(5, 5, 8)
    newer = step(unread=3, unread_tasks=2, cursor=6)
    assert held_by("tasks", STOP, newer, marks) == Marks(6, 6, 8)
    other = step(open_tasks=[TASK, OpenTask(9, "waiting", "make test")])
    assert held_by("tasks", STOP, other, marks) == Marks(5, 5, 9)


def test_newer_mail_of_any_kind_holds_once_more_while_a_task_is_unread() -> None:
    held = Marks(5, 5, 0)
    status = step(unread=2, unread_tasks=1, cursor=6)
    assert held_by("tasks", STOP, status, held) == Marks(6, 6, 0)
    assert held_by("tasks", STOP, status, Marks(6, 6, 0)) is None
    assert held_by("tasks", STOP, replace(status, unread_tasks=0), held) is None


def test_a_turn_that_was_held_is_held_again_only_by_mail_it_was_not_told_of() -> None:
    assert held_by("tasks", AGAIN, RUNNING, NONE) is None
    assert held_by("tasks", AGAIN, step(unread_tasks=1, unread=1, noticed=5), NONE) is None
    assert held_by("tasks", AGAIN, MAIL, Marks(noticed=5)) is None
    assert held_by("tasks", AGAIN, MAIL, Marks(noticed=4, held=4)) == Marks(5, 5, 0)


def test_mail_that_the_agent_was_told_of_and_left_unread_holds_it_once() -> None:
    told = step(unread=1, unread_tasks=1, noticed=5)
    assert held_by("tasks", STOP, told, Marks(noticed=5)) == Marks(5, 5, 0)


def test_a_doorbell_that_is_off_holds_nobody_by_mail() -> None:
    assert held_by("all", STOP, step(unread=1, on=False), NONE) is None
    assert held_by("all", STOP, step(unread=1, on=False, open_tasks=[TASK]), NONE) == Marks(task=8)


def test_a_client_that_waits_in_the_background_itself_is_not_held_for_tasks() -> None:
    waits = replace(STOP, works_on=True)
    assert held_by("tasks", waits, RUNNING, NONE) is None
    assert held_by("tasks", waits, MAIL, NONE) is not None


@pytest.mark.parametrize("field", ["subagent", "broken_off"])
def test_neither_a_subagent_nor_a_turn_that_was_broken_off_is_held(field: str) -> None:
    heard = replace(STOP, **{field: True})
    assert held_by("all", heard, step(unread=1, unread_tasks=1, open_tasks=[TASK]), NONE) is None


class Life:
    """An agent to which things happen; what has held it is written down."""

    def __init__(self, gate: Gate) -> None:
        self.gate: Gate = gate
        self.marks = NONE
        self.now = step(cursor=0)
        self.begun = 0
        self.by_mail: list[int] = []
        self.by_task: list[int] = []

    def become(self, **fields: object) -> None:
        self.now = replace(self.now, **fields)

    def arrive(self, *, task: bool) -> None:
        now = self.now
        self.become(
            cursor=now.cursor + 1, unread=now.unread + 1, unread_tasks=now.unread_tasks + task
        )

    def begin(self) -> None:
        self.begun += 1
        self.become(open_tasks=[OpenTask(self.begun, "running", "make")])

    def stop(self, *, active: bool, works_on: bool) -> None:
        heard = replace(STOP, stop_hook_active=active, works_on=works_on)
        reached = held_by(self.gate, heard, self.now, self.marks)
        if reached is None:
            return
        assert self.gate != "off"
        self.by_mail += [reached.held] if reached.held != self.marks.held else []
        self.by_task += [reached.task] if reached.task != self.marks.task else []
        self.marks = reached


BOTH = (False, True)
THINGS: dict[str, Callable[[Life], None]] = {
    "a task": lambda life: life.arrive(task=True),
    "a status": lambda life: life.arrive(task=False),
    "reads": lambda life: life.become(unread=0, unread_tasks=0),
    "is told": lambda life: life.become(noticed=life.now.cursor),
    "begins": Life.begin,
    "has ended": lambda life: life.become(open_tasks=[]),
    "off": lambda life: life.become(on=False),
    "on": lambda life: life.become(on=True),
    **{
        f"stops {active} {works_on}": functools.partial(Life.stop, active=active, works_on=works_on)
        for active in BOTH
        for works_on in BOTH
    },
}


@given(st.sampled_from(GATES), st.lists(st.sampled_from(sorted(THINGS)), max_size=60))
def test_whatever_arrives_and_however_often_it_stops_nothing_holds_twice(
    gate: Gate, things: list[str]
) -> None:
    life = Life(gate)
    for thing in things:
        THINGS[thing](life)
    assert len(set(life.by_mail)) == len(life.by_mail)
    assert len(set(life.by_task)) == len(life.by_task)


@given(st.lists(st.integers(0, 9), min_size=6, max_size=6))
def test_marks_never_go_back(numbers: list[int]) -> None:
    one, other = Marks(*numbers[:3]), Marks(*numbers[3:])
    both = one.joined(other)
    assert both.joined(one) == both.joined(other) == both == other.joined(one)
