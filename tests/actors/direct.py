"""A real shim whose broker is the test itself."""

from __future__ import annotations

import json
import os
import socket

import msgspec

from signalpost.actors.job import Job


def direct(job: Job, *, dead: bool = False) -> tuple[socket.socket, int]:
    """Run a shim of our own, whose broker we are, and return its control socket and pid.

    ``dead``: the broker has died before the shim comes to its job.
    """
    order = json.dumps({"op": "run", **msgspec.to_builtins(job)}).encode() + b"\n"
    return serve(order, dead=dead)


def serve(order: bytes, *, dead: bool = False) -> tuple[socket.socket, int]:
    """Run a shim of our own that has got one order already; as above."""
    ours, theirs = socket.socketpair()
    ours.sendall(order)
    if dead:
        ours.close()
    pid = os.fork()
    if pid == 0:
        from signalpost.actors import shim

        ours.close()
        os.setsid()
        shim.main(theirs.detach())
        os._exit(0)
    theirs.close()
    return ours, pid
