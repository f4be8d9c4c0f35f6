"""Somebody at the door: a raw connection of kind door that knows the requests about bells."""

from __future__ import annotations

from typing import Any

from signalpost.transport import bell
from tests.actors.correspondent import Correspondent
from tests.actors.counter import Answer, Counter


class Visitor(Correspondent):
    """One door session. Use :func:`visitor`."""

    async def look(self, agent: str = "", **words: Any) -> bell.Doorstep:  # noqa: ANN401
        return step(await self.ask(bell.LookAtBell(agent=agent, **words)))

    def wait(self, agent: str = "", **words: Any) -> bytes:  # noqa: ANN401
        return self.say(bell.AwaitBell(agent=agent, **words))

    def expect(self, agent: str = "", **words: Any) -> bytes:  # noqa: ANN401
        return self.say(bell.AwaitAgent(agent=agent, **words))

    async def rung(self, correlation: bytes) -> bell.Doorstep:
        return step(await self.speaker.answer(correlation))

    def is_answered(self, correlation: bytes) -> bool:
        return any(heard == correlation for heard, _ in self.speaker.heard)


async def visitor(place: Counter, **hello: Any) -> Visitor:  # noqa: ANN401
    """Connect somebody who speaks for no agent."""
    return Visitor(await place.speaker(kind="door", **hello))


def step(answer: Answer) -> bell.Doorstep:
    assert isinstance(answer, bell.Doorstep), answer
    return answer


async def bell_of(who: Correspondent, agent: str = "", **words: Any) -> bell.BellState:  # noqa: ANN401
    """Set a bell, or only look at how it is set."""
    answer = await who.ask(bell.SetBell(agent=agent, **words))
    assert isinstance(answer, bell.BellState), answer
    return answer
