"""Keeps a line that comes again and again from filling ``broker.log``.

Of one kind of line, those of one template, a few pass in a minute; the rest
are counted, and the next one that passes says how many they were.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

AT_ONCE = 5
SECONDS = 60.0


@dataclass(slots=True)
class _Kind:
    since: float
    passed: int = 0
    held: int = 0


class Flood(logging.Filter):
    """A filter for a handler. Time is what the records say."""

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[tuple[str, str], _Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Let it pass, or count it."""
        name = (record.name, str(record.msg))
        kind = self._kinds.setdefault(name, _Kind(record.created))
        if record.created - kind.since >= SECONDS:
            kind.since, kind.passed = record.created, 0
        if kind.passed >= AT_ONCE:
            kind.held += 1
            return False
        kind.passed += 1
        if kind.held:
            record.msg = f"{record.msg} ({kind.held} more like it were left out)"
            kind.held = 0
        return True
