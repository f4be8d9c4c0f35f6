"""``unread.json``: what waits for whom, for hooks that find no broker running."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import anyio
import msgspec

from .moment import Moment
from .unread import AgentUnread, Unread

logger = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
"""It is written at most so often while something changes."""


class Written(msgspec.Struct, frozen=True):
    """The content of the file."""

    written: float
    """Unix seconds."""
    agents: dict[str, AgentUnread]
    """Those who have unread mail."""


class UnreadFile:
    """Keeps the file in step with the inboxes. A disk that takes no more never stops the broker."""

    def __init__(
        self,
        path: Path,
        unread: Unread,
        clock: Callable[[], Moment],
        every: float = EVERY_SECONDS,
    ) -> None:
        self._path = path
        self._unread = unread
        self._clock = clock
        self._every = every
        self._begun = False

    async def run(self) -> None:
        """Write when something has changed, until cancelled."""
        while True:
            text = self._text()
            if text is not None:
                await anyio.to_thread.run_sync(self._write, text)
            await anyio.sleep(self._every)
            await self._unread.stirs()

    def finish(self) -> None:
        """Write what is so now, at the end of an orderly life."""
        text = self._text()
        if text is not None:
            self._write(text)

    def _text(self) -> bytes | None:
        agents = self._unread.take()
        if agents is None and self._begun:
            return None
        self._begun = True
        return msgspec.json.encode(Written(self._clock().wall, agents or {}))

    def _write(self, text: bytes) -> None:
        draft = self._path.with_name(self._path.name + ".new")
        try:
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with open(descriptor, "wb") as file:
                file.write(text)
            draft.replace(self._path)
        except OSError as error:
            logger.warning("%s cannot be written: %s", self._path, error)
