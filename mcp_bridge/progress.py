"""Progress of one call, from the broker's pushes to the client's notifications."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..transport.messages import TaskProgress
from .broker_port import Progress
from .progress_text import progress_text

Token = str | int
"""By which a client knows to which of its calls progress belongs."""
Notify = Callable[[Token, int, str], None]
"""Sends one notification: whose call, a number that grows, and a line of text. It never waits."""
Tell = Callable[[int, str], None]
"""The same for one call."""
T = TypeVar("T")


async def told(call: Callable[[Progress], Awaitable[T]], tell: Tell, opening: str) -> T:
    """Await ``call``, telling ``opening`` at once and then every push until it returns."""
    news = _News(tell)
    news.tell(opening)
    try:
        return await call(news.push)
    finally:
        news.over = True


class _News:
    def __init__(self, tell: Tell) -> None:
        self.over = False
        self._tell = tell
        self._steps = itertools.count(1)

    def tell(self, text: str) -> None:
        self._tell(next(self._steps), text)

    def push(self, push: TaskProgress) -> None:
        # A client may take progress of a call that was answered for a fault.
        if not self.over:
            self.tell(progress_text(push))
