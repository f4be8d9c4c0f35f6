"""What setup has changed: each file as it was before, and how to tell that nobody touched it since."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .transport import endpoint

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


class SetupRecord:
    """Lives in the folder ``setup`` of the state folder, beside the copies."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "setup"
        self._data_dir = data_dir
        self._kept = self._read()

    def untouched(self, path: Path, now: bytes | None) -> bool:
        """Tell whether a file is as setup left it, and nobody else wrote since it was first changed."""
        kept = self._kept.get(str(path))
        return kept is not None and now is not None and kept.written == _hash(now)

    def known(self, path: Path) -> bool:
        """Tell whether it is known what a file was before setup changed it."""
        kept = self._kept.get(str(path))
        return kept is not None and (not kept.backup or (self._folder / kept.backup).exists())

    def before(self, path: Path) -> bytes | None:
        """Return what a known file was before; None: there was none."""
        kept = self._kept[str(path)]
        return (self._folder / kept.backup).read_bytes() if kept.backup else None

    def backup(self, path: Path) -> Path | None:
        """Return where the newest copy of a file is."""
        kept = self._kept.get(str(path))
        return self._folder / kept.copies[-1] if kept is not None and kept.copies else None

    def keep(self, path: Path, before: bytes | None, after: bytes, *, first: bool) -> None:
        """Note a change, before it is made, and copy the file unless its content is setup's own.

        :param first: nothing of ours is in the file
        """
        old = self._kept.get(str(path))
        if old is not None and self.untouched(path, before):
            self._kept[str(path)] = Kept(old.backup, _hash(after), old.copies)
        elif old is not None and not first:
            self._kept[str(path)] = Kept(old.backup, "", (*old.copies, *self._copy(path, before)))
        else:
            copies = self._copy(path, before)
            self._kept[str(path)] = Kept(copies[0] if copies else "", _hash(after), copies)
        self._save()

    def forget(self, path: Path, *, restored: bool) -> None:
        """A file has nothing of ours any more; if it is as it was, its copies go."""
        kept = self._kept.pop(str(path), None)
        if kept is not None:
            self._save()
            for name in kept.copies if restored else ():
                (self._folder / name).unlink(missing_ok=True)

    # ------------------------------------------------------------ inside

    def _read(self) -> dict[str, Kept]:
        try:
            found: Mapping[str, Any] = json.loads((self._folder / _FILE).read_bytes())
            return {
                path: Kept(kept["backup"], kept["written"], tuple(kept["copies"]))
                for path, kept in found.items()
            }
        except (OSError, ValueError, TypeError, AttributeError, KeyError):
            return {}  # lost: then what is ours is taken out, instead of the old file put back

    def _save(self) -> None:
        kept = {path: asdict(each) for path, each in self._kept.items()}
        self._write(_FILE, json.dumps(kept, indent=1).encode())

    def _copy(self, path: Path, content: bytes | None) -> tuple[str, ...]:
        """Keep a copy under a name of its own."""
        if content is None:
            return ()
        start = f"{path.name}.{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"
        numbers = range(1, sys.maxsize)
        name = next(n for n in (f"{start}.{i}" for i in numbers) if not (self._folder / n).exists())
        self._write(name, content)
        return (name,)

    def _write(self, name: str, content: bytes) -> None:
        endpoint.prepare(self._data_dir)
        endpoint.make_private(self._folder)
        fresh = self._folder / f".{name}.new"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / name)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
