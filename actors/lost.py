"""What can be told of a task whose shim can tell nothing any more: what its log holds."""

from __future__ import annotations

import logging
from typing import Literal

import anyio.to_thread

from . import output
from .job import Outcome
from .shim_child import describe

logger = logging.getLogger(__name__)

_TAIL_BYTES = 32 * 1024


async def lost(
    task_id: int,
    log: str,
    *,
    hung: Literal["timeout", "killed"] | None,
    ran_seconds: float,
    ended_at: float,
) -> Outcome:
    """Return the outcome of a task of which nothing lives any more.

    :param hung: why the task had to end, when its shim did not end it; None: it was killed itself
    """
    return Outcome(
        reason=hung or "shim_lost",
        error="its shim hung and was killed" if hung else "its shim was killed",
        ran_seconds=ran_seconds,
        tail=await logged(task_id, log),
        ended_at=ended_at,
    )


async def logged(task_id: int, log: str) -> bytes:
    """Return the last 32 KiB of a task's output, as far as its log has it."""
    try:
        return await anyio.to_thread.run_sync(output.tail_of, log, _TAIL_BYTES)
    except OSError as error:
        logger.warning("the log of task %d: %s", task_id, describe(error))
        return b""
