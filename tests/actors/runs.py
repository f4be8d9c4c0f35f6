"""Runs of jobs in a launcher, from their start to their outcome."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from signalpost.actors.job import Job, Outcome
from signalpost.actors.launcher import Launcher


def nobody(_pid: int) -> None:
    """Not interested in the start of a command."""


async def outcome_of(
    launcher: Launcher, job: Job, started: Callable[[int], None] = nobody
) -> Outcome:
    with anyio.fail_after(30):
        return await launcher.run(job, started)
