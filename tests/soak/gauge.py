"""What a broker uses, sample by sample, and whether that grows without bound."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import psutil

from tests.system.ledger import Entry, Ledger

MIB = 1024**2
WARM_UP_SECONDS = 10.0
"""A broker that has just started is still filling its caches."""
ALLOWED = {"rss_mib": 80.0, "fds": 16.0, "threads": 3.0, "wal_mib": 8.0, "p99_ms": 250.0}
"""By how much each may grow within one life of a broker: what its bounded caches explain.

RSS: 100,000 answers are about 55 MiB, the pages of SQLite 16, the loop guard 3; then it stays.
"""


@dataclass(frozen=True)
class Sample:
    """What was seen at one moment. ``life``: which broker's."""

    at: float
    life: int
    age: float
    rss_mib: float
    fds: float
    threads: float
    wal_mib: float
    store_mib: float
    p99_ms: float | None = None


def look(broker: psutil.Process, state: Path) -> Sample:
    """Measure a broker now.

    :raises psutil.NoSuchProcess: it is dead
    """
    with broker.oneshot():
        return Sample(
            at=time.monotonic(),
            life=broker.pid,
            age=time.time() - broker.create_time(),
            rss_mib=broker.memory_info().rss / MIB,
            fds=broker.num_fds(),
            threads=broker.num_threads(),
            wal_mib=_size(state / "queue.db-wal"),
            store_mib=_size(state / "queue.db"),
        )


def _size(path: Path) -> float:
    return path.stat().st_size / MIB if path.exists() else 0.0


def send_times(ledger: Ledger, died: Callable[[float, float], bool]) -> list[tuple[float, float]]:
    """Return when each send was confirmed and how many seconds it took.

    :param died: tells whether a broker died between two moments; such sends are left out
    """
    tried = {entry.value: entry for entry in ledger.of("try")}
    pairs: Iterable[tuple[Entry, Entry]] = ((tried[e.value], e) for e in ledger.sent)
    return [(e.at, e.at - t.at) for t, e in pairs if not died(t.at, e.at)]


def p99_ms(times: Sequence[tuple[float, float]], since: float, until: float) -> float | None:
    """Return the 99th percentile of what was confirmed between two moments."""
    seconds = sorted(took for at, took in times if since < at <= until)
    return 1000 * seconds[int(0.99 * (len(seconds) - 1))] if seconds else None


def growth(samples: Sequence[Sample], name: str) -> float:
    """Return by how much something grows a minute within a life.

    Least squares over the last two thirds, each life about its own mean, so that
    a restart is neither growth nor shrinking.
    """
    lives: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    for sample in samples[len(samples) // 3 :]:
        value = getattr(sample, name)
        if value is not None and sample.age > WARM_UP_SECONDS:
            lives[sample.life].append((sample.at, value))
    above = below = 0.0
    for points in lives.values():
        mean_at, mean = fmean(at for at, _ in points), fmean(value for _, value in points)
        above += sum((at - mean_at) * (value - mean) for at, value in points)
        below += sum((at - mean_at) ** 2 for at, _ in points)
    return 60 * above / below if below else 0.0


def growths(samples: Sequence[Sample]) -> dict[str, float]:
    """Return the growth a minute of everything that must not grow."""
    return {name: growth(samples, name) for name in ALLOWED}


def unbounded(slopes: Mapping[str, float], life_seconds: float) -> list[str]:
    """Name what grows by more in one life than its caches explain."""
    minutes = life_seconds / 60
    return [name for name, slope in slopes.items() if slope * minutes > ALLOWED[name]]
