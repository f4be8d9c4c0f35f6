"""The logs of tasks, ``output/task_N.log``: header, merged output, summary.

::

    COMMAND: make all
    WORKING DIR: /home/ann/project
    QUEUE: global
    STARTED: 2026-03-01T12:00:00.000Z

    --- OUTPUT ---
    …                               the middle of a long one is cut out
    (an empty line)
    --- SUMMARY ---
    …                               written by the shim at the end

Only regular files with exactly such a name are ever touched.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

_NAME = re.compile(r"task_([1-9][0-9]{0,17})\.log")
_BEGINNING = b"COMMAND: "
_HEADER_END = b"\n--- OUTPUT ---\n"
_SUMMARY = b"\n--- SUMMARY ---\n"
_SUMMARY_BYTES = 16 << 10
"""No summary is longer."""
_CHUNK = 64 << 10


class Output:
    """The folder of the logs. Files come from the shims; here they are read and pruned."""

    def __init__(self, folder: Path, keep: int = 50) -> None:
        self._folder = folder
        self._keep = keep

    def path(self, task_id: int) -> Path:
        """Return where the log of a task is or will be."""
        return self._folder / f"task_{task_id}.log"

    def highest_id(self) -> int:
        """Return the highest task id among the logs; 0: there is none."""
        return max(self.ids(), default=0)

    def prune(self, open_ids: Collection[int]) -> int:
        """Delete all but the newest logs, and no open task's; return how many."""
        ids = sorted(self.ids())
        return self.delete(set(ids[: max(0, len(ids) - self._keep)]).difference(open_ids))

    def delete(self, ids: Iterable[int]) -> int:
        """Delete the logs of these tasks; return how many there were.

        :raises OSError: a file cannot be deleted
        """
        count = 0
        for task_id in self.ids().intersection(ids):
            # Somebody else may tidy up at the same time.
            with suppress(FileNotFoundError):
                self.path(task_id).unlink()
                count += 1
        return count

    def tail(self, task_id: int, max_bytes: int) -> bytes:
        """Return the end of a finished task's output; empty when the log is gone.

        :raises OSError: it cannot be read
        """
        return tail_of(self.path(task_id), max_bytes)

    def ids(self) -> set[int]:
        """Return the tasks whose logs are there."""
        try:
            with os.scandir(self._folder) as entries:
                return {
                    int(match[1])
                    for entry in entries
                    if (match := _NAME.fullmatch(entry.name))
                    and entry.is_file(follow_symlinks=False)
                }
        except FileNotFoundError:
            return set()


def header(command: str, working_directory: str, queue_name: str, started_at: float) -> str:
    """Return the top of a log; the output follows at once.

    Further lines of a command are indented, so that none can end the header.
    """
    started = datetime.fromtimestamp(started_at, UTC).isoformat(timespec="milliseconds")
    fields = {
        "COMMAND": command,
        "WORKING DIR": working_directory,
        "QUEUE": queue_name,
        "STARTED": started.replace("+00:00", "Z"),
    }
    lines = "\n".join(f"{key}: {text}".replace("\n", "\n    ") for key, text in fields.items())
    return f"{lines}\n{_HEADER_END.decode()}"


def tail_of(path: str | Path, max_bytes: int) -> bytes:
    """Return the end of the output in a log; empty when there is no log.

    :raises OSError: it cannot be read
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return b""
        return _tail(descriptor, found.st_size, max_bytes)
    finally:
        os.close(descriptor)


def _tail(descriptor: int, size: int, max_bytes: int) -> bytes:
    start = _output_start(descriptor)
    first = max(start, size - _SUMMARY_BYTES - max_bytes)
    text = os.pread(descriptor, max(0, size - first), first)
    end = text.rfind(_SUMMARY, max(0, len(text) - _SUMMARY_BYTES))
    output = text if end < 0 else text[:end]
    return output[max(0, len(output) - max_bytes) :]


def _output_start(descriptor: int) -> int:
    """Return where the header ends; 0 when the file has none."""
    text = os.pread(descriptor, _CHUNK, 0)
    if not text.startswith(_BEGINNING):
        return 0
    while (end := text.find(_HEADER_END)) < 0:
        more = os.pread(descriptor, _CHUNK, len(text))
        if not more:
            return 0
        text += more
    return end + len(_HEADER_END)
