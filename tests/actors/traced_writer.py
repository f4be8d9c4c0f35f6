"""Writes to the real store and says what is confirmed. Run as a script, under strace.

    traced_writer.py QUEUE_DB DURABILITY LETTERS     ->     "kept 1", "done 1", "task 1", ...

Letters are kept in groups of several, the older ones acknowledged, and every
few a task ends. SQLite folds its log into the file often, to be cut there too.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from pathlib import Path
from typing import cast

from msgspec.structs import replace

from signalpost.actors import storefile
from signalpost.actors.commit_work import Then
from signalpost.actors.message_row import MessageRow
from signalpost.actors.row import TaskRow
from signalpost.actors.store import Durability, SqliteStore
from signalpost.transport.messages import TaskState

BEHIND = 7
"""A letter is acknowledged so many letters after it was kept."""
GROUP = 3
FOLD_PAGES = 60


def letter(seq: int) -> MessageRow:
    """Return a letter whose text tells whether it is whole."""
    return MessageRow(
        seq=seq,
        id=f"m{seq}",
        agent_id=1,
        sender="alice",
        sender_id=2,
        recipient="bob",
        kind="task",
        request_id=seq.to_bytes(16, "big"),
        sent_at=float(seq),
        content=text(seq),
    )


def text(seq: int) -> str:
    return f"{seq} " * (1 + seq * 37 % 900)


def task(number: int, state: TaskState) -> TaskRow:
    return TaskRow(
        id=number,
        request_id=number.to_bytes(16, "big"),
        queue_name="global",
        state=state,
        command="make",
        working_directory="/src",
        created_at=1.0,
    )


def connect(path: Path) -> sqlite3.Connection:
    connection = storefile.connect(path)
    connection.execute(f"PRAGMA wal_autocheckpoint = {FOLD_PAGES}")
    return connection


def say(what: str, number: int) -> None:
    os.write(1, b"%s %d\n" % (what.encode(), number))


def confirm(what: str, number: int) -> Then:
    def then(error: Exception | None) -> None:
        if error is not None:
            raise error
        say(what, number)

    return then


async def write(store: SqliteStore, letters: int) -> None:
    for first in range(1, letters + 1, GROUP):
        for seq in range(first, first + GROUP):
            store.mail.keep(letter(seq), confirm("kept", seq))
            if seq > BEHIND:
                done = replace(letter(seq - BEHIND), state="done", ended_at=9.0)
                store.mail.note(done, confirm("done", seq - BEHIND))
        number = first // GROUP + 1
        store.accept(task(number, "waiting"), lambda _: None)
        if number > 1:
            store.put(task(number - 1, "success"))
        await store.committed()
        say("task", number)


async def main(path: Path, durability: Durability, letters: int) -> None:
    async with SqliteStore.open(path, durability, connect=connect) as store:
        await write(store, letters)
    say("closed", 0)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), cast("Durability", sys.argv[2]), int(sys.argv[3])))
