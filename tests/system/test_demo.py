"""``signalpost demo`` as a person starts it. Its folder lies in the test's own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from tests.system.place import SIGNALPOST, Place, Process, within

_BROKEN_CC = """\
#!/bin/sh
[ "$4" = trial ] || [ "$5" = trial ] && exit 0
echo 'out of order' >&2
exit 4
"""


@pytest.fixture
def temporary(place: Place) -> Iterator[Path]:
    """Where the demo makes its folder; afterwards nothing may be left there."""
    folder = place.folder / "t"
    folder.mkdir()
    yield folder
    assert os.listdir(folder) == []


@within(60)
async def test_it_shows_three_builds_in_turn_and_two_messages(
    place: Place, temporary: Path
) -> None:
    environment = _environment(place, temporary) | {"SECRET": "canary-in-the-demo"}
    done = await place.run(*SIGNALPOST, "demo", environment=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"canary" not in done.stdout
    lines = done.stdout.decode().splitlines()
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in done.stdout.decode()
    first, second, carol = sorted(map(str.split, lines[-9:-6]), key=lambda row: (row[1], row[2]))
    assert {first[0], second[0], carol[0]} == {"alice", "bob", "carol"}
    assert [row[4:] for row in (first, second, carol)] == [["success,", "exit", "code", "0"]] * 3
    # the table's figures are rounded
    assert _seconds(second[2]) >= _seconds(first[3]) - 0.1
    assert _seconds(carol[2]) < _seconds(second[2])
    told = [line.split(maxsplit=2)[2] for line in lines if line.split()[1:2] == [second[0]]]
    expected = ["its", "asking", "position", "running", "SUCCESS"]
    assert [what.split()[0] for what in told[:5]] == expected
    assert [line.split()[:4] for line in lines[-4:-2]] == [
        ["bob", "alice", "result", "replied"],
        ["alice", "bob", "status", "acked"],
    ]
    assert lines[-1] == "Go on: signalpost setup (your agents' clients), or: signalpost run make"
    assert "mail from bob: success, exit code 0" in done.stdout.decode()
    assert "reply from alice: seen; mine: success, exit code 0" in done.stdout.decode()


@within(60)
async def test_ctrl_c_clears_everything_up(place: Place, temporary: Path) -> None:
    demo = place.start(*SIGNALPOST, "demo", environment=_environment(place, temporary))
    await _read_until(demo, b"position 1")
    demo.send_signal(signal.SIGINT)
    out, err = await anyio.to_thread.run_sync(demo.communicate)
    assert demo.returncode == 130
    assert err == b"signalpost: stopping the demo, clearing up\n"
    assert b"AGENT" not in out


@within(60)
async def test_a_failed_build_is_told_and_cleared_up(place: Place, temporary: Path) -> None:
    programs = place.folder / "bin"
    programs.mkdir()
    for name, text in (("cc", _BROKEN_CC), ("make", "#!/bin/sh\nexec cc -c check.c\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o700)
    environment = _environment(place, temporary)
    environment["PATH"] = os.pathsep.join([str(programs), environment["PATH"]])
    done = await place.run(*SIGNALPOST, "demo", environment=environment)
    assert done.returncode == 1
    assert b"signalpost: the demo failed. " in done.stderr
    assert b": FAILED exit=4 " in done.stderr
    assert done.stderr.endswith(b"\nout of order\n")


@within(60)
async def test_a_reader_that_leaves_ends_it(place: Place, temporary: Path) -> None:
    demo = place.start(*SIGNALPOST, "demo", environment=_environment(place, temporary))
    await _read_until(demo, b"bridge is up")
    assert demo.stdout is not None
    demo.stdout.close()
    assert await anyio.to_thread.run_sync(demo.wait) == 141


async def _read_until(process: Process, words: bytes) -> None:
    assert process.stdout is not None
    while words not in (line := await anyio.to_thread.run_sync(process.stdout.readline)):
        assert line, "it ended before"


def _environment(place: Place, temporary: Path) -> dict[str, str]:
    return place.environment(TMPDIR=str(temporary))


def _seconds(cell: str) -> float:
    return float(cell.removesuffix("s"))
