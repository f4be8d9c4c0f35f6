"""A peer that speaks ZMTP by hand and sends one message whose frames never end. Run as a script."""

from __future__ import annotations

import socket
import sys

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x05READY" + b"\x0bSocket-Type" + (6).to_bytes(4, "big") + b"DEALER"
FRAME = 1_000_000
_COMMAND, _LONG_MORE = b"\x04", b"\x03"


def shake_hands(path: str) -> socket.socket:
    """Connect as a DEALER does."""
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    peer.connect(path)
    peer.sendall(GREETING)
    _take(peer, len(GREETING))
    peer.sendall(_COMMAND + len(READY).to_bytes(1, "big") + READY)
    _, size = _take(peer, 2)
    _take(peer, size)
    return peer


def _take(peer: socket.socket, count: int) -> bytes:
    data = peer.recv(count, socket.MSG_WAITALL)
    if len(data) < count:
        raise ConnectionError("the other end has closed")
    return data


def main(path: str, most: int) -> None:
    """Send until the other end is gone, or so many bytes."""
    frame = _LONG_MORE + FRAME.to_bytes(8, "big") + bytes(FRAME)
    peer, sent = shake_hands(path), 0
    try:
        while sent < most:
            peer.sendall(frame)
            sent += FRAME
    except OSError:
        said = "cut off"
    else:
        said = "sent"
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
