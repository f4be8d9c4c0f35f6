"""What journals and store must agree upon in the end: each check returns what is wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from itertools import pairwise
from typing import NamedTuple

from tests.system.cast import ANY, READERS
from tests.system.ledger import Entry, Ledger
from tests.system.place import Place
from tests.system.post_script import is_bad

MAX_ATTEMPTS = 5
PATIENCE = 0.9
"""A client that gives a message back waits 1 s for the broker's word."""


class Row(NamedTuple):
    """One message in the store."""

    seq: int
    id: str
    recipient: str
    content: str
    state: str
    attempts: int
    deliveries: int
    reason: str

    @property
    def writer(self) -> str:
        return self.content.rpartition("-")[0]

    @property
    def number(self) -> int:
        return int(self.content.rpartition("-")[2])


def rows(place: Place) -> list[Row]:
    """Return all that the store has, by place."""
    found = place.stored(
        "SELECT seq, id, recipient, content, state, attempts, deliveries, reason"
        " FROM messages JOIN bodies USING (seq) ORDER BY seq"
    )
    return [Row(*record) for record in found]


class Audit:
    """The end of a run. ``consumers``: of whom ``any:role:consumer`` is one."""

    def __init__(self, ledger: Ledger, kept: list[Row], consumers: Collection[str]) -> None:
        self.ledger = ledger
        self.kept = kept
        self.consumers = consumers
        self.by_id = {row.id: row for row in kept}
        self.of_value: defaultdict[str, list[Row]] = defaultdict(list)
        for row in kept:
            self.of_value[row.content].append(row)

    def wrong(self) -> dict[str, list[object]]:
        """Return everything that is wrong, by what it is."""
        found: dict[str, list[object]] = {
            "confirmed and never read": [*self.ledger.lost],
            "read and never sent": [*self.ledger.unexpected],
            "read and not in the store": self._unstored(),
            "twice in the store": self._twice(),
            "to somebody who was not meant": self._astray(),
            "not as its sender was told": self._otherwise(),
            "neither done nor rightly dead": self._unaccounted(),
            "acknowledged by nobody, or twice, or in vain": self._acknowledged(),
            "wrongly counted": self._miscounted(),
            "stored before an earlier one of its writer": self._out_of_order(),
            "not at its old place": self._misplaced(),
        }
        return {what: each for what, each in found.items() if each}

    def _unstored(self) -> list[object]:
        """What was read beside a commit that never came belongs to no send that was confirmed."""
        told = {entry.value: entry for entry in self.ledger.sent}
        return [
            (read, told[read.value])
            for read in self.ledger.reads
            if read.id not in self.by_id
            and read.value in told
            and READERS[read.by] not in told[read.value].refused
        ]

    def _twice(self) -> list[object]:
        ids = Counter(row.id for row in self.kept)
        copies = Counter((row.content, row.recipient) for row in self.kept)
        return [one for one, count in (*ids.items(), *copies.items()) if count > 1]

    def _astray(self) -> list[object]:
        """Of those who were not named, ``any`` may mean one consumer."""
        wrong: list[object] = []
        for value, found in self.of_value.items():
            to = self.ledger.tried.get(value, "").split(",")
            others = {row.recipient for row in found} - {*to}
            if len(others) > (ANY in to) or not others <= {*self.consumers}:
                wrong.append((to, found))
        return wrong

    def _otherwise(self) -> list[object]:
        told = {entry.value: entry.ids for entry in self.ledger.sent}
        kept = {value: {r.recipient: r.id for r in self.of_value[value]} for value in told}
        refused = {e.value for e in self.ledger.of("unknown") if e.code == "INBOX_FULL"}
        answered = [(told[value], kept[value]) for value in told if told[value] != kept[value]]
        return [*answered, *(self.of_value[value] for value in refused & self.of_value.keys())]

    def _unaccounted(self) -> list[object]:
        return [row for row in self.kept if not self._is_done(row) and not self._is_dead(row)]

    def _is_done(self, row: Row) -> bool:
        return row.state == "done" and row.attempts < MAX_ATTEMPTS and not is_bad(row.content)

    def _is_dead(self, row: Row) -> bool:
        reason = row.reason.startswith(f"{MAX_ATTEMPTS} failed attempts")
        return row.state == "dead" and row.attempts == MAX_ATTEMPTS and reason

    def _acknowledged(self) -> list[object]:
        tried, told = self.ledger.settling("ack"), self.ledger.settled("ack")
        done = {row.id for row in self.kept if row.state == "done"}
        twice = {each for each, count in told.items() if count > 1}
        return [*done - tried.keys(), *twice, *told.keys() - done]

    def _miscounted(self) -> list[object]:
        least = self.ledger.settled("nack")
        return [r for r in self.kept if not least[r.id] <= r.attempts <= r.deliveries]

    def _out_of_order(self) -> list[object]:
        lanes: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self.kept:
            lanes[row.recipient, row.writer].append(row)
        return [p for lane in lanes.values() for p in pairwise(lane) if p[0].number > p[1].number]

    def _misplaced(self) -> list[object]:
        """What its only reader has given back comes next, or an earlier one does."""
        alone = [name for name, agent in READERS.items() if [*READERS.values()].count(agent) == 1]
        return [
            (given, then)
            for given, then in pairwise(self.ledger.of("settling", "got"))
            if self._is_given_back(given, then, alone) and self._seq(then) > self._seq(given)
        ]

    def _is_given_back(self, given: Entry, then: Entry, alone: Collection[str]) -> bool:
        if given.event != "settling" or given.outcome == "ack" or given.by not in alone:
            return False
        in_time = then.at - given.at < PATIENCE and then.event == "got"
        stored = {given.id, then.id} <= self.by_id.keys()
        return in_time and given.pid == then.pid and stored and self.by_id[given.id].state != "dead"

    def _seq(self, entry: Entry) -> int:
        return self.by_id[entry.id].seq
