"""Who dies together with all who knew of it falls to the broker, and is reaped there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator

import anyio
import pytest

from signalpost.actors import spares
from signalpost.actors.launcher import Launcher, become_subreaper
from tests.actors.processes import only_spare, own_children, zygote_of
from tests.actors.stand_ins import rounds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nobody falls to it elsewhere")

_LEAVES_A_DEAD_CHILD = """
import os
if (child := os.fork()) == 0:
    os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
"""


@pytest.fixture
def stray(monkeypatch: pytest.MonkeyPatch) -> Generator[int]:
    """Return the pid of a process that has fallen to this one, dead, from another session."""
    monkeypatch.setattr(spares, "FALLING_SECONDS", 0)
    become_subreaper()
    words = [sys.executable, "-c", _LEAVES_A_DEAD_CHILD]
    done = subprocess.run(words, stdout=subprocess.PIPE, start_new_session=True, check=True)
    pid = int(done.stdout)
    yield pid
    if pid in own_children():
        os.waitpid(pid, 0)


async def test_it_is_reaped_when_a_shim_was_lost(launcher: Launcher, stray: int) -> None:
    await launcher.warm()
    assert stray in own_children()
    await lose(launcher, only_spare())
    await rounds()
    assert stray not in own_children()


async def test_nobody_is_reaped_while_a_shim_has_yet_to_tell_its_pid(
    launcher: Launcher, stray: int
) -> None:
    await launcher.warm()
    spare = only_spare()
    zygote = zygote_of(spare)
    os.kill(zygote, signal.SIGSTOP)
    ordered = await launcher._spares._order()  # pyright: ignore[reportPrivateUsage]
    await lose(launcher, spare)
    await rounds()
    assert stray in own_children()
    os.kill(zygote, signal.SIGCONT)
    with anyio.fail_after(10):
        await ordered.ready.wait()
    await rounds()
    assert stray not in own_children()
    ordered.abort()


async def lose(launcher: Launcher, shim: int) -> None:
    """Kill a shim, and return when the launcher knows."""
    every = launcher._spares.all  # pyright: ignore[reportPrivateUsage]
    (control,) = (control for control in every if control.pid == shim)
    os.kill(shim, signal.SIGKILL)
    with anyio.fail_after(10):
        await control.dead.wait()
