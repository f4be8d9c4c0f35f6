"""What the journals of writers and readers add up to: Jepsen's arithmetic of sets."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import msgspec


class Entry(msgspec.Struct):
    """One line of a journal; see :mod:`post_script`."""

    at: float
    """On the monotonic clock, which all processes share."""
    event: str
    value: str
    by: str
    id: str = ""
    to: str = ""
    code: str = ""
    attempt: int = 1
    redelivered: bool = False

    @property
    def writer(self) -> str:
        return self.value.rpartition("-")[0]

    @property
    def number(self) -> int:
        return int(self.value.rpartition("-")[2])


class Ledger:
    """Everything that was tried, confirmed and read, each in its reader's order."""

    def __init__(self, journals: Iterable[Path]) -> None:
        decoder = msgspec.json.Decoder(Entry)
        entries = [
            decoder.decode(line) for path in journals for line in path.read_bytes().splitlines()
        ]
        self.tried = {e.value: e.to for e in entries if e.event == "try"}
        self.confirmed = {e.value: e.id for e in entries if e.event == "sent"}
        self.reads = [e for e in entries if e.event == "got"]
        self.errors = Counter(e.code for e in entries if e.event in ("unknown", "refused"))

    def add(self, reads: Iterable[Entry]) -> None:
        """Add what was read last of all."""
        self.reads += reads

    @property
    def read(self) -> set[str]:
        return {entry.value for entry in self.reads}

    @property
    def lost(self) -> set[str]:
        """Confirmed, and never seen."""
        return self.confirmed.keys() - self.read

    @property
    def unexpected(self) -> set[str]:
        """Seen, and never sent."""
        return self.read - self.tried.keys()

    @property
    def recovered(self) -> set[str]:
        """Seen although nobody could tell their sender so."""
        return self.read - self.confirmed.keys()

    def again(self) -> list[tuple[Entry, Entry]]:
        """Return what was read more than once: each read with the one before it."""
        by_value: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in sorted(self.reads, key=lambda entry: entry.at):
            by_value[entry.value].append(entry)
        return [pair for found in by_value.values() for pair in pairwise(found)]

    def overtaken(self, recipient: str) -> list[str]:
        """Return what came to the one reader of an inbox after a later one of its writer."""
        highest: dict[str, int] = {}
        seen: set[str] = set()
        wrong: list[str] = []
        for entry in self.reads:
            if self.tried.get(entry.value) != recipient or entry.value in seen:
                continue
            seen.add(entry.value)
            if entry.number < highest.get(entry.writer, -1):
                wrong.append(entry.value)
            highest[entry.writer] = max(entry.number, highest.get(entry.writer, -1))
        return wrong
