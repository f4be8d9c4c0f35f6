"""The zygote: a warm process that becomes a shim by forking, one per byte it receives.

    broker --- byte + control descriptor ---> zygote --fork--> shim

Starting an interpreter takes tens of milliseconds, forking this one takes less
than one. It holds the shim's code in memory, so that an upgrade of the files
under a running broker does no harm, and it knows nothing of any job. It ends
with the broker.

Standard library only: this module runs in a process of its own.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
from typing import NoReturn

from . import shim
from .shim_reason import without_shim


def main(control: int) -> NoReturn:
    """Be the zygote at the other end of ``control``, a descriptor, until the broker is gone."""
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)  # the shims, too: they end by their lifeline
    # Collections in the children would only copy the pages that they share.
    gc.freeze()
    broker = socket.socket(fileno=control)
    broker.sendall(b"r")
    while True:
        order, descriptors, _, _ = socket.recv_fds(broker, 1, 1)
        if not order:
            os._exit(0)
        for descriptor in descriptors:
            _fork(broker, descriptor)


def _fork(broker: socket.socket, control: int) -> None:
    os.set_inheritable(control, False)
    try:
        pid = os.fork()
    except OSError as error:
        _refuse(control, error)
        return
    if pid == 0:
        _become(broker, control)
    os.close(control)


def _refuse(control: int, error: OSError) -> None:
    with socket.socket(fileno=control) as peer:
        line = json.dumps({"event": "refused", "error": without_shim(error)})
        peer.sendall(line.encode() + b"\n")


def _become(broker: socket.socket, control: int) -> NoReturn:
    status = 70
    try:
        broker.close()
        os.setsid()
        shim.main(control)
        status = 0
    except BaseException as error:  # noqa: BLE001 - a forked copy must never run the zygote's code
        sys.excepthook(type(error), error, error.__traceback__)
    os._exit(status)
