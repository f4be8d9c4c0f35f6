"""Somebody who speaks to the broker's socket by hand: bytes, and ZMTP where a test wants it."""

from __future__ import annotations

import secrets
import socket
import struct
from typing import Self

from signalpost.transport import frames, messages
from tests.system.place import SECONDS

GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" + bytes(31)
"""ZMTP 3.0, no security."""


def ready(routing_id: bytes = b"") -> bytes:
    """Return the command that ends the handshake, claiming a routing id."""
    body = b"\x05READY" + _property(b"Socket-Type", b"DEALER") + _property(b"Identity", routing_id)
    return b"\x04" + bytes([len(body)]) + body


def frame(body: bytes, *, more: bool) -> bytes:
    """Return one frame of a message."""
    return bytes([2 + more]) + struct.pack(">Q", len(body)) + body


def message(*parts: bytes) -> bytes:
    """Return one message."""
    return b"".join(frame(part, more=part is not parts[-1]) for part in parts)


def _property(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


class RawPeer:
    """One connection to a broker's endpoint."""

    def __init__(self, endpoint: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # With a timeout it would fail at once where others wait at the door.
        self._socket.connect(endpoint.removeprefix("ipc://"))
        self._socket.settimeout(SECONDS)
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Send; who was cut off already does not mind."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def close(self) -> None:
        self._socket.close()

    def shake_hands(self, routing_id: bytes = b"") -> Self:
        """Be a DEALER."""
        self.send(GREETING + ready(routing_id))
        self._read(len(GREETING))
        self._frame()  # its READY
        return self

    def ask(self, token: bytes, request: messages.Request) -> messages.Reply | messages.Push:
        """Send a request and return what is answered."""
        correlation = secrets.token_bytes(16)
        self.send(message(frames.header(token, correlation), frames.encode(request)))
        return self.hear(correlation)

    def hear(self, correlation: bytes) -> messages.Reply | messages.Push:
        """Return the next answer under a correlation."""
        while True:
            header, payload = self._frame(), self._frame()
            if frames.correlation_of(header) == correlation:
                return frames.answer_decoder().decode(payload)

    def is_cut_off(self) -> bool:
        """Tell whether the broker hangs up."""
        try:
            while self._socket.recv(4096):
                continue
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
        return True

    def _frame(self) -> bytes:
        flags = self._read(1)[0]
        size = struct.unpack(">Q", self._read(8))[0] if flags & 2 else self._read(1)[0]
        return self._read(size)

    def _read(self, count: int) -> bytes:
        while len(self._rest) < count:
            came = self._socket.recv(65536)
            assert came, "the broker has hung up"
            self._rest += came
        read, self._rest = self._rest[:count], self._rest[count:]
        return read
