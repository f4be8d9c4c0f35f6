"""One task in the foreground: its output, its end, and what may cut it off.

run_task ── accepted ── report ──┐
shim ── output ── end of file ───┴──> done
first signal, lost reader ──> accepted, if not yet ──> cancel_task ──> report (everything is dead)
second signal ──> gone at once, with a code that does not say so
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, NoReturn

import anyio
import anyio.to_thread
from anyio.abc import TaskStatus

from . import exit_codes
from .mcp_bridge.progress_text import duration, progress_text
from .notice import say
from .output_stream import STDERR, STDOUT, OutputStream, write_all
from .status_line import StatusLine
from .transport.errors import SignalpostError

if TYPE_CHECKING:
    from .order import Order
    from .transport.client import Client
    from .transport.messages import TaskProgress, TaskReport

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_DESCRIPTORS = {STDOUT: 1, STDERR: 2}
_LAST_OUTPUT = 1.0
"""Seconds for a reader that does not read, once everything is dead."""


class Foreground:
    """Runs one order to its end. Use once."""

    def __init__(
        self, order: Order, client: Client, stream: OutputStream, status: StatusLine
    ) -> None:
        self._order = order
        self._client = client
        self._stream = stream
        self._status = status
        self._task_id = 0
        self._accepted = anyio.Event()
        self._outcomes: list[TaskReport | SignalpostError] = []
        self._cut_off = anyio.Event()
        self.cut_off_code: int | None = None
        """The exit code, once a signal or a lost reader has cut the task off."""

    async def run(self) -> TaskReport:
        """Return the report, complete output written; cut off or not, nothing of it lives then.

        :raises SignalpostError: it was refused, or the broker did not answer
        """
        async with anyio.create_task_group() as group:
            await group.start(self._watch_signals)
            group.start_soon(self._cancel_when_cut_off)
            async with anyio.create_task_group() as output:
                output.start_soon(self._copy_output)
                self._outcomes.append(await self._ask())
                self._stream.nobody_comes()
                if self.cut_off_code is not None:
                    output.cancel_scope.deadline = anyio.current_time() + _LAST_OUTPUT
            if output.cancel_scope.cancelled_caught:
                self._leave_at_once()  # its thread still hangs in a write
            group.cancel_scope.cancel()
        outcome = self._outcomes[0]
        if isinstance(outcome, SignalpostError):
            raise outcome
        return outcome

    async def _ask(self) -> TaskReport | SignalpostError:
        """As a value, for the task group would wrap an error on its way out."""
        order = self._order
        try:
            return await self._client.run_task(
                order.command,
                order.folder,
                order.queue_name,
                timeout_seconds=order.timeout_seconds,
                env_vars=order.env_vars,
                progress=self._on_progress,
                stream=self._stream.path,
            )
        except SignalpostError as error:
            return error

    def _on_progress(self, progress: TaskProgress) -> None:
        self._task_id = progress.report.task_id
        self._accepted.set()
        if progress.report.state == "waiting":
            waited = duration(progress.report.waited_seconds)
            self._status.show(f"signalpost: {progress_text(progress)}; waited {waited}")
        else:
            self._status.end()

    # ------------------------------------------------------------ output

    async def _copy_output(self) -> None:
        try:
            await anyio.to_thread.run_sync(self._copy, abandon_on_cancel=True)
        except BrokenPipeError:
            self._cut(exit_codes.BROKEN_PIPE)
        except OSError as error:
            self._cut(exit_codes.WRONG)
            say(f"cannot write the output: {error.strerror}. The task is cancelled.")

    def _copy(self) -> None:
        for tag, part in self._stream.frames():
            self._status.end()
            if tag in _DESCRIPTORS:
                write_all(_DESCRIPTORS[tag], part)

    # ------------------------------------------------------------ cutting off

    async def _watch_signals(self, *, task_status: TaskStatus[None]) -> None:
        with anyio.open_signal_receiver(*_SIGNALS) as signals:
            task_status.started()
            async for number in signals:
                if self.cut_off_code is not None:
                    self._leave_at_once()
                self._cut(exit_codes.of_signal(number))
                self._status.end()
                say("cancelling, until all its processes are dead; once more: leave at once")

    def _cut(self, code: int) -> None:
        if self.cut_off_code is None:
            self.cut_off_code = code
            self._cut_off.set()

    async def _cancel_when_cut_off(self) -> None:
        """Cancel the task by its number: who only gives the call up never hears of its end."""
        await self._cut_off.wait()
        await self._accepted.wait()
        try:
            await self._client.cancel_task(self._task_id)
        except SignalpostError as error:
            say(f"task {self._task_id} could not be cancelled: {error}")

    def _leave_at_once(self) -> NoReturn:
        """End this process now; a thread that hangs in a write would keep it."""
        with contextlib.suppress(OSError):
            self._stream.close()
        code = self.cut_off_code if self._outcomes else None
        os._exit(exit_codes.LOST if code is None else code)
