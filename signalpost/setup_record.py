"""What setup has changed: each file as it was before, and how to tell that nobody touched it since."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .transport import endpoint

_FILE = "setup.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """One changed file: its copy from before, empty where there was none, and the hash of ours."""

    backup: str
    written: str


class SetupRecord:
    """Lives in the folder ``setup`` of the state folder, beside the copies."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "setup"
        self._data_dir = data_dir
        self._kept = self._read()

    def before(self, path: Path, now: bytes | None) -> tuple[bool, bytes | None]:
        """Tell whether a file is as setup left it, and if so what was in it before."""
        kept = self._kept.get(str(path))
        if kept is None or now is None or kept.written != _hash(now):
            return False, None
        return True, (self._folder / kept.backup).read_bytes() if kept.backup else None

    def backup(self, path: Path) -> Path | None:
        """Return where the copy of a file is."""
        kept = self._kept.get(str(path))
        return self._folder / kept.backup if kept is not None and kept.backup else None

    def keep(self, path: Path, before: bytes | None, after: bytes) -> None:
        """Note a change, before it is made; of several the first copy stays, if nobody was between."""
        untouched, original = self.before(path, before)
        name = ""
        content = original if untouched else before
        if content is not None:
            name = f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}-{path.name}"
            self._write(name, content)
        self._kept[str(path)] = Kept(name, _hash(after))
        self._save()

    def forget(self, path: Path) -> None:
        """A file is as it was: its copy goes."""
        kept = self._kept.pop(str(path), None)
        if kept is not None:
            self._save()
            if kept.backup:
                (self._folder / kept.backup).unlink(missing_ok=True)

    # ------------------------------------------------------------ inside

    def _read(self) -> dict[str, Kept]:
        try:
            found: Mapping[str, Any] = json.loads((self._folder / _FILE).read_bytes())
            return {path: Kept(**kept) for path, kept in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}  # lost: then what is ours is taken out, instead of the old file put back

    def _save(self) -> None:
        kept = {path: {"backup": k.backup, "written": k.written} for path, k in self._kept.items()}
        self._write(_FILE, json.dumps(kept, indent=1).encode())

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
