"""A ZeroMQ socket that takes turns on the event loop.

The loop calls it when its descriptor is readable or something was posted. One
such turn drains what has come, the peers in rotation, hands it over, sends what
lies in the outbox and looks at EVENTS again: the descriptor is edge-triggered,
and every send or receive may eat its edge. What comes while others must run too
is left for another turn of the loop.
"""

from __future__ import annotations

import asyncio
import os
from typing import Self, cast

import zmq

_FRAME_SLACK, _PEER_QUEUE = 4096, 100
# Plain numbers: each operation on the library's enumerations costs as much as a receive.
_EVENTS, _READABLE = int(zmq.EVENTS), int(zmq.POLLIN)


def number(raw: zmq.Socket[bytes], option: int) -> int:
    """Return an option of a socket that is a number."""
    return cast("int", raw.get(option))


class Socket:
    """What both ends share: a context, a socket, its descriptor and one wake-up event."""

    def __init__(self, kind: int, linger_ms: int, most: int) -> None:
        self._owner = os.getpid()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._raw: zmq.Socket[bytes] = self._context.socket(kind)
        self._raw.linger = linger_ms
        self._raw.set(zmq.MAXMSGSIZE, most + _FRAME_SLACK)
        self._raw.set(zmq.RCVHWM, _PEER_QUEUE)
        self._loop = asyncio.get_running_loop()
        self._fd = number(self._raw, zmq.FD)
        self._serving: asyncio.Future[None] | None = None
        self._due = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close socket and context; harmless when called again."""
        if self._raw.closed:
            return
        self._raw.close()
        self._context.term()

    async def _serve(self) -> None:
        """Take turns until cancelled, or until one fails."""
        self._serving = self._loop.create_future()
        self._loop.add_reader(self._fd, self._on_readable)
        self._come_again()  # the edge of what came before now is gone
        try:
            await self._serving
        finally:
            self._loop.remove_reader(self._fd)
            self._serving, self._due = None, False

    def _on_readable(self) -> None:
        """Have a turn now, if none is due already: beside that, each edge would add one for ever."""
        if not self._due:
            self._turn()

    def _come_again(self) -> None:
        """Have a turn in the next round of the loop, if none is due already."""
        if self._serving is not None and not self._due:
            self._due = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        if self._serving is None or self._serving.done():
            return
        self._due = True  # what is posted from now on goes out with this turn
        try:
            busy = self._work()
        except Exception as error:  # noqa: BLE001 - it ends serve(), whose caller knows what it means
            self._serving.set_exception(error)
            return
        self._due = False
        if busy:
            self._come_again()

    def _work(self) -> bool:
        """Receive and send; True when EVENTS says that there is more."""
        raise NotImplementedError

    def _readable(self) -> bool:
        return bool(number(self._raw, _EVENTS) & _READABLE)
