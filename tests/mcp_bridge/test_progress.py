"""Progress is told while a call is open: at once, in order, and never after its end."""

from __future__ import annotations

import anyio
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
    """Takes notifications, one at a time, as slowly as the test wants."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, str]] = []
        self.pace = anyio.Event()
        self.pace.set()
        self.came = anyio.Event()

    async def tell(self, step: float, message: str) -> None:
        self.heard.append((step, message))
        self.came.set()
        await self.pace.wait()

    async def next(self) -> None:
        await self.came.wait()
        self.came = anyio.Event()


async def test_the_opening_is_told_before_any_push() -> None:
    listener = Listener()

    async def call(progress: Progress) -> str:
        await listener.next()
        return "done"

    with anyio.fail_after(5):
        assert await told(call, listener.tell, "asking") == "done"
    assert listener.heard == [(1, "asking")]


async def test_pushes_are_told_in_order_with_growing_numbers() -> None:
    listener = Listener()

    async def call(progress: Progress) -> str:
        await listener.next()
        for position in (3, 2, 1):
            progress(_push(position))
            await listener.next()
        return "done"

    with anyio.fail_after(5):
        await told(call, listener.tell, "asking")
    assert listener.heard == [
        (1, "asking"),
        (2, "position 3 in queue q"),
        (3, "position 2 in queue q"),
        (4, "position 1 in queue q"),
    ]


async def test_a_slow_listener_hears_the_latest_news_only() -> None:
    listener = Listener()
    listener.pace = anyio.Event()

    async def call(progress: Progress) -> str:
        await listener.next()
        for position in (9, 8, 7):
            progress(_push(position))
        listener.pace.set()
        await listener.next()
        return "done"

    with anyio.fail_after(5):
        await told(call, listener.tell, "asking")
    assert listener.heard == [(1, "asking"), (2, "position 7 in queue q")]


async def test_nothing_is_told_after_the_end() -> None:
    listener = Listener()
    kept: list[Progress] = []

    async def call(progress: Progress) -> str:
        kept.append(progress)
        await listener.next()
        progress(_push(1))
        return "done"

    with anyio.fail_after(5):
        await told(call, listener.tell, "asking")
        before = list(listener.heard)
        kept[0](_push(1))
        await anyio.wait_all_tasks_blocked()
    assert listener.heard == before


async def test_a_listener_that_is_stuck_does_not_hold_the_result_up() -> None:
    listener = Listener()
    listener.pace = anyio.Event()

    async def call(progress: Progress) -> str:
        await listener.next()
        return "done"

    with anyio.fail_after(5):
        assert await told(call, listener.tell, "asking") == "done"


async def test_a_refusal_comes_out_bare() -> None:
    async def call(progress: Progress) -> str:
        raise QueueFull("full. Wait.")

    with pytest.raises(QueueFull):
        await told(call, Listener().tell, "asking")


async def test_a_cancelled_call_is_cancelled() -> None:
    listener = Listener()
    cancelled = anyio.Event()

    async def call(progress: Progress) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(told, call, listener.tell, "asking")
            await listener.next()
            tasks.cancel_scope.cancel()
    assert cancelled.is_set()
