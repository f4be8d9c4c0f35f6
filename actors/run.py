"""One job that is run: how long it may last, and the shim that has it."""

from __future__ import annotations

import os

from .control import Control
from .job import Job
from .patience import Patience


class Run:
    """From when a shim is looked for until its outcome is there."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.patience = Patience(
            timeout_seconds=job.timeout_seconds, grace_seconds=job.grace_seconds
        )
        self.shim: Control | None = None

    @property
    def touched(self) -> bool:
        """Whether its command may have begun: that is recorded before, and said only after."""
        return (self.shim is not None and self.shim.taken) or os.path.exists(
            self.job.running_record
        )

    def kill(self, grace: float | None) -> None:
        """Have it killed, with at most so much grace."""
        self.patience.kill(grace)
        if self.shim is not None:
            self.shim.kill(grace)
