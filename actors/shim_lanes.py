"""Two pipes under one eye: what was written first is read first. Linux only.

*Calm*, each pipe holds one packet: who writes a second one waits until the
first was read, so the order of epoll's events is the order of the writes.

*Flooded*, one pipe is wide and holds bytes, and the other is plugged: a packet
of our own fills it, and who writes there waits until the plug is pulled, which
is done when the wide pipe was emptied and is narrow again. So whatever that
held was written before.

    calm --many packets in a row from one--> flooded
      ^                                         |
      +-- a rest brought little, or time is up -+

A flood is interrupted again and again, so that nobody is plugged for long; two
streams that flood at once are calm, packet by packet. What two processes write
at the same time has no order, and is read in some.

Standard library only: this module runs inside the shim.
"""

from __future__ import annotations

import os
import sys

STDOUT = b"1"
STDERR = b"2"

Piece = tuple[bytes, bytes]
"""Which stream, and what it said."""

_BUDGET = 256 * 1024
"""Bytes of one pump: small enough that a flood never delays a kill."""


class _Haul:
    """What one pump takes: pieces in order, those of one stream in a row as one."""

    def __init__(self) -> None:
        self.room = _BUDGET
        self._runs: list[tuple[bytes, list[bytes]]] = []

    def add(self, tag: bytes, data: bytes) -> None:
        self.room -= len(data) or 1
        if not data:
            return
        if not self._runs or self._runs[-1][0] != tag:
            self._runs.append((tag, []))
        self._runs[-1][1].append(data)

    def pieces(self) -> list[Piece]:
        return [(tag, b"".join(parts)) for tag, parts in self._runs]


if sys.platform == "linux":
    import fcntl
    import mmap
    import select
    import time

    _NARROW = mmap.PAGESIZE
    _WIDE = 256 * 1024
    _READ = 64 * 1024
    _FLOOD = 32
    """So many packets in a row from one stream are a flood."""
    _REST_SECONDS = 0.0001
    """A flood is left alone for so long, to take much at once."""
    _PLENTY = _WIDE // 4
    """After so much at once there is no need for a rest."""
    _TURN_SECONDS = 0.001
    _LONGEST_TURN = 0.02
    """After so long a flood is interrupted for those who are plugged; sooner if they spoke lately."""
    _HEAR_SECONDS = 0.001
    """So long one who was plugged may take to write."""
    _TRIES = 5
    _PACKETS = os.O_DIRECT
    _BYTES = 0
    _MODE = os.O_DIRECT | os.O_NONBLOCK
    _EVENTS = select.EPOLLIN | select.EPOLLET

    class _Lane:
        """One pipe: narrow, or wide, or narrow and plugged."""

        def __init__(self, tag: bytes) -> None:
            self.tag = tag
            self.reader, self.writer = os.pipe2(os.O_CLOEXEC | os.O_DIRECT)
            os.set_blocking(self.reader, False)
            # Opened anew: its flags are not those of the command, which is to wait.
            self._plug = os.open(f"/proc/self/fd/{self.writer}", os.O_WRONLY | os.O_CLOEXEC)
            fcntl.fcntl(self._plug, fcntl.F_SETFL, _MODE)
            self._room = select.poll()
            self._room.register(self._plug, select.POLLOUT)
            self.resize(_NARROW)

        def take(self, most: int = _READ) -> bytes:
            """Take one packet, or as many bytes as there are."""
            try:
                return os.read(self.reader, most)
            except BlockingIOError:
                return b""

        def keep(self, mode: int) -> None:
            """Have everybody write ``_PACKETS`` or ``_BYTES``, and wait for room.

            The flags are shared with all who write. One who sets them so that he
            would not wait would make others fail, or himself lose his place.
            """
            flags = fcntl.fcntl(self.writer, fcntl.F_GETFL)
            if flags & _MODE != mode:
                fcntl.fcntl(self.writer, fcntl.F_SETFL, flags & ~_MODE | mode)

        def resize(self, size: int) -> bool:
            """Make it as wide as that; it cannot get narrower than what it holds."""
            try:
                return fcntl.fcntl(self.writer, fcntl.F_SETPIPE_SZ, size) >= size
            except OSError:
                return False

        @property
        def widened(self) -> bool:
            """Whether it is not narrow, because of us or of the command itself."""
            return fcntl.fcntl(self.writer, fcntl.F_GETPIPE_SZ) > _NARROW

        @property
        def full(self) -> bool:
            """Whether nobody can write to it before we read it."""
            return not self._room.poll(0)

        def plug(self) -> bool:
            """Fill it, unless something is in it, or it is so wide that something might be."""
            if self.widened:
                return False
            try:
                return os.write(self._plug, b"!") > 0
            except BlockingIOError:
                return False

        def unplug(self) -> None:
            """Take the plug out; it is the first that is in it."""
            self.take()

    class OrderedPipes:
        """Both pipes, under one edge-triggered epoll, taken one event at a time."""

        def __init__(self) -> None:
            self._epoll = select.epoll()
            self._lanes = (_Lane(STDOUT), _Lane(STDERR))
            self._by_fd = {lane.reader: lane for lane in self._lanes}
            for lane in self._lanes:
                self._epoll.register(lane.reader, _EVENTS)
            self._speaker = self._lanes[0]
            self._streak = 0
            self._flood: _Lane | None = None
            self._turn = _LONGEST_TURN
            self._until = 0.0
            self._last = 0

        def writers(self) -> tuple[int, int]:
            return self._lanes[0].writer, self._lanes[1].writer

        def watch(self) -> list[int]:
            return [self._epoll.fileno()]

        def pump(self, fd: int) -> list[Piece]:
            haul = _Haul()
            for lane in self._lanes:
                lane.keep(_BYTES if lane is self._flood else _PACKETS)
            while haul.room > 0 and self._step(haul):
                pass
            if self._flood is not None:
                # What is plugged is never empty: we shall be called again.
                self._epoll.modify(self._other(self._flood).reader, _EVENTS)
            else:
                self._tidy(haul)
            return haul.pieces()

        def _step(self, haul: _Haul) -> bool:
            if self._flood is not None:
                self._gulp(self._flood, haul)
                return True
            events = self._epoll.poll(0, 1)
            for fd, _ in events:
                self._sip(self._by_fd[fd], haul)
            return bool(events)

        def _other(self, lane: _Lane) -> _Lane:
            return self._lanes[lane is self._lanes[0]]

        # -------------------------------------------------------- calm

        def _sip(self, lane: _Lane, haul: _Haul) -> None:
            haul.add(lane.tag, lane.take())
            self._streak = self._streak + 1 if lane is self._speaker else 1
            self._speaker = lane
            if self._streak > _FLOOD:
                self._streak = 0
                self._widen(lane, haul)

        def _tidy(self, haul: _Haul) -> None:
            """Take what is in a pipe that a command has made wider, and has no event."""
            for lane in self._lanes:
                if lane.widened:
                    while haul.room > 0 and (data := lane.take()):
                        haul.add(lane.tag, data)
                    lane.resize(_NARROW)
                    self._epoll.modify(lane.reader, _EVENTS)

        # -------------------------------------------------------- flooded

        def _widen(self, lane: _Lane, haul: _Haul) -> None:
            if not self._other(lane).plug():
                return
            self._flood = lane
            self._turn = _LONGEST_TURN
            self._until = time.monotonic() + self._turn
            self._last = 0
            lane.keep(_BYTES)
            if lane.resize(_WIDE):
                haul.add(lane.tag, lane.take())  # the last packet; all that follows is bytes
            else:
                self._narrow(lane, haul)

        def _gulp(self, lane: _Lane, haul: _Haul) -> None:
            rested = self._last < _PLENTY
            if rested:
                time.sleep(_REST_SECONDS)
            if time.monotonic() > self._until:
                self._interrupt(lane, haul)
                return
            data = lane.take(_WIDE)
            self._last = len(data)
            haul.add(lane.tag, data)
            if rested and len(data) <= _NARROW:
                self._narrow(lane, haul)

        def _narrow(self, lane: _Lane, haul: _Haul) -> None:
            """End the flood, unless the pipe is filled faster than it can be narrowed."""
            for _ in range(_TRIES):
                haul.add(lane.tag, lane.take(_WIDE))
                if lane.resize(_NARROW):
                    break
            else:
                return
            lane.keep(_PACKETS)
            # What is in it may still be bytes, and a packet would melt into them.
            haul.add(lane.tag, lane.take())
            # The events so far tell of what was taken; list what was not.
            self._epoll.poll(0, 2)
            self._epoll.modify(lane.reader, _EVENTS)
            self._other(lane).unplug()
            self._flood = None

        def _interrupt(self, lane: _Lane, haul: _Haul) -> None:
            """Let those write who are plugged, while the flooding cannot: their pipe is full."""
            if not lane.full:
                self._narrow(lane, haul)
                return
            other = self._other(lane)
            said, plugged = self._hear(other)
            haul.add(lane.tag, lane.take(_WIDE))
            for data in said:
                haul.add(other.tag, data)
            self._turn = _TURN_SECONDS if said else min(self._turn * 2, _LONGEST_TURN)
            self._until = time.monotonic() + self._turn
            if not plugged:
                # They write as fast as we read: from here on the order is about right.
                self._flood = None
                for each in self._lanes:
                    self._epoll.modify(each.reader, _EVENTS)

        def _hear(self, lane: _Lane) -> tuple[list[bytes], bool]:
            """Pull the plug for a moment; return what was said, and whether it is in again."""
            said: list[bytes] = []
            self._epoll.poll(0, 2)
            lane.unplug()
            while len(said) < _FLOOD and self._epoll.poll(_HEAR_SECONDS, 1):
                said.append(lane.take())
            for _ in range(_WIDE // _NARROW):
                if lane.plug():
                    return said, True
                said.append(lane.take())
            return said, False
