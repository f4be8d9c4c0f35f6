"""Confirmed sends a second: bare SQLite that commits groups of the same rows, against the broker.

All write with ``synchronous = FULL``, the very statements of the store. The bare
side commits as many rows together as there are senders; each sender of the broker
waits for its confirmation before it sends again. So it does at the *floor* and at the
*least*, which stand between the two, see :mod:`bench.floor` and :mod:`bench.least`. The
other rows are asyncio clients with a connection for each sender; of them only
``durability power`` and ``fsync always`` wait for the disk.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

import zmq

from bench.floor import durable
from bench.harness import interleave, show, show_figures
from bench.peer import Context, Peer
from bench.peers import serving
from bench.posts import DURABLE, Posts
from bench.samples import Samples
from bench.usage import metered
from signalpost.actors import mail_schema
from signalpost.actors.message_row import MessageRow
from signalpost.transport import endpoint, frames, mail

ROUNDS = {1: 3, 10: 3, 100: 6}
"""By the number of senders: of a hundred the goal speaks."""
SENDERS = (1, 10, 100)
MESSAGES = {1: 200, 10: 1000, 100: 4000}
"""In one round, by the number of senders."""
CONTENT = "x" * 1024


class Bare:
    """One connection, one thread, and nothing but commits."""

    def __init__(self, path: Path) -> None:
        self._connection = durable(path)
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
    """Measure all with each number of senders, interleaved."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/var/tmp"))  # a disk, not memory
    context: Context = zmq.Context()
    try:
        for name in ("bare", "floor", "least"):
            (folder / name).mkdir()
        floor_socket, least_socket = f"{folder}/floor/socket", f"{folder}/least/socket"
        words = ["broker", "--auto", "--data-dir", f"{folder}/d", "--inbox-bound", "20000"]
        with (
            closing(Bare(folder / "bare" / "queue.db")) as bare,
            serving("-m", "bench.floor", floor_socket, f"{folder}/floor") as floor_pid,
            serving("-m", "bench.least", least_socket, f"{folder}/least") as least_pid,
            serving("-m", "signalpost", *words) as pid,
            Posts("durable", folder, DURABLE) as posts,
        ):
            posts.join(0)
            published = endpoint.read_published(folder / "d")
            assert published is not None
            floor = Senders(context, f"ipc://{floor_socket}")
            least = Senders(context, f"ipc://{least_socket}")
            broker = Senders(context, published.endpoint)
            sides = {
                "bare SQLite": (bare.send, dict[str, int]()),
                "floor": (floor.send, {"floor": floor_pid}),
                "least": (least.send, {"least": least_pid}),
                "broker": (broker.send, {"broker": pid}),
            }
            for name, post in posts.all.items():
                sides[name] = (partial(_store, posts, name), post.pids)
            for senders in SENDERS:
                _measure(senders, sides)
    finally:
        context.destroy()
        shutil.rmtree(folder)


def _store(posts: Posts, name: str, senders: int) -> float:
    return posts.store(name, CONTENT, senders, MESSAGES[senders])


def _measure(
    senders: int, sides: Mapping[str, tuple[Callable[[int], float], Mapping[str, int]]]
) -> None:
    samples = {name: Samples(name) for name in sides}

    def once(name: str) -> None:
        send, pids = sides[name]
        with metered(samples[name], pids):
            samples[name].values.append(send(senders))
        samples[name].metered += MESSAGES[senders] - 1

    interleave(ROUNDS[senders], [partial(once, name) for name in sides], f"{senders} senders")
    at = ("senders", float(senders))
    bench = f"durable: {senders} senders, per message"
    show(bench, "microseconds", 1e6, [*samples.values()], at)
    rates = {name: 1 / side.percentile(50) for name, side in samples.items()}
    bare = rates["bare SQLite"]
    rows = [
        (name, {"confirmed/s": rate, "x bare SQLite": rate / bare}) for name, rate in rates.items()
    ]
    show_figures(f"durable: {senders} senders", "messages a second", rows)
