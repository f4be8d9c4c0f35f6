"""Confirmed sends a second: bare SQLite that commits groups of the same rows, against the broker.

Both write with ``synchronous = FULL``, the very statements of the store. The bare
side commits as many rows together as there are senders; each sender of the broker
waits for its confirmation before it sends again.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import zmq

from bench.harness import Samples, interleave, show
from bench.peer import Context, Peer, server
from signalpost.actors import mail_schema, storefile
from signalpost.actors.message_row import MessageRow
from signalpost.transport import endpoint, frames, mail

ROUNDS = 3
SENDERS = (1, 10, 100)
MESSAGES = {1: 300, 10: 2000, 100: 10_000}
"""In one round, by the number of senders."""
CONTENT = "x" * 1024


class Bare:
    """One connection, one thread, and nothing but commits."""

    def __init__(self, path: Path) -> None:
        storefile.prepare(path, secrets.token_hex(16))
        self._connection = storefile.connect(path)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._seq = 0

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def send(self, senders: int) -> float:
        """Return the seconds a row."""
        count = MESSAGES[senders]
        began = time.perf_counter()
        for _ in range(count // senders):
            rows = [self._row() for _ in range(senders)]
            self._connection.execute("BEGIN IMMEDIATE")
            for sql, record in mail_schema.KEEP.steps:
                self._connection.executemany(sql, [record(row) for row in rows])
            self._connection.execute("COMMIT")
        return (time.perf_counter() - began) / count

    def _row(self) -> MessageRow:
        self._seq += 1
        return MessageRow(
            seq=self._seq,
            id=secrets.token_hex(8),
            agent_id=self._seq % 100,
            sender="sender",
            sender_id=2,
            recipient="receiver",
            kind="task",
            request_id=os.urandom(16),
            sent_at=time.time(),
            content=CONTENT,
        )


class Senders:
    """A hundred senders at the broker, each with an inbox to send to."""

    def __init__(self, context: Context, address: str) -> None:
        self._peers: list[Peer] = []
        self._payloads: list[bytes] = []
        for number in range(max(SENDERS)):
            peer = Peer(context, address)
            peer.hello(f"agent-{number}")
            self._peers.append(peer)
            # Each writes to itself, so no inbox is ever full.
            request = mail.Send(to=[f"agent-{number}"], content=CONTENT)
            self._payloads.append(frames.encode_request(request))

    def send(self, senders: int) -> float:
        """Return the seconds a confirmed message."""
        count = MESSAGES[senders]
        poller = zmq.Poller()
        turns = {peer.socket: number for number, peer in enumerate(self._peers[:senders])}
        for socket in turns:
            poller.register(socket, zmq.POLLIN)
        began = time.perf_counter()
        for number in turns.values():
            self._send(number)
        sent, confirmed = senders, 0
        while confirmed < count:
            for socket, _ in poller.poll():
                peer = self._peers[turns[socket]]
                assert isinstance(peer.hear(), mail.Sent)
                confirmed += 1
                if sent < count:
                    self._send(turns[socket])
                    sent += 1
        took = time.perf_counter() - began
        self._drain(senders)
        return took / count

    def _send(self, number: int) -> None:
        self._peers[number].send_raw(self._payloads[number])

    def _drain(self, senders: int) -> None:
        """Empty the inboxes, outside the clock."""
        for peer in self._peers[:senders]:
            while True:
                found = peer.ask(mail.Receive(wait_seconds=0, max_messages=32))
                assert isinstance(found, mail.Deliveries)
                if not found.messages:
                    break
                peer.acknowledge(found)


def main() -> None:
    """Measure both with each number of senders, interleaved."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/var/tmp"))  # a disk, not memory
    context: Context = zmq.Context()
    try:
        (folder / "bare").mkdir()
        words = ["broker", "--auto", "--data-dir", f"{folder}/d", "--inbox-bound", "20000"]
        with (
            closing(Bare(folder / "bare" / "queue.db")) as bare,
            server("-m", "signalpost", *words),
        ):
            published = endpoint.read_published(folder / "d")
            assert published is not None
            broker = Senders(context, published.endpoint)
            for senders in SENDERS:
                _measure(senders, {"bare SQLite": bare.send, "broker": broker.send})
    finally:
        context.destroy()
        shutil.rmtree(folder)


def _measure(senders: int, sides: dict[str, Callable[[int], float]]) -> None:
    samples = {name: Samples(name) for name in sides}

    def once(name: str) -> Callable[[], None]:
        return lambda: samples[name].values.append(sides[name](senders))

    interleave(ROUNDS, [once(name) for name in sides])
    show(f"durable: {senders} senders, per message", "microseconds", 1e6, [*samples.values()])
    rates = {name: 1 / side.percentile(50) for name, side in samples.items()}
    ratio = rates["broker"] / rates["bare SQLite"]
    shown = ", ".join(f"{rate:,.0f}/s {name}" for name, rate in rates.items())
    print(f"  confirmed: {shown}, ratio of rates {ratio:.2f}")
