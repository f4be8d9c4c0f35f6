"""What a command leaves behind does not outlive its task."""

from __future__ import annotations

import os
import time

import pytest

from tests.actors.bench import Bench, python
from tests.actors.processes import alive


async def test_what_a_command_leaves_behind_is_killed_and_named(bench: Bench) -> None:
    outcome = await bench.run("sleep 60 & echo $! > pids; echo done")
    assert (outcome.reason, outcome.exit_code) == ("exit", 0)
    assert outcome.ran_seconds < 2
    assert [(left.name, left.pid) for left in outcome.leftovers] == [("sleep", bench.pids()[0])]
    assert not alive(bench.pids()[0])
    assert b"KILLED LEFTOVERS: sleep(" in bench.log()


async def test_a_daemon_that_ignores_term_does_not_survive(bench: Bench) -> None:
    source = """if True:
        import os, signal, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                    signal.signal(number, signal.SIG_IGN)
                print(os.getpid(), file=open("pids", "w"), flush=True)
                open("ready", "w").close()
                os.execve("/bin/sleep", ["hardy", "60"], {})
            os._exit(0)
        while not os.path.exists("ready"):
            time.sleep(0.005)
    """
    outcome = await bench.run(python(source), grace_seconds=0.3)
    assert outcome.exit_code == 0
    assert [left.pid for left in outcome.leftovers] == bench.pids()
    assert not alive(bench.pids()[0])


async def test_a_chain_that_forks_and_exits_for_ever_does_not_survive(bench: Bench) -> None:
    source = """if True:
        import os, signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork():
            os._exit(0)
        while True:
            os.setsid()
            fd = os.open("beat", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(fd, b"x")
            os.close(fd)
            if os.fork():
                os._exit(0)
    """
    outcome = await bench.run(python(source), grace_seconds=0.2)
    assert outcome.reason == "exit"
    size = (bench.folder / "beat").stat().st_size
    await bench.run("sleep 0.1")
    assert (bench.folder / "beat").stat().st_size == size


async def test_a_leftover_that_ends_at_once_does_not_cost_the_grace(bench: Bench) -> None:
    began = time.monotonic()
    await bench.run("sleep 60 &", grace_seconds=20)
    assert time.monotonic() - began < 5


@pytest.mark.skipif(not os.path.exists("/bin/bash"), reason="needs bash")
async def test_a_helper_that_ends_by_itself_may_finish(bench: Bench) -> None:
    command = "bash -c 'exec > >(sleep 0.01; cat > copy); echo last'"
    outcome = await bench.run(command)
    assert (bench.folder / "copy").read_text() == "last\n"
    assert outcome.leftovers == []


async def test_the_last_words_of_a_leftover_are_logged(bench: Bench) -> None:
    source = """if True:
        import os, signal, sys, time
        def bye(*_):
            os.write(1, b"last words")
            os._exit(0)
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, bye)
            open("ready", "w").close()
            time.sleep(60)
        while not os.path.exists("ready"):
            time.sleep(0.005)
    """
    outcome = await bench.run(python(source))
    assert outcome.tail == b"last words"
    assert bench.output() == b"last words"


async def test_at_most_twenty_leftovers_are_named(bench: Bench) -> None:
    outcome = await bench.run("for i in $(seq 30); do sleep 60 & done")
    assert len(outcome.leftovers) == 20
