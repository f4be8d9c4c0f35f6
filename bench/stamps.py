"""Commands that write the time when they start and when they end, and the gaps between."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.harness import note
from bench.samples import Samples

# Nanoseconds without starting a process: the shell's own EPOCHREALTIME is not in dash.
_SOURCE = """
#include <stdio.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
int main(int c, char **v) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t);
  char b[64]; int n = snprintf(b, sizeof b, "%s %ld%09ld\\n", v[2], t.tv_sec, t.tv_nsec);
  int f = open(v[1], O_WRONLY|O_APPEND|O_CREAT, 0600); write(f, b, n); return 0; }
"""


class Overlap(Exception):
    """Two tasks ran at once, or one is missing: no turns were taken."""


class Stamp:
    """A program that is compiled once and appends a word and the time to a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = folder / "stamp"
        source = folder / "stamp.c"
        source.write_text(_SOURCE)
        subprocess.run(["cc", "-O", "-w", "-o", self._program, source], check=True)
        self._count = 0

    def commands(self, count: int, work: str) -> tuple[Path, list[str]]:
        """Return the file and so many commands that stamp it, no two the same."""
        self._count += 1
        times = self._folder / f"times-{self._count}"
        stamp = f"{self._program} {times}"
        return times, [f": {n}; {stamp} start; {work} {stamp} end" for n in range(count)]


def add_gaps(bench: str, samples: Samples, times: Path, tasks: int) -> None:
    """Add the gaps of one run; a tool that lets two run at once is named for it."""
    try:
        samples.values += gaps(times.read_text().splitlines(), tasks)
    except Overlap as overlap:
        note(f"{bench.partition(':')[0]}: overlap", f"{samples.name}: {overlap}")


def gaps(lines: Sequence[str], tasks: int) -> list[float]:
    """Return the seconds from each end to the next start.

    :raises Overlap: two ran at once, or one is missing
    """
    found = [line.split() for line in lines]
    words = [word for word, _ in found]
    if words != ["start", "end"] * tasks:
        raise Overlap(f"tasks overlapped or are missing: {' '.join(words)}")
    stamps = [int(stamp) / 1e9 for _, stamp in found]
    return [start - end for end, start in zip(stamps[1::2], stamps[2::2], strict=False)]
