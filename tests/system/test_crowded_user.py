"""Case 39: no further process is to be had. Tasks are told, and all goes on when there is room."""

from __future__ import annotations

import resource

import pytest

from signalpost.transport.messages import TaskReport
from tests.system.crowded_user import BEFORE, limit, settle, why_not
from tests.system.place import Place, within
from tests.system.processes import Handles, descendants, lives
from tests.system.puppet import Puppet, puppet

WHY_NOT = why_not()
pytestmark = pytest.mark.skipif(
    bool(WHY_NOT), reason=f"processes cannot be limited here: {WHY_NOT}"
)
ROOM, _ = resource.getrlimit(resource.RLIMIT_NPROC)
MOST = "unlimited" if ROOM == resource.RLIM_INFINITY else ROOM
REMEDY = "Resource temporarily unavailable. This user has as many processes as are allowed: "


async def reports(alice: Puppet, *commands: str) -> list[TaskReport]:
    return [await alice.run_task(command).report() for command in commands]


def said(of: list[TaskReport]) -> list[tuple[str, str]]:
    return [(report.state, report.reason[: len(REMEDY)]) for report in of]


@within(60)
async def test_without_room_for_a_process_each_task_is_told_so_and_all_goes_on_when_there_is(
    place: Place,
) -> None:
    settle(place)
    broker = await place.serve("--grace", "0.5", before=BEFORE)
    async with puppet(place, "alice", before=BEFORE) as alice:
        assert (await reports(alice, "true"))[0].state == "success"
        family = [broker.pid, *descendants(broker.pid)]
        limit(family)
        waiting = [alice.run_task(f": {number}") for number in range(6)]
        told = [await ask.report() for ask in waiting]
        failed = told[1:]  # the first may have had the spare shim, which lives already
        assert said(failed) == [("failed", REMEDY)] * len(failed)
        assert (await alice.ask("send", to="alice", content="mail goes on").result())["sent"]
        limit([broker.pid, *descendants(broker.pid)], most=MOST)
        assert said(await reports(alice, *["true"] * 3)) == [("success", "")] * 3
    assert broker.poll() is None


@within(60)
async def test_a_zygote_that_dies_then_is_started_again_when_there_is_room(place: Place) -> None:
    settle(place)
    broker = await place.serve("--grace", "0.5", before=BEFORE)
    async with puppet(place, "alice", before=BEFORE) as alice:
        assert (await reports(alice, "true"))[0].state == "success"
        limit([broker.pid])
        # The spare may only just be coming.
        while family := [pid for pid in descendants(broker.pid) if lives(pid)]:
            shims = Handles()
            shims.record(family)
            shims.kill()
            await shims.all_dead(5)
            shims.close()
        assert said(await reports(alice, "true", "true")) == [("failed", REMEDY)] * 2
        limit([broker.pid], most=MOST)
        assert said(await reports(alice, "true", "true")) == [("success", "")] * 2
    assert broker.poll() is None
