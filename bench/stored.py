"""1,000 to 1,000,000 stored messages: recovery at start, memory, and what a message takes.

The store is filled by its own statements, with ids in order, while no broker runs: once with
messages that are acknowledged, which are history, and once with such as still
wait in a hundred inboxes. Recovery is the time from spawn to ready, the start
of the interpreter included; an empty store shows how much that is.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path

from bench.broker import broker, many_sockets
from bench.harness import interleave, note, show
from bench.peer import Context
from bench.samples import Samples, growth
from bench.usage import MIB
from signalpost.actors import mail_schema, storefile
from signalpost.actors.message_row import MessageRow

STORED = {"done": (0, 1000, 10_000, 100_000, 1_000_000), "ready": (0, 1000, 10_000, 50_000)}
AGENTS = 100
STARTS = 2
MESSAGES = 200
CONTENT = "x" * 256
OPTIONS = ("--inbox-bound", "100000")
_AGENTS = "SELECT id FROM agents WHERE name LIKE 'agent-%' ORDER BY id"
WORDS = {"done": "history", "ready": "waiting messages"}


def main() -> None:
    """Measure each state of messages with more and more of them."""
    for state, counts in STORED.items():
        folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/var/tmp"))
        try:
            with many_sockets() as context:
                _curve(context, folder / "d", state, counts)
        finally:
            shutil.rmtree(folder)


def _curve(context: Context, data_dir: Path, state: str, counts: tuple[int, ...]) -> None:
    with broker(context, data_dir, *OPTIONS) as one:
        one.inboxes(range(AGENTS))
    _stop(data_dir)
    starts: dict[int, Samples] = {}
    latencies: dict[int, Samples] = {}
    weights: dict[int, float] = {}
    made = 0
    for count in counts:
        _fill(data_dir / "queue.db", range(made, count), state)
        made = count
        name = f"{count:,}"
        starts[count], latencies[count] = Samples(name), Samples(name)

        def once(count: int) -> None:
            began = time.perf_counter()
            with broker(context, data_dir, *OPTIONS) as one:
                starts[count].values.append(time.perf_counter() - began)
                one.latency(latencies[count], MESSAGES)
                weights[count] = one.uss()
            _stop(data_dir)

        interleave(STARTS, [partial(once, count)], f"{count:,} {WORDS[state]}")
    about = WORDS[state]
    # A logarithmic axis has no place for none.
    places = (f"stored messages, {about}", [max(count, 1) for count in counts])
    show(f"stored: recovery, {about}", "seconds", 1.0, [*starts.values()], along=places)
    show(f"stored: latency, {about}", "microseconds", 1e6, [*latencies.values()], along=places)
    memory = [Samples(f"{count:,}", [weight / MIB]) for count, weight in weights.items()]
    show(f"stored: memory of the broker, USS, {about}", "MiB", 1.0, memory, along=places)
    points = [(count, side.percentile(50)) for count, side in latencies.items() if count]
    note(f"stored: growth, {about}", f"latency {growth(points)} messages")


def _stop(data_dir: Path) -> None:
    words = ["stop", "--force", "--data-dir", str(data_dir)]
    subprocess.run(
        [sys.executable, "-m", "signalpost", *words], check=True, stdout=subprocess.DEVNULL
    )


def _fill(path: Path, numbers: range, state: str) -> None:
    with closing(storefile.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -200000")
        [agents] = [[row[0] for row in connection.execute(_AGENTS)]]
        first = connection.execute("SELECT coalesce(max(seq), 0) FROM messages").fetchone()[0] + 1
        for start in range(0, len(numbers), 10_000):
            _write(connection, agents, first + start, (min(10_000, len(numbers) - start), state))


def _write(
    connection: sqlite3.Connection, agents: list[int], first: int, what: tuple[int, str]
) -> None:
    count, state = what
    rows = [_row(first + number, agents[number % len(agents)], state) for number in range(count)]
    connection.execute("BEGIN IMMEDIATE")
    for sql, record in mail_schema.KEEP.steps:
        connection.executemany(sql, [record(row) for row in rows])
    connection.execute("COMMIT")


def _row(seq: int, agent: int, state: str) -> MessageRow:
    now, done = time.time(), state == "done"
    return MessageRow(
        seq=seq,
        id=f"{seq:016x}",
        agent_id=agent,
        sender="sender",
        sender_id=agent,
        recipient=f"agent-{agent}",
        kind="task",
        request_id=seq.to_bytes(16, "big"),
        sent_at=now,
        state="done" if done else "ready",
        deliveries=1 if done else 0,
        delivered_at=now if done else None,
        ended_at=now if done else None,
        content=CONTENT,
    )
