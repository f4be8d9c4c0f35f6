"""Mail and a task while a small disk is full. Run as a script, in a mount namespace of its own.

full_disk_script.py DISK MEBIBYTES     ->     one JSON object: what was seen
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import anyio
import msgspec

import signalpost
from signalpost.transport import endpoint
from signalpost.transport.client import Client
from signalpost.transport.letters import Delivery, Held

MESSAGES = 120
LONG = "x" * 20_000


class Scene:
    """One disk, its broker, and what was seen."""

    def __init__(self, disk: Path) -> None:
        self.disk = disk
        self.state = disk / "state"
        self.seen: dict[str, Any] = {}

    async def enter(self, stack: AsyncExitStack, agent: str) -> Client:
        return await stack.enter_async_context(signalpost.connect(agent, data_dir=self.state))

    def fill(self) -> None:
        """Take all room: first by the mebibyte, at last by the byte."""
        with closing(open(self.disk / "fill", "ab", buffering=0)) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while file.write(b"x" * size):
                        pass
                except OSError:
                    continue

    def empty(self) -> None:
        (self.disk / "fill").unlink()

    async def kill_the_broker(self) -> None:
        published = endpoint.read_published(self.state)
        assert published is not None
        handle = os.pidfd_open(published.pid)
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        await anyio.wait_readable(handle)
        os.close(handle)

    def ballast(self) -> int:
        path = self.state / "store.ballast"
        return path.stat().st_size if path.exists() else 0


async def code_of_send(client: Client, content: str = "one more") -> str:
    try:
        await client.send("bob", content)
    except signalpost.SignalpostError as error:
        return error.code
    return ""


async def full_disk(scene: Scene) -> None:
    """Fill the disk with mail in hand, acknowledge it one by one, and kill the broker."""
    async with AsyncExitStack() as stack:
        alice, bob = await scene.enter(stack, "alice"), await scene.enter(stack, "bob")
        for number in range(MESSAGES):
            await alice.send("bob", f"letter {number}")
        held: list[Delivery] = []
        while len(held) < MESSAGES:
            held += (await bob.take(max_messages=32)).messages
        await task_beyond(scene, alice, bob, held)
        await scene.kill_the_broker()


async def task_beyond(scene: Scene, alice: Client, bob: Client, held: list[Delivery]) -> None:
    """While a task runs the disk becomes full; it ends on a full disk."""
    gate = scene.disk / "gate"
    os.mkfifo(gate)

    async def run() -> None:
        report = await alice.run_task(f"echo on >{gate}; read _ <{gate}", "/")
        scene.seen["task"] = (report.task_id, report.state)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await anyio.to_thread.run_sync(gate.read_bytes)
        scene.seen["ballast before"] = scene.ballast()
        scene.fill()
        accepted = 0
        while not (code := await code_of_send(alice, LONG)):
            accepted += 1
            scene.fill()
        scene.seen["accepted"] = accepted
        scene.seen["send"] = code
        scene.seen["ballast given up"] = scene.ballast()
        answers = [await bob.settle([Held(one.id, one.lease)]) for one in held]
        scene.seen["acknowledged"] = Counter(one[0].code or "done" for one in answers)
        scene.seen["send again"] = await code_of_send(alice)
        await anyio.to_thread.run_sync(gate.write_bytes, b"on\n")


async def afterwards(scene: Scene) -> None:
    """There is room again, and another broker."""
    scene.empty()
    async with AsyncExitStack() as stack:
        alice, bob = await scene.enter(stack, "alice"), await scene.enter(stack, "bob")
        scene.seen["send afterwards"] = await code_of_send(alice)
        left = (await bob.take(max_messages=32)).messages
        scene.seen["left"] = len([one for one in left if one.content == LONG])
        scene.seen["others"] = [one.content for one in left if one.content != LONG]
        done = await bob.history(state="done", limit=1000)
        scene.seen["done"] = len([one for one in done if one.content.startswith("letter ")])
        states = {one.task_id: one.state for one in await alice.tasks()}
        scene.seen["task on disk"] = [scene.seen["task"][0], states[scene.seen["task"][0]]]
        scene.seen["ballast afterwards"] = scene.ballast()
        await alice.stop("force")


async def main(disk: Path) -> None:
    scene = Scene(disk)
    await full_disk(scene)
    await afterwards(scene)
    sys.stdout.buffer.write(msgspec.json.encode(scene.seen))


if __name__ == "__main__":
    size = f"size={sys.argv[2]}m,mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", sys.argv[1]], check=True)
    anyio.run(main, Path(sys.argv[1]))
