"""Progress is told while a call is open: at once, in order, and never after its end."""

from __future__ import annotations

import pytest

from signalpost.mcp_bridge.broker_port import Progress
from signalpost.mcp_bridge.progress import told
from signalpost.transport.errors import QueueFull
from signalpost.transport.messages import TaskProgress, TaskReport


def _push(position: int) -> TaskProgress:
    report = TaskReport(
        task_id=8,
        state="waiting",
        queue_name="q",
        command="make",
        working_directory="/",
        owner="a",
        output="/o",
        created_at=0.0,
        position=position,
    )
    return TaskProgress(report=report)


class Listener:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, str]] = []

    def tell(self, step: int, message: str) -> None:
        self.heard.append((step, message))


async def test_the_opening_is_told_before_the_call_is_made() -> None:
    listener = Listener()

    async def call(progress: Progress) -> str:
        assert listener.heard == [(1, "asking")]
        return "done"

    assert await told(call, listener.tell, "asking") == "done"


async def test_pushes_are_told_at_once_and_in_order_with_growing_numbers() -> None:
    listener = Listener()

    async def call(progress: Progress) -> str:
        for position in (3, 2, 1):
            progress(_push(position))
        return "done"

    await told(call, listener.tell, "asking")
    assert listener.heard == [
        (1, "asking"),
        (2, "position 3 in queue q"),
        (3, "position 2 in queue q"),
        (4, "position 1 in queue q"),
    ]


async def test_nothing_is_told_after_the_end() -> None:
    listener = Listener()
    kept: list[Progress] = []

    async def call(progress: Progress) -> str:
        kept.append(progress)
        return "done"

    await told(call, listener.tell, "asking")
    kept[0](_push(1))
    assert listener.heard == [(1, "asking")]


async def test_nothing_is_told_after_a_refusal_which_comes_out_bare() -> None:
    listener = Listener()
    kept: list[Progress] = []

    async def call(progress: Progress) -> str:
        kept.append(progress)
        raise QueueFull("full. Wait.")

    with pytest.raises(QueueFull):
        await told(call, listener.tell, "asking")
    kept[0](_push(1))
    assert listener.heard == [(1, "asking")]
