"""A broker that lives and cannot be found: somebody has removed files of it.

none published ──> who holds DIR.lock? ── nobody ──> none runs
                         │ somebody
                         v
                   nudged: it puts its files back ──> found again
                         │ not in time
                         v
                   a stray: it ends with its running tasks, or is ended by force
"""

from __future__ import annotations

import signal
from pathlib import Path

from .actors import holder
from .actors.holder import Holder
from .transport import endpoint
from .transport.endpoint import Published
from .transport.errors import BrokerUnavailable

_PATIENCE = (0.05, 0.2, 0.75)
_TERM_SECONDS = 15.0
"""More than a broker takes that kills what runs and closes its store."""
_KILL_SECONDS = 5.0


def of(data_dir: Path) -> Holder | None:
    """Return the broker that lives there and cannot be found; it is left alone."""
    if endpoint.find(data_dir) is not None:
        return None
    return holder.living(endpoint.lock_path(data_dir))


def call(data_dir: Path) -> Holder | None:
    """Have a stray look after its files; return it if it still cannot be found then."""
    stray = of(data_dir)
    if stray is None:
        return None
    stray.nudge()
    for seconds in _PATIENCE:
        if stray.gone_within(seconds) or endpoint.find(data_dir) is not None:
            return None
    return stray


def find(data_dir: Path) -> Published | None:
    """Return the broker that serves, calling a stray back; None: none lives.

    :raises BrokerUnavailable: one lives and cannot be called back
    """
    found = endpoint.find(data_dir)
    if found is not None:
        return found
    stray = call(data_dir)
    if stray is not None:
        raise BrokerUnavailable(words(stray, data_dir))
    return endpoint.find(data_dir)


def words(stray: Holder, data_dir: Path) -> str:
    """Return what is wrong and what to do."""
    return (
        f"a broker (pid {stray.pid}) holds {endpoint.lock_path(data_dir)} but cannot be reached:"
        " its files were removed. It ends when its running tasks have ended; end it and kill"
        " them: signalpost stop --force"
    )


def end(stray: Holder) -> bool:
    """Ask a broker to stop, which kills what runs; kill it if it does not. True: it is dead."""
    stray.tell(signal.SIGTERM)
    if stray.gone_within(_TERM_SECONDS):
        return True
    stray.tell(signal.SIGKILL)
    return stray.gone_within(_KILL_SECONDS)
