"""``signalpost logs``: the events of ``signalpost-logs.json``, and new ones as they come.

The broker appends whole lines and, at 5 MB, renames the file to ``….json.1``
and begins a new one. Only the files are read: no broker is needed.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

import click

from .file_watch import FileWatch
from .notice import say
from .transport import endpoint
from .transport.errors import BadRequest
from .transport.regular_file import open_regular
from .transport.safe_text import one_line

FILE_NAME = "signalpost-logs.json"
_VALUE = 200
_EVENT = len("message_delivered")


def show_logs(data_dir: Path, count: int, *, follow: bool, as_json: bool) -> None:
    """Print the newest ``count`` events, then, if asked, every new one until interrupted.

    :raises BadRequest: asked to follow in a folder that cannot be made, or it cannot be read
    """
    path = data_dir / FILE_NAME
    if follow:
        endpoint.prepare(data_dir)
    elif not path.exists():
        say(f"no events yet: {path} does not exist")
    text = _as_it_is if as_json else readable
    with contextlib.ExitStack() as stack:
        watch = stack.enter_context(contextlib.closing(FileWatch(path))) if follow else None
        log = stack.enter_context(contextlib.closing(GrowingFile(path)))
        _print(log.newest(count), text)
        while watch is not None:
            watch.wait()
            _print(log.lines(), text)


class GrowingFile:
    """Reads whole lines of a file that grows, is replaced, or is not there yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = b""
        self._file: BinaryIO | None = None

    def newest(self, count: int) -> list[bytes]:
        """Return the last ``count`` lines there are, those of the rotated file included."""
        recent = self.lines()
        if len(recent) < count:
            with contextlib.suppress(FileNotFoundError):
                rotated = self._path.with_name(self._path.name + ".1")
                with _opened(rotated) as file:
                    recent = [*file.read().splitlines(), *recent]
        return list(deque(recent, maxlen=count))

    def lines(self) -> list[bytes]:
        """Return the lines written since the last call."""
        lines = self._read()
        if self._replaced():
            lines += self._read()  # what was written between the last look and the rename
            self.close()
            lines += self._read()
        return lines

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
        self._file, self._part = None, b""

    def _read(self) -> list[bytes]:
        if self._file is None:
            try:
                self._file = _opened(self._path)
            except FileNotFoundError:
                return []
        *lines, self._part = (self._part + self._file.read()).split(b"\n")
        return lines

    def _replaced(self) -> bool:
        if self._file is None:
            return False
        try:
            return not os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
        except FileNotFoundError:
            return True


def _opened(path: Path) -> BinaryIO:
    """Open a log.

    :raises FileNotFoundError: there is none
    :raises BadRequest: it cannot be read
    """
    try:
        return open(open_regular(path), "rb")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BadRequest(f"{path} cannot be read: {error.strerror}. Move it away.") from error


def readable(line: bytes) -> str:
    """Return an event as one harmless line: local time, event, then its fields."""
    try:
        event: object = json.loads(line)
    except ValueError:
        return one_line(line, _VALUE)
    if not isinstance(event, dict):
        return one_line(line, _VALUE)
    fields = cast("dict[str, object]", event)
    when = _local(str(fields.pop("timestamp", "")))
    what = one_line(str(fields.pop("event", "")), 40)
    rest = " ".join(f"{one_line(name, 40)}={_value(value)}" for name, value in fields.items())
    return f"{when}  {what:<{_EVENT}}  {rest}".rstrip()


def _print(lines: list[bytes], text: Callable[[bytes], str]) -> None:
    for line in lines:
        click.echo(text(line))


def _as_it_is(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def _local(timestamp: str) -> str:
    """Return a UTC time stamp in this machine's zone."""
    try:
        return f"{datetime.fromisoformat(timestamp).astimezone():%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return one_line(timestamp, 40)


def _value(value: object) -> str:
    """Return a field's value; a text with a space in quotes."""
    text = value if isinstance(value, str) else json.dumps(value)
    line = one_line(text, _VALUE)
    return json.dumps(line, ensure_ascii=False) if " " in line or not line else line
