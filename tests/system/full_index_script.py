"""A commit whose log finds room and the log's index does not. Run as a script, in a mount
namespace of its own.

full_index_script.py DISK BALLAST     ->     one JSON object: what was seen
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec

from signalpost.actors.ballast import Ballast
from signalpost.actors.committer import Committer
from signalpost.actors.store import SqliteStore
from tests.actors.faulty import on_disk, task

PAGE = 4096
FRAMES = 4062
"""So many pages the first part of the index knows."""


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def frames(path: Path) -> int:
    return (log_of(path).stat().st_size - 32) // (PAGE + 24)


def leave(disk: Path, pages: int) -> None:
    """Take all room but some pages."""
    space = os.statvfs(disk)
    with open(disk / "fill", "wb") as file:
        file.write(bytes((space.f_bavail * space.f_frsize // PAGE - pages) * PAGE))


async def fill_the_index(store: SqliteStore, path: Path) -> int:
    """Accept tasks until the index is nearly full; return the next number."""
    number = 1
    while frames(path) < FRAMES - 12:
        store.accept(task(number), lambda _: None)
        await store.committed()
        number += 1
    return number


def crash(path: Path, folder: Path) -> list[int]:
    """Return what the next broker would find if this one died now."""
    folder.mkdir()
    for file in (path, log_of(path)):
        shutil.copy(file, folder / file.name)
    return on_disk(folder / path.name)


async def refuse_one(store: SqliteStore, path: Path, number: int) -> dict[str, object]:
    """Accept until one is refused, and look at what is on disk in that moment."""
    loop = asyncio.get_running_loop()
    while True:
        answer: asyncio.Future[Exception | None] = loop.create_future()
        leave(path.parent, 6)
        store.accept(task(number), answer.set_result)
        error = await answer
        if error is not None:
            kept = crash(path, path.parent.parent / "crash")
            return {
                "error": type(error).__name__,
                "cause": getattr(error.__cause__, "sqlite_errorname", ""),
                "others": kept == list(range(1, number)),
                "refused": number in kept,
            }
        (path.parent / "fill").unlink()
        number += 1


async def main(disk: Path, ballast: int) -> dict[str, object]:
    path = disk / "queue.db"

    def committer() -> Committer:
        return Committer(Ballast(disk / "store.ballast", ballast) if ballast else None)

    async with SqliteStore.open(path, make_committer=committer) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM tasks").fetchone()
            number = await fill_the_index(store, path)
            seen = await refuse_one(store, path, number)
            seen["failed"] = store.failed is not None
            (disk / "fill").unlink()
    return seen


if __name__ == "__main__":
    place = Path(sys.argv[1])
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", place], check=True)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(main(place, int(sys.argv[2])))))
