"""How far each agent was told and held: a small file per agent, beside the broker's.

The broker knows the same of its doorbells while it lives. These marks are what
keeps a hook from saying anything twice when there is none, and from holding an
agent twice for the same mail whatever happens.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from .hook_gate import Marks
from .transport import endpoint
from .transport.errors import BadRequest
from .transport.regular_file import open_regular

_DIGITS = 20
_RECORD = 3 * (_DIGITS + 1)


class MarksTaken(Exception):
    """Another hook of the same agent is at work on its marks just now."""


class MarkFile:
    """The marks of one agent, while no other hook can change them."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.marks = _decoded(os.pread(descriptor, _RECORD, 0))

    def advance(self, marks: Marks) -> None:
        """Keep marks; they never go back."""
        self.marks = self.marks.joined(marks)
        # As long as what it replaces, in one call: nobody who is killed leaves half of it.
        os.pwrite(self._descriptor, _encoded(self.marks), 0)


@contextmanager
def marks_of(folder: Path, agent: str) -> Generator[MarkFile]:
    """Take an agent's marks for a block.

    :raises MarksTaken: another hook has them
    :raises OSError: they cannot be kept
    :raises BadRequest: their folder could have been prepared by others, or their file is none
    """
    import hashlib  # seldom needed: most hooks have nothing to tell

    place = folder / "hooks"
    endpoint.make_private(place)
    name = hashlib.blake2b(agent.encode("utf-8", "replace"), digest_size=12).hexdigest()
    descriptor = _opened(place / name)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MarksTaken(f"another hook of {agent} is at work") from error
        yield MarkFile(descriptor)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    try:
        return open_regular(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
    except OSError as error:
        raise BadRequest(
            f"the marks of an agent cannot be kept in {path}: {error.strerror}. Move that away."
        ) from error


def _encoded(marks: Marks) -> bytes:
    numbers = msgspec.structs.astuple(marks)
    return "".join(f"{number:0{_DIGITS}d}\n" for number in numbers).encode()


def _decoded(record: bytes) -> Marks:
    """Return the marks of a record; what is none counts as never told."""
    words = record.split()
    if len(record) != _RECORD or len(words) != 3 or not all(word.isdigit() for word in words):
        return Marks()
    return Marks(*map(int, words))
