"""A disk without room under the state folder: what is refused, what still works, what is said.

Cases 8 and 38.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.system.place import SIGNALPOST, Place, within

UNSHARE = ("unshare", "--mount")

# A small disk of its own; fill takes all of it, step tells exit code and both outputs in one line.
_SCRIPT = """
mount -t tmpfs -o size=2m,mode=700 tmpfs "$DISK" || exit 99
fill() {{ cat /dev/zero >"$DISK/fill" 2>/dev/null; }}
empty() {{ rm "$DISK/fill"; }}
sp() {{ {program} "$@"; }}
step() {{ said=$(sp "$@" 2>&1); echo "$?" $said; }}
{steps}
sp stop --force >/dev/null
"""


def why_not() -> str:
    """Return why no disk can be mounted here; empty: one can."""
    words = (*UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/mnt")
    try:
        done = subprocess.run(words, capture_output=True, timeout=10, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.decode().strip()


WHY_NOT = why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f"no disk can be mounted here: {WHY_NOT}")


async def on_a_small_disk(place: Place, *steps: str, of: str = "disk") -> list[str]:
    """Do the steps on a disk of their own, or that of one folder, and return what each has said."""
    disk = place.folder / of
    disk.mkdir(parents=True, mode=0o700)
    place.state = place.folder / "disk" / "state"
    script = _SCRIPT.format(program=shlex.join(SIGNALPOST), steps="\n".join(steps))
    environment = place.environment(DISK=str(disk))
    done = await place.run(*UNSHARE, "sh", "-c", script, environment=environment)
    assert done.returncode == 0, done
    return done.stdout.decode().splitlines()


@within(40)
async def test_looking_and_clearing_work_while_the_disk_is_full(place: Place) -> None:
    asks = ("run true", "status 1", "list", "output 1", "clear --logs")
    said = await on_a_small_disk(
        place,
        'mkfifo "$DISK/up" "$DISK/gate"',
        "sp run 'echo on >$DISK/up; read _ <$DISK/gate' & runner=$!",
        'read _ <"$DISK/up"; fill; echo >"$DISK/gate"; wait $runner; echo $?',
        *(f"step {ask}" for ask in asks),
        "empty; step run 'echo on'",
    )
    ended, refused, status, listed, output, cleared, again = said
    assert ended == "0"
    assert refused.startswith("2 signalpost: STORE_FULL: ")
    assert "Free disk space" in refused
    assert status.startswith("0 SUCCESS exit=0")
    assert listed.startswith("0 ID STATE")
    assert "1 success global" in listed
    assert output == "0"
    assert cleared == "0 deleted 1 logs of finished tasks"
    assert again == "0 on"


@within(40)
async def test_a_broker_that_cannot_start_on_a_full_disk_says_so_with_the_remedy(
    place: Place,
) -> None:
    asks = ("run true", "list", "broker")
    said = await on_a_small_disk(
        place,
        "step run true; step stop; fill",
        *(f"step {ask}" for ask in asks),
        "empty; step run 'echo on'",
    )
    assert said[-1] == "0 on"
    for text in said[2:5]:
        assert text.startswith("69 signalpost")
        assert f"the disk of {place.state} is full" in text
        assert "Free space there, then try again." in text


@within(40)
async def test_the_very_first_start_on_a_full_disk_says_so_too(place: Place) -> None:
    said = await on_a_small_disk(place, "fill; step run true; empty; step run 'echo on'")
    assert said[0].startswith(("69 signalpost: ", "2 signalpost: "))
    assert "No space left on device" in said[0]
    assert said[1] == "0 on"


@within(40)
async def test_without_room_for_logs_tasks_run_and_end_as_ever_and_it_is_said(place: Place) -> None:
    (place.folder / "disk" / "state").mkdir(parents=True, mode=0o700)
    said = await on_a_small_disk(
        place,
        "sp run 'seq 400000; exit 3' | tail -n 1",
        "step status 1",
        "fill; step run 'echo on'",
        "step send person 'there is room for mail'",
        'empty; rm "$DISK/task_1.log"; step run "echo again"; grep -cx again "$DISK/task_3.log"',
        of="disk/state/output",
    )
    assert said[0] == "400000"
    assert said[1].startswith("0 FAILED exit=3")
    assert said[2] == "0 on"
    assert said[3].startswith("0 sent ")
    assert said[4:] == ["0 again", "1"]
    log = place.broker_log()
    assert "task 1: log cut short: No space left on device" in log
    assert "task 2: " in log


MAIL = Path(__file__).with_name("full_disk_script.py")


@within(60)
async def test_acknowledgements_and_ends_of_tasks_on_a_full_disk_survive_the_broker(
    place: Place,
) -> None:
    done = await place.run(*UNSHARE, sys.executable, str(MAIL), str(place.folder), "12")
    assert done.returncode == 0, done.stderr.decode()
    seen: dict[str, Any] = msgspec.json.decode(done.stdout)
    assert seen["ballast before"] > 4 << 20
    assert (seen["send"], seen["send again"]) == ("STORE_FULL", "STORE_FULL")
    assert seen["ballast given up"] == 0
    assert seen["acknowledged"] == {"done": 120}
    assert (seen["done"], seen["task on disk"]) == (120, [1, "success"])
    assert seen["left"] == seen["accepted"]
    assert (seen["send afterwards"], seen["others"]) == ("", ["one more"])
    assert seen["ballast afterwards"] > 1 << 20
