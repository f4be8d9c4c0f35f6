"""Live copies of a task's output, framed, to unix sockets of those who watch.

    frame: tag (1) | length (4, big-endian) | bytes        tags: 1 stdout, 2 stderr, @ log size

The caller's own stream holds the command back when it is slow, as a pipe would;
a follower that falls too far behind is cut off instead.

Standard library only: this module runs inside the shim.
"""

from __future__ import annotations

import selectors
import socket

_LOG_SIZE = b"@"
_HOLD_BACK = 64 * 1024
_CUT_OFF = 4 * 1024 * 1024


class Stream:
    """One connection; ``closed`` once the peer went away or was cut off.

    :raises OSError: nobody listens at ``path``
    """

    def __init__(self, path: str) -> None:
        self.closed = False
        self.pending = bytearray()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise

    def send(self, tag: bytes, data: bytes) -> None:
        """Queue one frame and send what the peer takes now."""
        self.pending += tag + len(data).to_bytes(4, "big") + data
        self.flush()

    def flush(self) -> None:
        """Send what the peer takes now."""
        try:
            while self.pending:
                del self.pending[: self.socket.send(self.pending)]
        except BlockingIOError:
            return
        except OSError:
            self.closed = True

    def close(self) -> None:
        """Drop the connection and what is pending."""
        self.closed = True
        self.pending.clear()
        self.socket.close()


class Streams:
    """Every stream of one task, watched for room in the shim's selector."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._caller: Stream | None = None
        self._all: list[Stream] = []
        self._watched: set[Stream] = set()

    @property
    def congested(self) -> bool:
        """Whether the caller is so far behind that the command has to wait."""
        return self._caller is not None and len(self._caller.pending) > _HOLD_BACK

    @property
    def pending(self) -> bool:
        """Whether anything is still to be sent."""
        return bool(self._watched)

    def call(self, path: str) -> None:
        """Connect to the caller's socket. Nobody there: the log alone has the output."""
        self._caller = self._connect(path)

    def follow(self, path: str, log_size: int) -> None:
        """Connect one more reader; it shows the log up to ``log_size`` first."""
        follower = self._connect(path)
        if follower is not None:
            follower.send(_LOG_SIZE, log_size.to_bytes(8, "big"))
            self._settle(follower)

    def send(self, tag: bytes, data: bytes) -> None:
        """Copy one piece of output to every stream."""
        for stream in list(self._all):
            stream.send(tag, data)
            self._settle(stream)

    def flush(self, stream: Stream) -> None:
        """Send on, now that ``stream`` has room or its peer is gone."""
        if not stream.closed:
            stream.flush()
            self._settle(stream)

    def close(self) -> None:
        """End every stream; the peers read what was sent and then the end."""
        for stream in list(self._all):
            stream.closed = True
            self._settle(stream)

    def _connect(self, path: str) -> Stream | None:
        try:
            stream = Stream(path)
        except OSError:
            return None
        self._all.append(stream)
        return stream

    def _settle(self, stream: Stream) -> None:
        if stream is not self._caller and len(stream.pending) > _CUT_OFF:
            stream.closed = True
        self._watch(stream, bool(stream.pending) and not stream.closed)
        if stream.closed:
            self._forget(stream)

    def _forget(self, stream: Stream) -> None:
        self._all.remove(stream)
        stream.close()

    def _watch(self, stream: Stream, wanted: bool) -> None:
        if wanted and stream not in self._watched:
            self._watched.add(stream)
            self._selector.register(stream.socket, selectors.EVENT_WRITE, stream)
        elif not wanted and stream in self._watched:
            self._watched.discard(stream)
            self._selector.unregister(stream.socket)
