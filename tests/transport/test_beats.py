"""Beats on made-up time."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import anyio

from signalpost.transport import messages
from signalpost.transport.beats import Beats
from tests.simulation.loop import simulate

Beat = tuple[float, bool]
"""When, and whether it wanted no answer."""


def beats_while(life: Callable[[Beats], Awaitable[None]]) -> tuple[list[Beat], float]:
    """Return the beats while a broker lives so, and when they ended."""

    async def main() -> None:
        def send(heartbeat: messages.Heartbeat) -> None:
            sent.append((anyio.current_time(), heartbeat.quiet))
            if not heartbeat.quiet and answers:
                beats.heard()

        async def live() -> None:
            await life(beats)
            answers.clear()

        beats = Beats(send, lambda: 16.0, 30.0)
        answers = [True]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(live)
            await beats.run()
            ended.append(anyio.current_time())
            tasks.cancel_scope.cancel()

    sent: list[Beat] = []
    ended: list[float] = []
    simulate(random.Random(1), main)
    return sent, ended[0]


def test_beats_come_at_the_interval_until_the_broker_was_silent_for_too_long() -> None:
    async def life(_: Beats) -> None:
        await anyio.sleep(40)

    sent, ended = beats_while(life)
    assert sent == [(16, False), (32, False), (48, False)]
    assert ended == 32 + 30


def test_beats_ride_on_pushes_and_then_nothing_else_is_sent() -> None:
    async def life(beats: Beats) -> None:
        for _ in range(4):
            await anyio.sleep(15)
            beats.heard()
            beats.ride()

    sent, ended = beats_while(life)
    assert sent == [(15, True), (30, True), (45, True), (60, True), (76, False)]
    assert ended == 60 + 30


def test_a_push_right_after_a_beat_takes_none_along() -> None:
    async def life(beats: Beats) -> None:
        await anyio.sleep(16.9)
        beats.heard()
        beats.ride()
        await anyio.sleep(20)

    assert beats_while(life)[0][:2] == [(16, False), (32, False)]
