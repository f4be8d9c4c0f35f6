"""What the journals of writers and readers tell: who tried, confirmed, read and settled what."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import msgspec

from tests.system.post_script import is_bad


class Entry(msgspec.Struct):
    """One line of a journal; see :mod:`post_script`."""

    at: float
    """On the monotonic clock, which all processes share."""
    event: str
    value: str
    by: str
    pid: int
    id: str = ""
    to: str = ""
    code: str = ""
    attempt: int = 1
    redelivered: bool = False
    outcome: str = ""
    ids: dict[str, str] = {}
    """Of the messages that were sent, by recipient."""
    refused: dict[str, str] = {}
    """Why others got none."""

    @property
    def writer(self) -> str:
        return self.value.rpartition("-")[0]

    @property
    def number(self) -> int:
        return int(self.value.rpartition("-")[2])

    @property
    def is_bad(self) -> bool:
        return is_bad(self.value)


class Ledger:
    """Everything that was tried, confirmed, read and settled."""

    def __init__(self, journals: Iterable[Path]) -> None:
        decoder = msgspec.json.Decoder(Entry)
        entries = [
            decoder.decode(line) for path in journals for line in path.read_bytes().splitlines()
        ]
        self.entries = sorted(entries, key=lambda entry: entry.at)
        self.tried = {e.value: e.to for e in self.of("try")}
        self.sent = self.of("sent")
        self.confirmed = {i: e.value for e in self.sent for i in e.ids.values()}
        self.reads = self.of("got")
        self.errors = Counter(e.code for e in self.of("unknown", "refused"))
        self.refused = Counter(code for e in self.sent for code in e.refused.values())

    def of(self, *events: str) -> list[Entry]:
        """Return the entries of these kinds, in the order of their times."""
        return [entry for entry in self.entries if entry.event in events]

    def settling(self, outcome: str) -> Counter[str]:
        """Return how often readers wanted this to become of each message."""
        return Counter(e.id for e in self.of("settling") if e.outcome == outcome)

    def settled(self, outcome: str) -> Counter[str]:
        """Return how often they were told that it has."""
        return Counter(e.id for e in self.of("settled") if e.outcome == outcome and not e.code)

    @property
    def stale(self) -> int:
        """How often readers were told that they do not hold what they settle."""
        codes = [e.code for e in self.of("refused", "settled")]
        return codes.count("STALE_LEASE")

    @property
    def read(self) -> set[str]:
        return {entry.id for entry in self.reads}

    @property
    def lost(self) -> set[str]:
        """Confirmed, and never seen."""
        return self.confirmed.keys() - self.read

    @property
    def unexpected(self) -> set[str]:
        """Seen, and never sent."""
        return {entry.value for entry in self.reads} - self.tried.keys()

    @property
    def recovered(self) -> set[str]:
        """Seen although nobody could tell their sender so."""
        return self.read - self.confirmed.keys()

    def again(self) -> list[tuple[Entry, Entry]]:
        """Return what was read more than once: each read with the one before it."""
        by_id: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in self.reads:
            by_id[entry.id].append(entry)
        return [pair for found in by_id.values() for pair in pairwise(found)]

    def overtaken(self) -> list[tuple[Entry, Entry]]:
        """Return what one reader got after a later message of its writer, and that one.

        What was given to somebody before comes when it comes back: it is left out.
        """
        latest: dict[tuple[int, str, str], Entry] = {}
        wrong: list[tuple[Entry, Entry]] = []
        for entry in self.reads:
            lane = (entry.pid, entry.by, entry.writer)
            if entry.redelivered:
                continue
            if (other := latest.get(lane)) is not None and entry.number < other.number:
                wrong.append((other, entry))
            else:
                latest[lane] = entry
        return wrong
