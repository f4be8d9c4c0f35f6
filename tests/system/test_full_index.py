"""Case 8: the log's index finds no room. The log holds a commit whole before its index grows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.system.place import Place, within
from tests.system.test_full_disk import UNSHARE, WHY_NOT

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f"no disk can be mounted here: {WHY_NOT}")
ROOT = Path(__file__).parents[2]


async def seen(place: Place, ballast: int) -> dict[str, Any]:
    disk = place.folder / "disk"
    disk.mkdir()
    words = (sys.executable, "-m", "tests.system.full_index_script", str(disk), str(ballast))
    environment = place.environment(PYTHONPATH=str(ROOT))
    done = await place.run(*UNSHARE, *words, environment=environment)
    assert done.returncode == 0, done.stderr.decode()
    told: dict[str, Any] = msgspec.json.decode(done.stdout)
    return told


@within(40)
async def test_a_task_that_the_log_holds_already_is_overwritten_before_it_is_refused(
    place: Place,
) -> None:
    told = await seen(place, 1 << 20)
    assert (told["error"], told["cause"]) == ("StoreFull", "SQLITE_IOERR_SHMSIZE")
    assert (told["refused"], told["others"], told["failed"]) == (False, True, False)


@within(40)
async def test_where_it_cannot_be_overwritten_the_store_has_failed_and_nobody_is_refused(
    place: Place,
) -> None:
    told = await seen(place, 0)
    assert (told["error"], told["others"], told["failed"]) == ("OSError", True, True)
