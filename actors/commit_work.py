"""What the loop gives the thread of the store to do."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from .statement import Statement

Then = Callable[[Exception | None], None]
"""Called when all that was put before is on disk, or with why it is not."""


class Change(msgspec.Struct, frozen=True, eq=False):
    """Something to write. Of several with one key only the latest is written."""

    key: Hashable
    statement: Statement[Any]
    item: Any
    then: Then | None
    new: bool = False
    """It brings something that was not accepted before, and is refused when there is no room.

    Who has given it a callback and hears of a refusal removes the key, with a statement of the
    rank LAST: until then nothing else is written under it.
    """


Standing = Literal["new", "known", "refused"]
"""Of a change: it brings something new; it does not; what it is about was refused before."""

Kind = Literal["read", "write", "all"]
"""After the commit; in the transaction; nothing to do, but all put before is to be on disk."""


@dataclass(slots=True, eq=False)
class Job:
    """Something to do with the connection, and who waits for it."""

    work: Callable[[sqlite3.Connection], Any]
    answer: asyncio.Future[Any]
    kind: Kind
    result: object = None
    error: Exception | None = None

    def settle(self) -> None:
        """Answer; the asker may have been cancelled meanwhile."""
        if self.answer.done():
            return
        if self.error:
            self.answer.set_exception(self.error)
        else:
            self.answer.set_result(self.result)


Work = Change | Job | Then
