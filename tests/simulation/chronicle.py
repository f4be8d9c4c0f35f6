"""All that happens on one simulated machine, in order and with its time, boiled down to a digest.

Two runs with the same digest are the same course: every frame that was sent, every point that
was passed, and every lot that was drawn.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Iterable
from pathlib import Path


class Chronicle:
    """That of one run."""

    def __init__(self, chance: random.Random, folder: Path) -> None:
        self._chance = chance
        self._folder = str(folder).encode()
        """Where the run is, by a name that is another one each time: left out."""
        self._digest = hashlib.blake2b(digest_size=16)

    def passed(self, point: str, pid: int = 0) -> None:
        """A process passes a point."""
        self._note([point.encode(), b"%d" % pid])

    def sent(self, frames: Iterable[bytes]) -> None:
        """A message goes out."""
        self._note([frame.replace(self._folder, b"") for frame in frames])

    def digest(self) -> str:
        """Return what tells this course from every other one."""
        self._note([repr(self._chance.getstate()).encode()])
        return self._digest.hexdigest()

    def _note(self, parts: Iterable[bytes]) -> None:
        self._digest.update(repr((asyncio.get_running_loop().time(), *parts)).encode())
