"""The words in which tests speak of a queue: who asks, when, how it ends, what follows."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from signalpost.actors.effects import Effect, Tell
from signalpost.actors.job import Outcome
from signalpost.actors.moment import Moment
from signalpost.actors.queue import Queue
from signalpost.actors.task import Call, Task

NewTask = Callable[..., Task]
NewCall = Callable[..., Call]

DONE = Outcome(reason="exit", exit_code=0, ran_seconds=3.0)
KILLED = Outcome(reason="killed", ran_seconds=3.0)


def at(seconds: float) -> Moment:
    return Moment(seconds, 1000.0 + seconds)


def a_queue(width: int = 1) -> Queue:
    return Queue("global", width, itertools.count(1).__next__)


def kinds(effects: list[Effect]) -> list[tuple[type[Effect], int]]:
    return [(type(e), e.task.id) for e in effects if not isinstance(e, Tell)]
