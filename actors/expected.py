"""Who waits for an agent that has not come yet. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from .agent import Agent
from .kinship import below, in_thread


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """One open request, whom it means, and what is done when that agent has come."""

    correlation: bytes
    session: bytes
    fulfil: Callable[[Agent], None]
    name: str = ""
    """Empty: it means the agent of ``thread``, or the one of a client among ``above``."""
    thread: str = ""
    above: tuple[Hashable, ...] = ()
    """The process that asks and those above it."""

    def means(self, agent: Agent) -> bool:
        """Tell whether this is the agent."""
        if self.name:
            return agent.name == self.name
        return (in_thread([agent], self.thread) or below([agent], self.above)) is not None


class Expected:
    """All that is waited for."""

    def __init__(self) -> None:
        self._open: list[Expectation] = []

    def wait(self, expectation: Expectation) -> None:
        """Let somebody wait until an agent has come."""
        self._open.append(expectation)

    def come(self, agent: Agent) -> None:
        """An agent is there, under this name: serve those who have waited for it."""
        met = [expectation for expectation in self._open if expectation.means(agent)]
        self._open = [expectation for expectation in self._open if expectation not in met]
        for expectation in met:
            expectation.fulfil(agent)

    def give_up(self, correlation: bytes) -> None:
        """Nobody waits for this answer any more."""
        self._open = [each for each in self._open if each.correlation != correlation]

    def leave(self, session: bytes) -> None:
        """A session is gone."""
        self._open = [each for each in self._open if each.session != session]
