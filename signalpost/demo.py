"""``signalpost demo``: three agents with real bridges take turns for builds and exchange mail.

    new folder ──> three bridges ──> they ask at the same time ──> messages ──> tables
                                                                                  │
    folder gone <── broker stopped <── bridges ended <────────────────────────────┘

The way back is taken after a failure and after a signal, too.
"""

from __future__ import annotations

import fcntl
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import cast

import anyio
import anyio.to_thread
from anyio.abc import TaskStatus
from mcp.shared.exceptions import MCPError

from . import demo_project, exit_codes
from .demo_agent import Agent, Unexpected
from .demo_post import Correspondent
from .demo_timeline import Note, Row, Timeline
from .notice import say
from .transport import endpoint

QUEUES = {"alice": "builds", "bob": "builds", "carol": "tests"}
ASKS, ANSWERS = "bob", "alice"
"""Who sends a message when its build has run, and who replies to it."""

_SECONDS = 120.0
_STOP_SECONDS = 30.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_GO_ON = "Go on: signalpost setup (your agents' clients), or: signalpost run make"


def main() -> int:
    """Show it and return the exit code: 0, 1 when something failed, 128+N after signal N.

    :raises BrokenPipeError: nobody reads the output any more
    """
    try:
        return anyio.run(_show)
    except ExceptionGroup as group:
        cause = _first_of(group)
        if isinstance(cause, BrokenPipeError) or not isinstance(
            cause, (Unexpected, MCPError, OSError)
        ):
            raise cause from group
        say(f"the demo failed. {_described(cause)}")
        return exit_codes.WRONG


async def _show() -> int:
    return await Demo(Timeline(time.monotonic, tuple(QUEUES))).run()


class Demo:
    """One showing."""

    def __init__(self, timeline: Timeline) -> None:
        self._code: int = exit_codes.OK
        self._timeline = timeline
        self._show = anyio.CancelScope()
        self._ready: set[str] = set()
        self._all_ready = anyio.Event()

    async def run(self) -> int:
        """Show it in a folder of its own, leave nothing behind, and return the exit code.

        :raises ExceptionGroup: something failed
        """
        async with anyio.create_task_group() as group:
            await group.start(self._watch_signals)
            with self._show, anyio.fail_after(_SECONDS), _new_folder() as folder:
                async with _broker_stopped_after(folder / "state"):
                    await self._perform(folder)
            group.cancel_scope.cancel()
        return self._code

    async def _watch_signals(self, *, task_status: TaskStatus[None]) -> None:
        with anyio.open_signal_receiver(*_SIGNALS) as signals:
            task_status.started()
            async for number in signals:
                if self._code == exit_codes.OK:
                    self._code = exit_codes.of_signal(number)
                    say("stopping the demo, clearing up")
                    self._show.cancel()

    async def _perform(self, folder: Path) -> None:
        project = demo_project.choose(shutil.which, lambda: demo_project.compiler_works(folder))
        agents = [
            Agent(name, queue, folder / name, project.command) for name, queue in QUEUES.items()
        ]
        self._timeline.say(_opening(project, folder))
        for agent in agents:
            project.write(agent.folder)
        rows: dict[str, Row] = {}
        notes: dict[str, Note] = {}
        async with anyio.create_task_group() as group:
            for agent in agents:
                group.start_soon(self._play, agent, folder / "state", rows, notes)
        self._timeline.table([rows[name] for name in QUEUES])
        self._timeline.messages([notes[name] for name in (ASKS, ANSWERS)])
        self._timeline.say("")
        self._timeline.say(_GO_ON)

    async def _play(
        self, agent: Agent, state: Path, rows: dict[str, Row], notes: dict[str, Note]
    ) -> None:
        tell = self._timeline.tell
        async with agent.connected(state) as client:
            await agent.call(client, "list_agents", {})  # from now on the others can reach it
            tell(agent.name, "its bridge is up")
            await self._everybody(agent.name)
            row = rows[agent.name] = await agent.take_turn(client, tell)
            correspondent = Correspondent(agent, client, tell)
            if agent.name == ASKS:
                notes[agent.name] = await correspondent.send_result(ANSWERS, row)
            elif agent.name == ANSWERS:
                notes[agent.name] = await correspondent.answer_result(ASKS, row)

    async def _everybody(self, name: str) -> None:
        """Return when all agents are ready, so that they ask at the same time."""
        self._ready.add(name)
        if len(self._ready) == len(QUEUES):
            self._all_ready.set()
        await self._all_ready.wait()


def _opening(project: demo_project.Project, folder: Path) -> str:
    return (
        f"Three agents, each with a bridge of its own (signalpost mcp NAME), build a small"
        f" {project.language} project with `{project.command}`: alice and bob in the queue"
        f" builds, one at a time, and carol in the queue tests beside them. When its build has"
        f" run, {ASKS} sends {ANSWERS} a message and waits for the reply. Everything is in"
        f" {folder} and gone at the end."
    )


@contextmanager
def _new_folder() -> Generator[Path, None, None]:
    folder = Path(tempfile.mkdtemp(prefix="signalpost-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@asynccontextmanager
async def _broker_stopped_after(state: Path) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True), anyio.fail_after(_STOP_SECONDS):
            await _stop_broker(state)


async def _stop_broker(state: Path) -> None:
    """Stop the broker of ``state``, if there is one, and return when it is gone.

    :raises Unexpected: it did not stop
    """
    # Whoever starts a broker holds this lock until it serves: none can come after we looked.
    with endpoint.start_lock_path(state).open("ab") as lock:
        await anyio.to_thread.run_sync(fcntl.flock, lock, fcntl.LOCK_EX, abandon_on_cancel=True)
        if endpoint.find(state) is None:
            return
        words = [sys.executable, "-P", "-m", "signalpost", "stop", "--force"]
        # In a session of its own: Ctrl-C goes to all of ours.
        done = await anyio.run_process(
            [*words, "--data-dir", str(state)], check=False, start_new_session=True
        )
    if done.returncode != exit_codes.OK:
        raise Unexpected(f"the broker did not stop: {done.stderr.decode(errors='replace')}")


def _first_of(error: Exception) -> Exception:
    """Return what a task group has wrapped, the first one where they are many."""
    while isinstance(error, ExceptionGroup):
        error = cast("ExceptionGroup[Exception]", error).exceptions[0]
    return error


def _described(cause: Exception) -> str:
    if isinstance(cause, TimeoutError):
        return f"It took longer than {_SECONDS:.0f} s."
    return str(cause)
