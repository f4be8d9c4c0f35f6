"""The strings of a client in a process of its own, which can be killed and stopped."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import msgspec

from signalpost.transport.errors import from_code
from signalpost.transport.messages import TaskProgress, TaskReport
from tests.system.place import SECONDS, Heard, Place

SCRIPT = Path(__file__).with_name("puppet_script.py")


class Gone(Exception):
    """The process ended without an answer."""


class Ask:
    """One order. ``heard`` takes its progress."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.heard = Heard()
        self.done = anyio.Event()
        self.answer: Any = None
        self.refused: Exception | None = None

    def hear(self, said: dict[str, Any]) -> None:
        if "progress" in said:
            self.heard(msgspec.convert(said["progress"], TaskProgress))
            return
        if "refused" in said:
            self.refused = _refusal(**said["refused"])
        else:
            self.answer = said["answer"]
        self.done.set()

    async def result(self) -> Any:  # noqa: ANN401 - whatever the client returns
        with anyio.fail_after(SECONDS):
            await self.done.wait()
        if self.refused is not None:
            raise self.refused
        return self.answer

    async def report(self) -> TaskReport:
        return msgspec.convert(await self.result(), TaskReport)


def _refusal(code: str, detail: str) -> Exception:
    return TimeoutError("given up") if code == "GIVEN_UP" else from_code(code, detail)


class Puppet:
    """One process. Use :func:`puppet`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.pid = process.pid
        self._asks: dict[int, Ask] = {0: Ask(0)}

    def ask(self, do: str, **words: object) -> Ask:
        """Order a call of the client and return its handle at once."""
        ask = self._asks[len(self._asks)] = Ask(len(self._asks))
        self._write({"id": ask.number, "do": do, "with": words, "progress": do == "run_task"})
        return ask

    def run_task(self, command: str, folder: Path | str = "/tmp", **words: object) -> Ask:
        return self.ask("run_task", command=command, working_directory=str(folder), **words)

    def give_up(self, ask: Ask) -> None:
        """Cancel an open call, as a client that loses patience does."""
        self._write({"do": "give_up", "with": {"id": ask.number}})

    async def connected(self) -> None:
        await self._asks[0].result()

    def leave(self) -> None:
        """Let it end in order: it says bye."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def kill(self) -> None:
        self.process.kill()

    def _write(self, order: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(msgspec.json.encode(order) + b"\n")
        self.process.stdin.flush()

    async def listen(self) -> None:
        assert self.process.stdout is not None
        while line := await anyio.to_thread.run_sync(
            self.process.stdout.readline, abandon_on_cancel=True
        ):
            said = msgspec.json.decode(line)
            self._asks[said["id"]].hear(said)
        for ask in self._asks.values():
            if not ask.done.is_set():
                ask.refused = Gone()
                ask.done.set()


@asynccontextmanager
async def puppet(
    place: Place, agent: str = "", *, before: Sequence[str] = (), **identity: object
) -> AsyncGenerator[Puppet, None]:
    """Start a client in a process of its own, and kill it at the end of the block.

    ``before`` is a command that starts it.
    """
    who = {"agent": agent, "data_dir": str(place.state), "options": place.options, **identity}
    process = place.start(*before, sys.executable, str(SCRIPT), msgspec.json.encode(who).decode())
    it = Puppet(process)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(it.listen)
        await it.connected()
        try:
            yield it
        finally:
            it.kill()
            tasks.cancel_scope.cancel()
