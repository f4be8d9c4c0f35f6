"""``python -m bench.floor SOCKET [FOLDER]``: the broker's own parts without what makes it a broker.

Its socket and codec, and with a folder its store: no agents, no rules, no log.
It reads the requests, writes the answers, and that is all. What it costs, any
broker of this make costs.
"""

from __future__ import annotations

import itertools
import secrets
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

import anyio

from signalpost.actors import storefile
from signalpost.actors.committer import Committer
from signalpost.actors.mail_store import MailStore
from signalpost.actors.message_row import MessageRow
from signalpost.actors.serve import SWITCH_SECONDS
from signalpost.transport import frames, letters, mail, messages
from signalpost.transport.sockets import Message, Router

_WELCOME = messages.Welcome(
    session=bytes(12),
    minor=0,
    software="",
    pid=0,
    settings={},
    heartbeat_seconds=10,
    max_request_bytes=0,
)
_AGENTS = 100


class Floor:
    """Answers as the broker does, and knows nothing."""

    def __init__(self, router: Router, store: MailStore | None) -> None:
        self._router = router
        self._store = store
        self._decoder = frames.request_decoder()
        self._waiting: list[tuple[bytes, bytes]] = []
        self._seqs = itertools.count(1)

    def handle(self, message: Message) -> None:
        """Serve one message."""
        frames.check(message.frames)
        request = self._decoder.decode(message.frames[1])
        peer, correlation = message.identity, frames.correlation_of(message.frames[0])
        match request:
            case mail.Send():
                self._send(peer, correlation, request)
            case mail.Receive(wait_seconds=0):
                self._answer(peer, correlation, mail.Deliveries(messages=[]))
            case mail.Receive():
                self._waiting.append((peer, correlation))
            case mail.Settle():
                done = mail.SettledAll(messages=[letters.Settled("1")])
                self._answer(peer, correlation, done)
            case messages.Hello():
                self._answer(peer, correlation, _WELCOME)
            case _:
                self._answer(peer, correlation, messages.Accepted())

    def _send(self, peer: bytes, correlation: bytes, request: mail.Send) -> None:
        if self._waiting:
            delivery = letters.Delivery(
                id="1",
                sender="sender",
                to="receiver",
                kind=request.kind,
                content=request.content,
                sent_at=0,
                lease=bytes(8),
            )
            self._answer(*self._waiting.pop(), mail.Deliveries(messages=[delivery]))
        if self._store is None:
            self._answer(peer, correlation, _sent("delivered"))
        else:
            row = self._row(correlation, request, "sender", 1 + correlation[0] % _AGENTS)
            self._store.keep(row, self._telling(peer, correlation))

    def _telling(self, peer: bytes, correlation: bytes) -> Callable[[Exception | None], None]:
        def told(error: Exception | None) -> None:
            assert error is None
            self._answer(peer, correlation, _sent("stored"))

        return told

    def _row(
        self, correlation: bytes, request: mail.Send, sender: str, agent_id: int
    ) -> MessageRow:
        return MessageRow(
            seq=next(self._seqs),
            id=correlation[:8].hex(),
            agent_id=agent_id,
            sender=sender,
            sender_id=2,
            recipient=request.to[0],
            kind=request.kind,
            request_id=correlation,
            sent_at=time.time(),
            content=request.content,
        )

    def _answer(
        self, peer: bytes, correlation: bytes, reply: messages.Reply | messages.Push
    ) -> None:
        header = frames.header(frames.NO_SESSION, correlation)
        self._router.post(peer, header, frames.encode(reply))


def _sent(stage: letters.Stage) -> mail.Sent:
    return mail.Sent(sent=[letters.SentMessage("receiver", "1", stage, "online")])


def durable(path: Path) -> sqlite3.Connection:
    """Open a new store as the broker does with ``--durability power``."""
    storefile.prepare(path, secrets.token_hex(16))
    connection = storefile.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


async def main(socket: str, folder: str = "") -> None:
    """Serve until killed; say so first."""
    store = None
    sys.setswitchinterval(SWITCH_SECONDS)
    if folder:
        committer = Committer()
        await committer.start(lambda: durable(Path(folder) / "queue.db"))
        store = MailStore(committer, Path(folder) / "queue.db")
    with Router(f"ipc://{socket}") as router:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await router.serve(Floor(router, store).handle)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], "".join(sys.argv[2:]))
