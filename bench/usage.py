"""What processes use: CPU seconds and memory, of one or of a whole family."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

from bench.samples import Samples

MIB = 1 << 20


def cpu_of(pid: int) -> float:
    """Return the CPU seconds, user and system, that a process has used."""
    if sys.platform == "linux":
        return time.clock_gettime((~pid << 3) | 2)  # its own clock, in nanoseconds
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


@contextmanager
def metered(samples: Samples, pids: Mapping[str, int]) -> Generator[None, None, None]:
    """Add to the samples what this process and others use in the block."""
    began = {name: cpu_of(pid) for name, pid in pids.items()}
    own, count = time.process_time(), len(samples.values)
    yield
    samples.used("client", time.process_time() - own)
    for name, pid in pids.items():
        samples.used(name, cpu_of(pid) - began[name])
    samples.metered += len(samples.values) - count


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one process or of several together, in MiB."""

    rss: float
    pss: float
    uss: float

    def __add__(self, other: Memory) -> Memory:
        return Memory(self.rss + other.rss, self.pss + other.pss, self.uss + other.uss)


def memory_of(pids: Iterable[int]) -> Memory:
    """Return what processes weigh together; PSS counts what they share only once."""
    total = Memory(0, 0, 0)
    for pid in pids:
        with suppress(psutil.NoSuchProcess):  # agent-task-queue starts a ps again and again
            found = psutil.Process(pid).memory_full_info()
            pss: int = getattr(found, "pss", found.rss)
            total += Memory(found.rss / MIB, pss / MIB, found.uss / MIB)
    return total


def family(pid: int) -> list[int]:
    """Return a process and all that it has started."""
    with suppress(psutil.NoSuchProcess):
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    return []


def family_cpu(roots: Iterable[int]) -> float:
    """Return the CPU seconds of families, their ended and awaited members among them."""
    members = {member for root in roots for member in family(root)}
    total = 0.0
    for pid in members:
        with suppress(psutil.NoSuchProcess, OSError):
            times = psutil.Process(pid).cpu_times()
            awaited = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
            # Not by these times: they are in hundredths of a second, and those of many who wait less.
            total += cpu_of(pid) + awaited
    return total


def cost(work: Callable[[], object], roots: Callable[[], Iterable[int]]) -> tuple[float, float]:
    """Return the wall seconds of some work, and the CPU seconds of all that took part.

    That is this process, what it started and awaited, and the families that ``roots``
    names before and after.
    """
    own, others, began = _own(), family_cpu(roots()), time.perf_counter()
    work()
    wall = time.perf_counter() - began
    return wall, _own() - own + family_cpu(roots()) - others


def _own() -> float:
    awaited = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + awaited.ru_utime + awaited.ru_stime
