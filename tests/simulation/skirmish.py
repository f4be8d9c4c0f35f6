"""A brief course with a cast and kinds of fault drawn by lot, so that thousands take seconds.

Each seed leaves most of it out: what is always disturbed by something else is
never seen alone (swarm testing, Groce et al., ISSTA 2012).
"""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.bell_parts import SLEEPER, Visitor, sleeper, waiter
from tests.simulation.books import LEAVER, MOVER
from tests.simulation.mail_parts import asker, reader, writer
from tests.simulation.name_parts import leaver, mover
from tests.simulation.programs import Part
from tests.simulation.scenario import Scenario
from tests.simulation.task_parts import looker, runner

_GROUPS: dict[str, dict[str, Part]] = {
    "mail": {"w1": writer("ann", "bob")},
    "shared": {"pool#1": reader, "pool#2": reader, "w2": writer("pool", "ann")},
    "questions": {"ask1": asker("ann")},
    "names": {MOVER: mover, "w4": writer(MOVER, f"{MOVER}1")},
    "leaving": {LEAVER: leaver, "w5": writer(LEAVER, "ann")},
    "tasks": {"r1": runner, "r2": runner},
    "looks": {"eve": looker, "r3": runner},
    "bells": {SLEEPER: sleeper, "w3": writer(SLEEPER)},
}
_ALWAYS: dict[str, Part] = {"ann": reader, "bob": reader}
_MOST_GROUPS = 3
_LEAST_SECONDS, _MOST_SECONDS = 0.5, 3.0


class Skirmish(Scenario):
    """A few of them, for a moment."""

    longest_peace = 1.0

    def _cast(self) -> None:
        self.faulty_seconds = self.chance.uniform(_LEAST_SECONDS, _MOST_SECONDS)
        drawn = self.chance.sample(sorted(_GROUPS), self.chance.randint(1, _MOST_GROUPS))
        parts = dict(_ALWAYS)
        for group in drawn:
            parts |= _GROUPS[group]
        for name, part in parts.items():
            self._enlist(name, part)
        if "bells" in drawn:
            self.programs.append(Visitor(self.machine, self.books, "door1", waiter(SLEEPER)))

    def _faults(self) -> list[Callable[[], None]]:
        every = super()._faults()
        return self.chance.sample(every, self.chance.randint(1, len(every)))
