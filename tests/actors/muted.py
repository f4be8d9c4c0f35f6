"""A shim that cannot say a word: it is as one that stops or dies before it has said it."""

from __future__ import annotations

import ctypes
import os
import socket

from signalpost.actors.control import Control

_PIDFD_GETFD = 438


def mute(control: Control) -> None:
    """Fill the socket of a shim, which waits at its next word until the broker reads again."""
    transport = control._transport  # pyright: ignore[reportPrivateUsage]
    assert transport is not None
    transport.pause_reading()
    handle = os.pidfd_open(control.pid)
    (its,) = (
        int(fd)
        for fd in os.listdir(f"/proc/{control.pid}/fd")
        if os.readlink(f"/proc/{control.pid}/fd/{fd}").startswith("socket:")
    )
    with socket.socket(fileno=ctypes.CDLL(None).syscall(_PIDFD_GETFD, handle, its, 0)) as line:
        for size in (4096, 1):  # blanks before a word are no part of it
            while _sent(line, size):
                pass
    os.close(handle)


def unmute(control: Control) -> None:
    """Read what it has said, and what it says."""
    transport = control._transport  # pyright: ignore[reportPrivateUsage]
    assert transport is not None
    transport.resume_reading()


def _sent(line: socket.socket, size: int) -> bool:
    try:
        return line.send(b" " * size, socket.MSG_DONTWAIT) > 0
    except BlockingIOError:
        return False
