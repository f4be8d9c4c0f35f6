"""ROUTER and DEALER. Only this module, :mod:`.socket` and :mod:`.direct` know ZeroMQ."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

import zmq
from zmq.utils.monitor import parse_monitor_message

from .door import Door
from .errors import BrokerUnavailable
from .frames import MAX_ANSWER, MAX_PAYLOAD
from .outbox import STALLED_LIMIT, Outbox, Outgoing
from .peer import Peer
from .routing_ids import make_unforeseeable
from .socket import Socket, number

logger = logging.getLogger(__name__)

BATCH = 256
"""Messages taken in one go before others may run."""
BURST_SECONDS = 0.0005
"""A router takes no longer: each commit waits for about three turns beside a peer that floods."""
_SOON = 16
_HANDSHAKE_MS, _LAST_WORDS_MS = 2000, 500
# The plain method: the one above it has a look at what only other kinds of sockets have.
_send = zmq.backend.Socket.send
# Plain numbers: each operation on the library's enumerations costs as much as a receive.
_NOW, _MORE = int(zmq.NOBLOCK), int(zmq.NOBLOCK | zmq.SNDMORE)

zeromq_version = zmq.zmq_version


class Message:
    """What came from one peer. ``frames`` are those behind the identity."""

    __slots__ = ("_last", "frames", "identity")

    def __init__(self, identity: bytes, frames: list[bytes], last: zmq.Frame) -> None:
        self.identity = identity
        self.frames = frames
        self._last = last

    def peer(self) -> Peer:
        """Return who sent it; on ipc the kernel vouches for it."""
        try:
            _, uid, _, pid = str(self._last.get("Peer-Address")).split(":")
        except (zmq.ZMQError, ValueError):
            return Peer(uid=-1, pid=-1)
        return Peer(uid=int(uid), pid=int(pid))


class Router(Socket):
    """The broker's end: bound, mandatory, never blocking."""

    def __init__(self, endpoint: str, connected: Callable[[int], object] = int) -> None:
        make_unforeseeable()
        super().__init__(zmq.ROUTER, linger_ms=0, most=MAX_PAYLOAD)
        self._handle: Callable[[Message], None]
        self._missed: Callable[[bytes], object] = len
        self._outbox = Outbox(self._drop)
        self._raw.set(zmq.ROUTER_MANDATORY, 1)
        self._raw.set(zmq.SNDHWM, STALLED_LIMIT)
        self._raw.set(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
        self._raw.set(zmq.IPC_FILTER_UID, os.getuid())
        self._monitor = self._watch_connections()
        self.door = Door(endpoint[6:], self._accept_from, self._raw.unbind, connected)

    def post(self, identity: bytes, header: bytes, payload: bytes) -> None:
        """Send soon; a peer that is gone by then gets nothing, and nobody waits for it."""
        self._outbox.post((identity, header, payload))
        self._come_again()

    async def serve(
        self, handle: Callable[[Message], None], missed: Callable[[bytes], object] = len
    ) -> None:
        """Give every message to ``handle`` and send what is posted, until cancelled.

        ``missed`` gets each peer that read so little that what was for it is dropped.
        """
        self._handle, self._missed = handle, missed
        await self._serve()

    def _drop(self, identity: bytes) -> None:
        self._missed(identity)

    def _work(self) -> bool:
        if self._outbox:  # what a turn in between is for: there may be nothing to take
            self.flush()
            return self._readable() and self._burst()
        # The first is answered before anything else is looked at: it is often the only one.
        more = self._take()
        self.flush()
        return self._readable() and (not more or self._burst())

    def _burst(self) -> bool:
        until = self._loop.time() + BURST_SECONDS
        for taken in range(1, BATCH):
            if not self._take():
                self.flush()
                return self._readable()
            if self._loop.time() > until:
                break
            if taken % _SOON == 0:  # peers that wait for these work while we take the next
                self.flush()
        self.flush()
        return True

    def close(self) -> None:
        if not self._raw.closed:
            self.door.close()
            self._loop.remove_reader(number(self._monitor, zmq.FD))
            self._raw.disable_monitor()
            self._monitor.close()
            self._raw.linger = _LAST_WORDS_MS
        super().close()

    def _accept_from(self, listening: int, address: str) -> None:
        self._raw.set(zmq.USE_FD, listening)
        self._raw.bind(address)

    def _watch_connections(self) -> zmq.Socket[bytes]:
        monitor: zmq.Socket[bytes] = self._raw.get_monitor_socket(
            zmq.EVENT_ACCEPTED
            | zmq.EVENT_ACCEPT_FAILED
            | zmq.EVENT_DISCONNECTED
            | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
        )
        self._loop.add_reader(number(monitor, zmq.FD), self._note_connections)
        number(monitor, zmq.EVENTS)  # until this was asked once, the descriptor tells nothing
        return monitor

    def _note_connections(self) -> None:
        """Read what the listener reports and tell the door."""
        while number(self._monitor, zmq.EVENTS) & zmq.POLLIN:
            event = parse_monitor_message(self._monitor.recv_multipart(zmq.NOBLOCK))
            if event["event"] == zmq.EVENT_ACCEPTED:
                self.door.accepted(event["value"], event["endpoint"].decode())
            elif event["event"] == zmq.EVENT_DISCONNECTED:
                self.door.closed(event["value"])
            elif event["event"] == zmq.EVENT_ACCEPT_FAILED:
                logger.warning("turned somebody away: of another user, or gone already")
        self.door.ease()

    def _take(self) -> bool:
        """Take one message, if there is one."""
        try:
            identity = self._raw.recv(_NOW)
        except zmq.Again:
            return False
        frame = self._raw.recv(_NOW, copy=False)  # behind an identity there always is one
        frames = [frame.bytes]
        while frame.more:
            frame = self._raw.recv(_NOW, copy=False)
            if len(frames) < 3:  # enough to see that there are too many
                frames.append(frame.bytes)
        self._outbox.retry(identity)
        self._handle(Message(identity, frames, frame))
        return True

    def flush(self) -> None:
        """Send what is posted now."""
        while (outgoing := self._outbox.take()) is not None:
            if not self._send(outgoing):
                self._outbox.stall(outgoing)

    def _send(self, outgoing: Outgoing) -> bool:
        """Send one; False when the peer reads too slowly."""
        identity, header, payload = outgoing
        try:
            # Part by part: send_multipart() checks every part again in Python.
            _send(self._raw, identity, _MORE)
            _send(self._raw, header, _MORE)
            _send(self._raw, payload, _NOW)
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._outbox.forget(identity)
        return True


class Dealer(Socket):
    """A client's end: connected, without a routing id of its own."""

    def __init__(self, endpoint: str, *, linger_ms: int = 500) -> None:
        super().__init__(zmq.DEALER, linger_ms=linger_ms, most=MAX_ANSWER)
        self._handle: Callable[[list[bytes]], None]
        self._raw.set(zmq.SNDHWM, 10_000)
        self._raw.connect(endpoint)

    def send(self, header: bytes, payload: bytes) -> None:
        """Send now.

        :raises BrokerUnavailable: the broker reads nothing, or we are a fork
        """
        # A forked child's socket takes messages without an error and delivers none.
        if os.getpid() != self._owner:
            raise BrokerUnavailable(
                "this connection belongs to the parent process. Open one after the fork."
            )
        try:
            self._raw.send_multipart((header, payload), _NOW)
        except zmq.Again as error:
            raise BrokerUnavailable(
                "the broker takes no more requests. Run: signalpost doctor"
            ) from error
        self._come_again()

    def abandon(self) -> None:
        """The broker is dead: close without waiting for it to take what it was sent."""
        self._raw.linger = 0

    async def serve(self, handle: Callable[[list[bytes]], None]) -> None:
        """Give the frames of every message to ``handle``, until cancelled."""
        self._handle = handle
        await self._serve()

    def _work(self) -> bool:
        # Not until a receive fails: making that error costs as much as the receive before it.
        for _ in range(BATCH):
            if not self._readable():
                return False
            self._handle(self._raw.recv_multipart(_NOW))
        return True
