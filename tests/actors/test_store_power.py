"""Case 2: what the store holds after a loss of power. Recorded with strace, cut at random."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

from signalpost.actors.store import SqliteStore
from tests.actors import traced_writer
from tests.actors.power_cut import Disk, record

LETTERS = 90


def why_not() -> str:
    """Return why nothing can be traced here; empty: it can."""
    try:
        done = subprocess.run(
            ["strace", "-o", "/dev/null", "true"], capture_output=True, check=False
        )
    except FileNotFoundError:
        return "strace is not installed"
    return done.stderr.decode().strip() if done.returncode else ""


WHY_NOT = why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f"nothing can be traced here: {WHY_NOT}")


class Left:
    """What a store holds that was opened after a loss of power."""

    def __init__(self) -> None:
        self.kept: set[int] = set()
        self.done: set[int] = set()
        self.tasks: dict[int, str] = {}

    @classmethod
    async def of(cls, path: Path) -> Left:
        """Open it as a broker does; a text that is not whole is a failure."""
        left = cls()
        async with SqliteStore.open(path) as store:
            check = await store._committer.ask(  # pyright: ignore[reportPrivateUsage]
                lambda c: c.execute("PRAGMA integrity_check").fetchone()[0]
            )
            assert check == "ok"
            for row in await store.mail.history(limit=10_000):
                assert row.content == traced_writer.text(row.seq)
                left.kept.add(row.seq)
                if row.state == "done":
                    left.done.add(row.seq)
            left.tasks = {row.id: row.state for row in await store.recent(10_000)}
        return left

    def lost(self, said: list[str]) -> int:
        """Return how much of what was confirmed is not there."""
        lost = 0
        for line in said:
            what, number = line.split()
            there: dict[str, set[int]] = {"kept": self.kept, "done": self.done}
            lost += int(number) not in there.get(what, self.tasks) and what != "closed"
        return lost

    def is_a_clean_prefix(self) -> bool:
        """Tell whether this is what the store held after one of its commits."""
        groups = len(self.tasks)
        letters = groups * traced_writer.GROUP
        ends = dict.fromkeys(range(1, groups), "success") | ({groups: "waiting"} if groups else {})
        return (
            self.kept == set(range(1, letters + 1))
            and self.done == set(range(1, max(0, letters - traced_writer.BEHIND) + 1))
            and self.tasks == ends
        )


@pytest.fixture
def memory() -> Generator[Path, None, None]:
    """Return a folder where syncing takes no time: what a sync means is in the trace."""
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


async def cut(folder: Path, durability: str, cuts: int, seed: int) -> Counter[str]:
    """Record one writer from the making of its store on, cut its power so often; count."""
    home = folder / "home"
    home.mkdir()
    before, disk = Disk(home), Disk(home)
    words = [sys.executable, traced_writer.__file__, str(home / "queue.db"), durability]
    calls = record([*words, str(LETTERS)], folder / "trace")
    changing = [number for number, call in enumerate(calls) if before.follow(call)]
    chance = random.Random(seed)
    places = Counter(chance.choices(changing, k=cuts))
    found: Counter[str] = Counter()
    for number, call in enumerate(calls):
        disk.follow(call)
        for _ in range(places[number]):
            disk.lose_power(chance, folder / "cut")
            left = await Left.of(folder / "cut" / "queue.db")
            lost = left.lost(disk.said)
            found.update(cuts=1, lost=lost, losing=bool(lost), torn=not left.is_a_clean_prefix())
            shutil.rmtree(folder / "cut")
    assert f"kept {LETTERS}" in disk.said
    found.update(syncs=disk.syncs, calls=len(changing))
    return found


async def test_with_durability_power_a_loss_of_power_takes_back_nothing_confirmed(
    memory: Path,
) -> None:
    found = await cut(memory, "power", 220, seed=1)
    assert found["lost"] == 0
    assert found["torn"] == 0
    assert found["syncs"] > LETTERS / traced_writer.GROUP


async def test_with_durability_process_a_loss_of_power_leaves_a_clean_prefix(
    memory: Path,
) -> None:
    found = await cut(memory, "process", 60, seed=2)
    assert found["torn"] == 0
    assert found["lost"] > 0, "the cuts are too kind: they would not show a loss"


@pytest.mark.soak
@pytest.mark.parametrize("durability", ["power", "process"])
async def test_thousands_of_losses_of_power_leave_what_was_promised(
    memory: Path, durability: str
) -> None:
    for seed in range(10, 15):
        folder = memory / str(seed)
        folder.mkdir()
        found = await cut(folder, durability, 400, seed)
        assert found["torn"] == 0
        assert found["lost"] == 0 or durability == "process"
