"""What a command inherits from the process that asked for it."""

from __future__ import annotations

import os
import resource
import threading
from dataclasses import dataclass
from pathlib import Path

ENV_TASK = "SIGNALPOST_TASK"
_SECRET_PREFIXES = (b"CLAUDE_CODE_MESSAGING_", b"SIGNALPOST_")
_umask_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Caller:
    """Environment, umask, soft limits and nice of a caller, and the task it runs inside."""

    environment: dict[bytes, bytes]
    umask: int
    limits: dict[str, int]
    nice: int
    parent: str

    @classmethod
    def of_this_process(cls) -> Caller:
        """Read them from this process; client secrets and our own variables stay out."""
        kept = {k: v for k, v in os.environb.items() if not k.startswith(_SECRET_PREFIXES)}
        return cls(
            environment=kept,
            umask=_umask(),
            limits=_soft_limits(),
            nice=os.getpriority(os.PRIO_PROCESS, 0),
            parent=os.environ.get(ENV_TASK, ""),
        )


def _umask() -> int:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    except OSError:
        pass  # no /proc: ask the portable way, which has to set it for a moment
    with _umask_lock:
        mask = os.umask(0o077)
        os.umask(mask)
    return mask


def _soft_limits() -> dict[str, int]:
    names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    return {name: resource.getrlimit(getattr(resource, name))[0] for name in names}
