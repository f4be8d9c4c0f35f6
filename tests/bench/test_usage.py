from __future__ import annotations

import os
import subprocess
import sys

from bench.samples import Samples
from bench.usage import cost, cpu_of, family, memory_of, metered

_BURN = "import time\nwhile time.process_time() < 0.05: pass"


def burn() -> None:
    subprocess.run([sys.executable, "-c", _BURN], check=True)


def test_cpu_of_a_process_is_that_of_its_own_clock() -> None:
    before = cpu_of(os.getpid())
    sum(range(200_000))
    assert cpu_of(os.getpid()) > before


def test_cost_counts_a_process_that_was_started_and_awaited() -> None:
    wall, cpu = cost(burn, list[int])
    assert cpu >= 0.05
    assert wall > 0


def test_metered_counts_the_values_of_the_block() -> None:
    samples = Samples("a", [1.0])
    with metered(samples, {"other": os.getppid()}):
        samples.values += [1.0, 2.0]
    assert samples.metered == 2
    assert sorted(samples.cpu) == ["client", "other"]


def test_a_family_is_a_process_and_its_children() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        try:
            assert family(child.pid) == [child.pid]
            assert child.pid in family(os.getpid())
        finally:
            child.kill()


def test_two_weigh_more_than_one() -> None:
    own = memory_of([os.getpid()])
    assert memory_of([os.getpid()] * 2).rss > own.rss > 0
