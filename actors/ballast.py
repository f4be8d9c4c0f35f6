"""A file that only takes up room: given up when the disk is full, so that the store can go on.

Without it a full disk would hinder acknowledgements and the ends of tasks as well,
though they hardly need any room. ::

    held ── no room for a commit ──> given up ── enough room again ──> held

While it is given up nothing new is accepted: what was accepted has the room for itself.
"""

from __future__ import annotations

import logging
import os
import stat
from contextlib import suppress
from pathlib import Path

from ..transport.regular_file import open_regular

BYTES = 8 << 20
"""Twice what SQLite lets its log grow to before it folds it into the file and begins anew:
so much is wanted at worst, in the log and in the file, and then no more."""

_logger = logging.getLogger(__name__)


class Ballast:
    """The reserve at ``path``. Where there is little room, it is half of what there is."""

    def __init__(self, path: Path, most: int = BYTES) -> None:
        self.path = path
        self._most = most
        self._wanted = 0
        self.given_up = False

    def take(self) -> None:
        """Reserve the room, or what is left of it, for the first time in this life."""
        held = self._held()
        self._wanted = min(self._most, (held + self._free()) // 2)
        if held < self._wanted:
            self._reserve()

    def retake(self) -> bool:
        """Reserve the room again that was given up; tell whether there is enough for that."""
        if self._free() < self._wanted + self._wanted // 4:
            return False
        self.given_up = not self._reserve()
        if not self.given_up:
            _logger.info("there is room on the disk again")
        return not self.given_up

    def give_up(self) -> None:
        """Let the store have the room."""
        if self.given_up or not self._held():
            return
        _logger.warning("the disk is full: only what is known already is written from here on")
        self.path.unlink(missing_ok=True)
        self.given_up = True

    def _held(self) -> int:
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return 0
        return found.st_size if stat.S_ISREG(found.st_mode) else 0

    def _free(self) -> int:
        try:
            space = os.statvfs(self.path.parent)
        except OSError:
            return 0  # the folder is gone: others see to that
        return space.f_bavail * space.f_frsize

    def _reserve(self) -> bool:
        try:
            descriptor = open_regular(self.path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW)
            try:
                _fill(descriptor, self._wanted)
            finally:
                os.close(descriptor)
        except OSError as error:
            _logger.warning("no room can be reserved at %s: %s", self.path, error)
            with suppress(OSError):  # it is a folder, or gone: that was told
                self.path.unlink()
            return False
        return True


def _fill(descriptor: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:  # bytes that no file system can compress
        os.pwrite(descriptor, os.urandom(size), 0)
