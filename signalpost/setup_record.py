"""What setup has changed: each file as it was before, and how to tell that nobody touched it since."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .config_file import MOST, ConfigFile
from .transport import endpoint
from .transport.errors import BadRequest
from .transport.regular_file import read_regular

_FILE = "setup.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """One changed file."""

    backup: str
    """The name of its copy from before; empty: there was no such file."""
    written: str
    """The hash of what setup wrote; empty: others have written in between."""
    copies: tuple[str, ...] = ()
    """The names of all copies."""
    folders: tuple[str, ...] = ()
    """Those that setup made for it, the outermost first."""


class SetupRecord:
    """Lives in the folder ``setup`` of the state folder, beside the copies.

    A file is known by its place behind all links: it may have several names.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "setup"
        self._data_dir = data_dir
        self._kept = self._read()

    @contextmanager
    def alone(self) -> Generator[None]:
        """Hold off other runs of setup for a block, and know what those before have noted.

        :raises BadRequest: the state folder cannot be used
        """
        self._prepare()
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            self._kept = self._read()
            yield
        finally:
            os.close(folder)

    def paths(self) -> list[Path]:
        """Return the files that setup has changed, and not changed back."""
        return [Path(path) for path in self._kept]

    def untouched(self, path: Path, now: bytes | None) -> bool:
        """Tell whether a file is as setup left it, and nobody else wrote since it was first changed."""
        kept = self._of(path)
        return kept is not None and now is not None and kept.written == _hash(now)

    def known(self, path: Path) -> bool:
        """Tell whether it is known what a file was before setup changed it."""
        kept = self._of(path)
        return kept is not None and (not kept.backup or (self._folder / kept.backup).exists())

    def before(self, path: Path) -> bytes | None:
        """Return what a known file was before; None: there was none.

        :raises BadRequest: its copy cannot be read
        """
        name = self._kept[_key(path)].backup
        try:
            return read_regular(self._folder / name, MOST) if name else None
        except OSError as error:
            raise BadRequest(
                f"its copy from before, {self._folder / name}, cannot be read: {error.strerror}."
                " Move that away, and run setup again: then what is ours is taken out."
            ) from error

    def backup(self, path: Path) -> Path | None:
        """Return where the newest copy of a file is."""
        kept = self._of(path)
        return self._folder / kept.copies[-1] if kept is not None and kept.copies else None

    def keep(self, path: Path, before: bytes | None, after: bytes, *, first: bool) -> None:
        """Note a change, before it is made, and copy the file unless its content is setup's own.

        :param first: nothing of ours is in the file
        :raises BadRequest: it cannot be noted
        """
        old = self._of(path)
        folders = [*(old.folders if old else ()), *map(str, ConfigFile(path).missing_folders())]
        if old is not None and self.untouched(path, before):
            kept = Kept(old.backup, _hash(after), old.copies)
        elif old is not None and not first:
            kept = Kept(old.backup, "", (*old.copies, *self._copy(path, before)))
        else:
            copies = self._copy(path, before)
            kept = Kept(copies[0] if copies else "", _hash(after), copies)
        self._kept[_key(path)] = replace(kept, folders=tuple(dict.fromkeys(folders)))
        self._save()

    def forget(self, path: Path, *, restored: bool) -> None:
        """A file has nothing of ours any more; if it is as it was, its copies go.

        So do the folders that were made for it, unless others use them.
        """
        kept = self._kept.pop(_key(path), None)
        if kept is None:
            return
        self._save()
        for name in kept.copies if restored else ():
            (self._folder / name).unlink(missing_ok=True)
        for folder in reversed(kept.folders):
            with contextlib.suppress(OSError):  # it has something in it
                Path(folder).rmdir()

    # ------------------------------------------------------------ inside

    def _of(self, path: Path) -> Kept | None:
        return self._kept.get(_key(path))

    def _read(self) -> dict[str, Kept]:
        try:
            found: Mapping[str, Any] = json.loads(read_regular(self._folder / _FILE, MOST))
            return {path: _kept(value) for path, value in found.items()}
        except (OSError, ValueError, TypeError, AttributeError, KeyError):
            return {}  # lost: then what is ours is taken out, instead of the old file put back

    def _save(self) -> None:
        kept = {path: asdict(each) for path, each in self._kept.items()}
        self._write(_FILE, json.dumps(kept, indent=1).encode())

    def _copy(self, path: Path, content: bytes | None) -> tuple[str, ...]:
        """Keep a copy under a name of its own, unless there is one of the same content."""
        if content is None:
            return ()
        start = f"{path.name}.{hashlib.sha256(os.fsencode(_key(path))).hexdigest()[:8]}"
        for number in range(1, sys.maxsize):
            copy = ConfigFile(self._folder / f"{start}.{number}")
            there = copy.read()
            if there is None:
                self._write(copy.path.name, content)
            if there in (None, content):
                return (copy.path.name,)
        raise AssertionError("there is no end of numbers")

    def _prepare(self) -> None:
        endpoint.prepare(self._data_dir)
        endpoint.make_private(self._folder)

    def _write(self, name: str, content: bytes) -> None:
        self._prepare()
        file = ConfigFile(self._folder / name)
        try:
            file.write(content, file.read())
        except BadRequest as error:
            raise BadRequest(
                f"what it was before cannot be kept as {file.path}: {error}"
            ) from error


def _key(path: Path) -> str:
    return str(ConfigFile(path).target)


def _kept(value: Mapping[str, Any]) -> Kept:
    return Kept(
        value["backup"], value["written"], tuple(value["copies"]), tuple(value.get("folders", ()))
    )


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
