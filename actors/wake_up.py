"""What the thread of the store has the event loop do: one wake-up for all that there is to tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from .commit_work import Then
from .storefault import refusal

Answer = Callable[[], None]


class WakeUp:
    """Speaks from the thread to its loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def answer(self, answers: list[Answer]) -> None:
        """Have all of them called at once."""
        if answers:
            self.tell(lambda: self._settle(iter(answers)))

    def tell(self, news: Callable[[], object]) -> None:
        """Have something called."""
        # A closed loop has nobody left who waits.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(news)

    def _settle(self, answers: Iterator[Answer]) -> None:
        try:
            for answer in answers:
                answer()
        except BaseException:
            # The fault of one is the loop's to report; the others are answered all the same.
            self._loop.call_soon(self._settle, answers)
            raise


def told(then: Then, error: Exception | None) -> Answer:
    """Return the answer to who waits; each gets an exception of its own."""
    refused = refusal(error) if error else None
    return partial(then, refused)
