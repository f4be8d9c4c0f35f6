"""Starts those who write and read in processes of their own; see :mod:`post_script`."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from typing import Literal

import anyio
import anyio.to_thread
import msgspec

from tests.system.place import SECONDS, Place, Process

_SCRIPT = Path(__file__).with_name("post_script.py")


def scribe(
    place: Place,
    do: Literal["write", "read", "gather", "hold"],
    journal: Path,
    agent: str,
    *,
    name: str = "",
    to: Collection[str] = (),
    seed: str = "",
) -> Process:
    """Start one of them. Closing its standard input tells it to end.

    :param to: for a writer
    :param seed: for a reader
    """
    who = {"agent": agent, "data_dir": str(place.state), "options": place.options}
    identity = msgspec.json.encode(who).decode()
    words = (do, str(journal), name or agent, identity, *([seed] if seed else to))
    return place.start(sys.executable, str(_SCRIPT), *words)


async def end_in_order(processes: Collection[Process]) -> None:
    """Let them finish what is in hand, all at once."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    for process in processes:
        with anyio.fail_after(SECONDS):
            code = await anyio.to_thread.run_sync(process.wait, abandon_on_cancel=True)
        assert code == 0, process.stderr and process.stderr.read().decode()
