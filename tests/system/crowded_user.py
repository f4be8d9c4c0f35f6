"""A user of whom the system allows no further process, as long as a test says so.

Root is never limited, so root becomes somebody else here; who is not root limits itself.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable

from tests.system.place import Place

UID = 61234
"""Nobody's: what is counted is what the test has started."""

_BECOME = (
    *("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups"),
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),  # to read this environment
)
BEFORE = _BECOME if os.getuid() == 0 else ()


def why_not() -> str:
    """Return why this cannot be done here; empty: it can."""
    words = (*BEFORE, "prlimit", "--nproc=1:", "sh", "-c", "true & wait $!")
    try:
        done = subprocess.run(words, capture_output=True, timeout=10, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return "RLIMIT_NPROC hinders no fork"
    return "" if b"fork" in done.stderr.lower() else done.stderr.decode().strip()


def settle(place: Place) -> None:
    """Give the place to that user."""
    if BEFORE:
        os.chown(place.folder, UID, UID)


def limit(pids: Iterable[int], *, most: int | str = 1) -> None:
    """Let these processes start another one only while their user has fewer than ``most``."""
    for pid in pids:
        words = (*BEFORE, "prlimit", f"--pid={pid}", f"--nproc={most}:")
        done = subprocess.run(words, check=False, capture_output=True, timeout=10)
        assert done.returncode == 0 or not os.path.exists(f"/proc/{pid}"), done.stderr
