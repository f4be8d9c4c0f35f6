"""The key that seals the ids of MCP tasks: one in each data dir, made by the first bridge."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ..transport.errors import InternalFault
from ..transport.regular_file import open_regular

FILE = "tickets.key"
_BYTES = 32


class TicketKey:
    """Reads the key at each use: the data dir may be removed, and come again with another."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE

    def get(self) -> bytes:
        """Return the key; it is made if there is none.

        :raises InternalFault: it can neither be read nor made
        """
        try:
            return self._read() or self._make()
        except OSError as error:
            raise self._unusable(error) from error

    def found(self) -> bytes:
        """Return the key, empty when there is none.

        :raises InternalFault: it cannot be read
        """
        try:
            return self._read()
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> InternalFault:
        return InternalFault(f"cannot use {self._path}: {error.strerror}. Look at the data dir.")

    def _read(self) -> bytes:
        """Return the key, empty when there is none or it is damaged."""
        try:
            fd = open_regular(self._path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return b""
        with open(fd, "rb") as file:
            key = file.read(_BYTES + 1)
        return key if len(key) == _BYTES else b""

    def _make(self) -> bytes:
        """Put a new key in place, whole or not at all; return the one that is there then."""
        scratch = self._path.with_name(f"{FILE}.{os.getpid()}.{os.urandom(4).hex()}")
        fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(fd, "wb") as file:
                file.write(os.urandom(_BYTES))
            with suppress(FileExistsError):  # another bridge was first: its key is the one
                os.link(scratch, self._path)
        finally:
            scratch.unlink()
        key = self._read()
        if not key:
            raise InternalFault(f"{self._path} is no key. Delete it: the next bridge makes one.")
        return key
