"""Answers that need more than the moment: work that is awaited, then its reply is sent."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from anyio.abc import TaskGroup

from ..transport import messages
from ..transport.errors import InternalFault, ShuttingDown, SignalpostError

logger = logging.getLogger(__name__)

Work = Awaitable[messages.Reply | None]
"""Comes to a reply; None: it was answered by somebody else."""


class Deferred:
    """Runs work for requests, each beside the others."""

    def __init__(
        self, tasks: TaskGroup, reply: Callable[[bytes, bytes, messages.Reply], object]
    ) -> None:
        self._tasks = tasks
        self._reply = reply

    def answer(self, token: bytes, correlation: bytes, work: Work) -> None:
        """Answer the request of a session with what ``work`` comes to, or with its refusal."""
        self._tasks.start_soon(self._answer, token, correlation, work)

    async def _answer(self, token: bytes, correlation: bytes, work: Work) -> None:
        reply: messages.Reply | None
        try:
            reply = await work
        except SignalpostError as error:
            reply = refusal(error)
        except Exception as error:
            logger.exception("request failed")
            reply = refusal(InternalFault(f"{type(error).__name__}; see the broker's log."))
        if reply is not None:
            self._reply(token, correlation, reply)


def refusal(error: SignalpostError) -> messages.Failed:
    """Return an error as a reply."""
    return messages.Failed(code=error.code, detail=str(error))


def stopping() -> ShuttingDown:
    """Return the error of a broker that is draining."""
    return ShuttingDown("the broker is stopping. Try again in a few seconds: a new one will start.")
