"""Case 33: a store whose n-th call fails, for every n; and one whose process is killed."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from anyio import fail_after

from signalpost.actors import storefile
from signalpost.actors.mail_store import MailStore
from signalpost.actors.store import SqliteStore
from signalpost.transport.errors import ShuttingDown, SignalpostError, StoreFull
from tests.actors.countdown import Countdown, connect
from tests.actors.letters_kept import agent, message

Typed = (SignalpostError, OSError)


class Witness:
    """What was confirmed, and whether a message was ever told both or neither."""

    def __init__(self) -> None:
        self.kept: dict[int, Exception | None] = {}
        self.acknowledged: set[int] = set()

    def keep(self, mail: MailStore, seq: int) -> None:
        def then(error: Exception | None) -> None:
            assert seq not in self.kept
            assert error is None or isinstance(error, Typed)
            self.kept[seq] = error
            if error is not None:
                mail.forget(seq)

        mail.keep(message(seq), then)

    def acknowledge(self, mail: MailStore, seq: int) -> None:
        def then(error: Exception | None) -> None:
            if error is None:
                self.acknowledged.add(seq)

        mail.note(message(seq, state="done", ended_at=5.0), then)


async def scenario(path: Path, witness: Witness) -> None:
    """Keep, acknowledge, purge; every refusal is a typed one, and nobody waits in vain."""
    async with SqliteStore.open(path, connect=connect) as store:
        mail = store.mail
        for seq in range(1, 7):
            witness.keep(mail, seq)
            if seq % 2 == 0:
                with suppress(*Typed):
                    await mail.committed()
        for seq in (1, 2):
            witness.acknowledge(mail, seq)
        mail.put_agent(agent(2))
        mail.move(9, 2)
        with suppress(*Typed):
            await mail.purge(["m3"])
        with suppress(*Typed):
            await mail.open_messages()
        with suppress(*Typed):
            await mail.prune(1.0)
        assert set(witness.kept) == set(range(1, 7))


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR_WRITE]
)
async def test_whatever_call_fails_nothing_confirmed_is_lost(tmp_path: Path, code: int) -> None:
    Countdown.code, Countdown.calls = code, 0
    number = 0
    while Countdown.calls >= number:
        number += 1
        folder = tmp_path / str(number)
        folder.mkdir()
        Countdown.calls, Countdown.fails_at = 0, number
        witness = Witness()
        with fail_after(20), suppress(*Typed, sqlite3.OperationalError):
            await scenario(folder / "queue.db", witness)
        Countdown.fails_at = 0
        await check(folder / "queue.db", witness)
    assert number > 20


async def check(path: Path, witness: Witness) -> None:
    async with SqliteStore.open(path) as store:
        rows = {row.seq: row for row in await store.mail.history(limit=99)}
        confirmed = {seq for seq, error in witness.kept.items() if error is None}
        refused = {seq for seq, error in witness.kept.items() if isinstance(error, StoreFull)}
        assert confirmed <= set(rows)
        assert not refused & set(rows)
        assert all(rows[seq].state == "done" for seq in witness.acknowledged & confirmed)
        assert store.full is False


async def test_a_closed_store_refuses_mail_by_name(tmp_path: Path) -> None:
    async with SqliteStore.open(tmp_path / "queue.db") as store:
        pass
    with pytest.raises(ShuttingDown):
        await store.mail.committed()


WRITER = """
import asyncio, sys
from pathlib import Path
from signalpost.actors.store import SqliteStore
from tests.actors.letters_kept import message

async def main():
    async with SqliteStore.open(Path(sys.argv[1])) as store:
        seq = await store.mail.highest_seq()

        def keep():
            nonlocal seq
            seq += 1
            number = seq
            store.mail.keep(message(number, content="x" * (number % 5000)), lambda e: kept(number))

        def kept(number):
            print("kept", number, flush=True)
            done = message(number, state="done", ended_at=1.0)
            store.mail.note(done, lambda e: print("done", number, flush=True))
            keep()

        for _ in range(20):
            keep()
        await asyncio.Event().wait()

asyncio.run(main())
"""


def confirmed_by_a_killed_writer(path: Path, lines: int) -> list[tuple[str, int]]:
    """Let a writer confirm so many changes at least, and kill it in full flight."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE)
    assert writer.stdout
    said = [writer.stdout.readline() for _ in range(lines)]
    os.kill(writer.pid, signal.SIGKILL)
    said += writer.communicate()[0].splitlines(keepends=True)
    words = [line.split() for line in said if line.endswith(b"\n")]
    return [(what.decode(), int(number)) for what, number in words]


async def test_a_killed_writer_loses_nothing_confirmed_and_no_place(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    confirmed: list[tuple[str, int]] = []
    for lines in (1, 30, 600):
        confirmed += confirmed_by_a_killed_writer(path, lines)
        async with SqliteStore.open(path) as store:
            rows = {row.seq: row for row in await store.mail.history(limit=100_000)}
            assert all(number in rows for _, number in confirmed)
            assert all(rows[number].state == "done" for what, number in confirmed if what == "done")
            assert all(len(row.content) == row.seq % 5000 for row in rows.values())
            assert await store.mail.highest_seq() == max(rows)
    kept = [number for what, number in confirmed if what == "kept"]
    assert len(kept) == len(set(kept))


@pytest.mark.parametrize("name", ["messages", "bodies", "agents", "messages_kept", "inbox"])
def test_a_store_without_one_of_its_parts_is_refused(tmp_path: Path, name: str) -> None:
    storefile.prepare(tmp_path / "queue.db", "x")
    connection = sqlite3.connect(tmp_path / "queue.db")
    kind = connection.execute("SELECT type FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    connection.executescript(f"DROP {kind[0]} {name}")
    connection.close()
    with pytest.raises(SignalpostError, match=f"is damaged .{name}.* is missing"):
        storefile.prepare(tmp_path / "queue.db", "x")
