"""Progress of one call, from the broker's pushes to the client's notifications."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from ..transport.errors import InternalFault, SignalpostError
from ..transport.messages import TaskProgress
from .broker_port import Progress
from .progress_text import progress_text

Tell = Callable[[float, str], Awaitable[None]]
"""Sends one notification: a number that grows, and a line of text."""
T = TypeVar("T")


class _News:
    """The latest push that has not been told yet; older ones are of no use."""

    def __init__(self) -> None:
        self._latest: TaskProgress | None = None
        self._arrived = anyio.Event()

    def put(self, push: TaskProgress) -> None:
        self._latest = push
        self._arrived.set()

    async def take(self) -> TaskProgress:
        while (push := self._latest) is None:
            await self._arrived.wait()
        self._latest, self._arrived = None, anyio.Event()
        return push


async def told(call: Callable[[Progress], Awaitable[T]], tell: Tell, opening: str) -> T:
    """Await ``call``, telling ``opening`` at once and then every push until it returns.

    :raises SignalpostError: the call's own refusal, bare
    """
    outcome: T | SignalpostError = InternalFault("the call ended without an answer. Try again.")
    async with anyio.create_task_group() as telling:
        news = _News()
        telling.start_soon(_tell_all, news, tell, opening)
        outcome = await _outcome(call, news)
        telling.cancel_scope.cancel()
    if isinstance(outcome, SignalpostError):
        raise outcome
    return outcome


async def _outcome(call: Callable[[Progress], Awaitable[T]], news: _News) -> T | SignalpostError:
    """Return a refusal: raised through the task group it would come out as an ExceptionGroup."""
    try:
        return await call(news.put)
    except SignalpostError as error:
        return error


async def _tell_all(news: _News, tell: Tell, opening: str) -> None:
    step = 1
    await tell(step, opening)
    while True:
        push = await news.take()
        step += 1
        await tell(step, progress_text(push))
