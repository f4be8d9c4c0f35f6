"""What a turn that passes from shim to shim is promised, with real shims."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import anyio

from signalpost.actors.launcher import Launcher
from tests.actors.beat import Beat
from tests.actors.processes import alive
from tests.actors.relay import relay
from tests.actors.test_spares import gone


async def test_the_next_task_begins_with_the_death_and_its_broker_hears_of_it(
    launcher: Launcher, tmp_path: Path
) -> None:
    async with relay(launcher, tmp_path, "true", log_header="at its turn\n") as pair:
        pair.go()
        await pair.begun.wait()
        assert not pair.handover.withdraw()
        assert pair.hasten()
        outcome = await pair.second()
        assert (outcome.exit_code, int(outcome.tail), pair.times()) == (0, pair.shim, 1)
        assert (tmp_path / "task_2.log").read_bytes().startswith(b"at its turn\n")


async def test_one_that_was_not_offered_the_right_waits_for_the_word(
    launcher: Launcher, tmp_path: Path
) -> None:
    async with relay(launcher, tmp_path, "true") as pair:
        assert pair.handover.withdraw()
        pair.go()
        await pair.over.wait()
        await launcher.warm()
        assert (pair.files(), pair.times()) == (set(), 0)
        assert alive(pair.shim)
        assert int((await pair.second()).tail) == pair.shim


async def test_the_right_can_be_offered_again(launcher: Launcher, tmp_path: Path) -> None:
    async with relay(launcher, tmp_path, "true") as pair:
        for _ in range(3):
            assert pair.handover.withdraw()
            pair.handover.offer()
        pair.go()
        await pair.begun.wait()
        await pair.second()
        assert pair.times() == 1


async def test_one_that_is_dismissed_never_begins(launcher: Launcher, tmp_path: Path) -> None:
    async with relay(launcher, tmp_path, "true") as pair:
        assert pair.handover.withdraw()
        launcher.dismiss(2)
        pair.go()
        await pair.over.wait()
        await gone(pair.shim)
        assert (pair.files(), pair.times()) == (set(), 0)


async def test_one_that_has_begun_and_whose_shim_was_killed_is_not_run_again(
    launcher: Launcher, tmp_path: Path, beat: Beat
) -> None:
    command = "echo on > beat; sleep 77"  # and there is no record to keep another from it
    async with relay(launcher, tmp_path, command, running_record="/no/such/record") as pair:
        pair.go()
        await beat.line()
        os.kill(pair.shim, signal.SIGKILL)
        await pair.unknown()
        assert (await pair.second()).reason == "shim_lost"
        assert pair.times() == 1


async def test_one_that_has_begun_is_killed_as_any_other(
    launcher: Launcher, tmp_path: Path
) -> None:
    async with relay(launcher, tmp_path, "sleep 77") as pair:
        pair.go()
        await pair.begun.wait()
        assert pair.hasten()
        launcher.kill(2)
        assert (await pair.second()).reason == "killed"
        assert pair.times() <= 1


async def test_one_that_has_begun_does_not_outlive_its_broker(
    launcher: Launcher, tmp_path: Path, beat: Beat
) -> None:
    async with relay(launcher, tmp_path, "echo on > beat; sleep 77") as pair:
        pair.go()
        await beat.line()
        launcher.dismiss(2)  # cuts the lifeline, as the death of the broker does
        await gone(pair.shim)
        assert b'"broker_lost"' in (tmp_path / "task_2.exit").read_bytes()


async def test_one_that_outlives_its_broker_does_so_though_that_has_not_heard_of_it(
    launcher: Launcher, tmp_path: Path, beat: Beat
) -> None:
    command, header = "echo on > beat; sleep 0.1; echo end", "as briefed\n"
    async with relay(launcher, tmp_path, command, outlives=True, log_header=header) as pair:
        pair.go()
        await beat.line()
        launcher.dismiss(2)
        await gone(pair.shim)
        assert b'"exit"' in (tmp_path / "task_2.exit").read_bytes()
        assert (tmp_path / "task_2.log").read_bytes().startswith(b"as briefed\n")
        assert b"\nend\n" in (tmp_path / "task_2.log").read_bytes()


async def test_nobody_begins_when_the_shim_before_was_killed(
    launcher: Launcher, tmp_path: Path
) -> None:
    async with relay(launcher, tmp_path, "true") as pair:
        os.kill(
            pair.first_shim, signal.SIGKILL
        )  # its tree lives on: nobody can know when it is dead
        await pair.over.wait()
        assert pair.first is not None
        assert (pair.first.reason, pair.files()) == ("shim_lost", set())
        assert pair.handover.withdraw()


async def test_nobody_begins_with_a_death_that_comes_of_the_broker_s_own(
    launcher: Launcher, tmp_path: Path
) -> None:
    async with relay(launcher, tmp_path, "true") as pair:
        pair.cut_first()
        await gone(pair.first_shim)
        assert not pair.announced()
        assert pair.handover.withdraw()


async def test_nobody_begins_with_a_death_that_was_ordered_unless_the_broker_says_so(
    launcher: Launcher, tmp_path: Path
) -> None:
    async with relay(launcher, tmp_path, "true") as pair:
        launcher.kill(1)
        await pair.over.wait()
        assert not pair.announced()
        assert pair.handover.withdraw()
        assert (await pair.second()).exit_code == 0


async def test_nobody_begins_while_anything_of_the_task_before_lives(
    launcher: Launcher, tmp_path: Path
) -> None:
    left = "(trap '' TERM; sleep 0.2; sleep 0.1) & "
    async with relay(launcher, tmp_path, "true", before=left) as pair:
        pair.go()
        await pair.begun.wait()
        assert not [
            pid for pid in os.listdir("/proc") if pid.isdigit() and _is_first(pid, tmp_path)
        ]


async def test_a_shim_that_died_with_the_right_is_replaced(
    launcher: Launcher, tmp_path: Path
) -> None:
    async with relay(launcher, tmp_path, "true") as pair:
        os.kill(pair.shim, signal.SIGKILL)
        await gone(pair.shim)
        right = pair.handover._right  # pyright: ignore[reportPrivateUsage]
        os.eventfd_read(right)  # as it has done
        assert not pair.handover.withdraw()
        pair.go()
        await pair.over.wait()
        assert (await pair.second()).exit_code == 0
        assert pair.times() == 1


async def test_many_turns_pass_and_none_is_lost_or_doubled(
    launcher: Launcher, tmp_path: Path
) -> None:
    for number in range(10):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with relay(launcher, folder, "true") as pair:
            pair.go()
            with anyio.move_on_after(0):
                await pair.begun.wait()
            pair.handover.withdraw()  # at any moment; who has it then has it
            await pair.over.wait()
            assert (await pair.second()).exit_code == 0
            assert pair.times() == 1


def _is_first(pid: str, folder: Path) -> bool:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return f"SIGNALPOST_TASK={folder}:1\0".encode() in environment
