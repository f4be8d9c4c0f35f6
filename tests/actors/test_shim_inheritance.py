"""What a command inherits, and what it does not."""

from __future__ import annotations

import os
import resource

from tests.actors.bench import Bench


async def test_the_command_gets_just_the_environment_of_the_job(bench: Bench) -> None:
    outcome = await bench.run("/usr/bin/env", environment={"A": "b c", "N": "\udcff"})
    lines = [x for x in outcome.tail.splitlines() if not x.startswith((b"PWD=", b"OLDPWD=", b"_="))]
    assert set(lines) == {b"A=b c", b"N=\xff", b"SIGNALPOST_TASK=cookie-%d-1" % os.getpid()}


async def test_the_command_gets_directory_umask_and_limits(bench: Bench) -> None:
    (bench.folder / "sub").mkdir()
    outcome = await bench.run(
        "pwd; umask; ulimit -n; ulimit -c",
        working_directory=str(bench.folder / "sub"),
        umask=0o027,
        limits={"RLIMIT_NOFILE": 123, "RLIMIT_CORE": -1, "RLIMIT_NO_SUCH": 7},
    )
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    blocks = "unlimited" if hard == resource.RLIM_INFINITY else str(hard // 512)
    assert outcome.tail.decode() == f"{bench.folder / 'sub'}\n0027\n123\n{blocks}\n"


async def test_the_limits_of_a_command_are_not_those_of_its_shim(bench: Bench) -> None:
    outcome = await bench.run(
        "head -c 300000 /dev/zero", limits={"RLIMIT_FSIZE": 1000, "RLIMIT_NOFILE": 10}
    )
    assert (outcome.error, len(bench.output())) == ("", 300000)


async def test_the_command_gets_its_niceness(bench: Bench) -> None:
    assert (await bench.run("sleep 0.1; nice", nice=7)).tail == b"7\n"


async def test_the_command_goes_first_when_memory_ends(bench: Bench) -> None:
    # The shim takes the rank on itself for the moment of the spawn.
    outcome = await bench.run(
        "cd /proc; until [ $(cat $PPID/oom_score_adj) != 500 ]; do :; done;"
        " cat self/oom_score_adj $PPID/oom_score_adj"
    )
    mine, shims = (int(word) for word in outcome.tail.split())
    assert mine == 500 > shims


async def test_the_command_has_default_signals_and_nothing_of_ours_open(bench: Bench) -> None:
    outcome = await bench.run("exec ls -l /proc/self/fd; ")
    assert len([line for line in outcome.tail.splitlines() if b" -> " in line]) == 4
    signals = await bench.run("exec grep -E 'Sig(Ign|Blk)' /proc/self/status")
    c_library = 0b11 << 31  # which ignores two signals of its own in what it spawns
    blocked, ignored = (int(line.split()[1], 16) for line in signals.tail.splitlines())
    assert (blocked, ignored & ~c_library) == (0, 0)


async def test_a_command_that_asks_a_terminal_is_told_at_once_that_there_is_none(
    bench: Bench,
) -> None:
    outcome = await bench.run("read -r answer </dev/tty || echo none; yes | head -1")
    assert outcome.tail.splitlines()[-2:] == [b"none", b"y"]


async def test_the_command_is_leader_of_its_own_session(bench: Bench) -> None:
    outcome = await bench.run("echo $$; exec cut -d' ' -f1,6 /proc/self/stat")
    shell, pid, session = outcome.tail.split()
    assert shell == pid == session


async def test_no_process_shows_the_command_or_the_environment_of_another(bench: Bench) -> None:
    command = "tr '\\0' ' ' < /proc/$PPID/cmdline; tr '\\0' ' ' < /proc/$PPID/environ"
    outcome = await bench.run(command, environment={"PATH": os.environ["PATH"], "SECRET": "s3"})
    assert b"s3" not in outcome.tail
    assert b"cmdline" not in outcome.tail
