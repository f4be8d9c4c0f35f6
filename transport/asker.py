"""What every part of a client is built on: it asks, and knows what it may be answered."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from . import messages
from .calls import Progress
from .errors import ProtocolMismatch
from .link import SILENCE_SECONDS, Link

R = TypeVar("R", bound=msgspec.Struct)


class Asker:
    """Asks over one link."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def _ask(
        self,
        request: messages.Request,
        expected: type[R],
        *,
        deadline: float | None = SILENCE_SECONDS,
        progress: Progress | None = None,
    ) -> R:
        answer = await self._link.ask(request, deadline=deadline, progress=progress)
        if not isinstance(answer, expected):
            raise ProtocolMismatch(
                f"expected {expected.__name__}, got {type(answer).__name__}."
                " Run `signalpost stop`, then try again."
            )
        return answer


def patience(wait_seconds: float | None) -> float | None:
    """Return the deadline of a request that the broker answers after ``wait_seconds``."""
    return None if wait_seconds is None else wait_seconds + SILENCE_SECONDS
