"""What was measured, and the arithmetic on it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

PERCENTILES = {"p50": 50, "p90": 90, "p99": 99, "max": 100}
_FLAT = 1.25
_CURVE = [*range(100), 99.5, 99.9, 100]


@dataclass
class Samples:
    """What one side of a comparison measured: seconds each, or another unit throughout."""

    name: str
    values: list[float] = field(default_factory=list[float])
    cpu: dict[str, float] = field(default_factory=dict[str, float])
    """CPU seconds by process, for ``metered`` of the values."""
    metered: int = 0

    def clear(self) -> None:
        """Forget the warm-up."""
        self.values.clear()
        self.cpu.clear()
        self.metered = 0

    def percentile(self, percent: float) -> float:
        """Return a percentile (nearest rank)."""
        return percentile(sorted(self.values), percent)

    def used(self, process: str, seconds: float) -> None:
        """Add what a process used meanwhile."""
        self.cpu[process] = self.cpu.get(process, 0.0) + seconds


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return a percentile of values in order (nearest rank).

    :raises ValueError: there are none
    """
    if not ordered:
        raise ValueError("nothing was measured")
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def quantiles(values: Sequence[float], scale: float = 1.0) -> list[tuple[float, float]]:
    """Return (percent, value) pairs that draw the distribution, no more than there are values."""
    ordered = sorted(values)
    step = max(1, len(_CURVE) // max(1, len(ordered)))
    chosen = sorted({*_CURVE[::step], 100})
    return [(percent, percentile(ordered, percent) * scale) for percent in chosen]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the growth of y per x by least squares.

    :raises ValueError: all x are the same
    """
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if not spread:
        raise ValueError("a slope takes two different x")
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def growth(points: Sequence[tuple[float, float]]) -> str:
    """Say how y grows from the least x to the greatest."""
    ordered = sorted(points)
    (first_x, first), (last_x, last) = ordered[0], ordered[-1]
    word = "flat" if last <= _FLAT * first else "grows"
    return f"{word}: {last / first:.2f} x from {first_x:,.0f} to {last_x:,.0f}"
