"""Commands for tasks that are hard to kill, each with the pids that it has written."""

from __future__ import annotations

import shlex
import sys

from tests.system.fifo import Fifo

_FOREVER = "while :; do sleep 1000; done"
_SCRIPTS = {
    "plain": "echo $$ >{pids}; sleep 1000",
    "deaf to TERM": f"trap '' TERM; echo $$ >{{pids}}; {_FOREVER}",
    "session of its own": "setsid sh -c 'echo $$ >{pids}; sleep 1000' & echo $$ >{pids}; wait",
    "double fork": (
        "(setsid sh -c 'trap \"\" TERM HUP; echo $$ >{pids}; sleep 1000' &) &"
        " echo $$ >{pids}; sleep 1000"
    ),
    "stopped": "sh -c 'echo $$ >{pids}; kill -STOP $$; sleep 1000' & echo $$ >{pids}; wait",
}
_CHAIN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
note = open(sys.argv[1], "w", buffering=1)
print(os.getpid(), file=note)
if os.fork():
    time.sleep(1000)
# A process that lives but a moment, and is another one the next time one looks.
for _ in range(300_000):
    if os.fork():
        os._exit(0)
    os.setsid()
    if _ == 3:
        print(os.getpid(), file=note)
"""

KINDS = (*_SCRIPTS, "chain of forks")


def tree(kind: str, pids: Fifo) -> str:
    """Return a command that writes two pids, or one, when it is under way; see :func:`count`."""
    if kind == "chain of forks":
        return f"exec {sys.executable} -c {shlex.quote(_CHAIN)} {pids}"
    return _SCRIPTS[kind].format(pids=pids)


def count(kind: str) -> int:
    return 1 if kind in {"plain", "deaf to TERM"} else 2
