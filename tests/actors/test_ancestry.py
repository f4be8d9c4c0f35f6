from __future__ import annotations

import os

from signalpost.actors.ancestry import ancestors
from signalpost.transport import lifeline


def test_the_nearest_comes_first_and_each_is_known_by_its_start_time() -> None:
    found = ancestors(os.getpid())
    assert found[0] == (os.getppid(), lifeline.start_time(os.getppid()))
    assert all(pid > 1 and started > 0 for pid, started in found)


def test_a_process_that_is_gone_has_none() -> None:
    assert ancestors(2**22 + 1) == ()
