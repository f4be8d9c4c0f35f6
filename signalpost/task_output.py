"""``signalpost output``: what a task has printed, and what it prints from now on."""

from __future__ import annotations

import contextlib
from pathlib import Path

import anyio
import anyio.to_thread

from . import exit_codes
from .actors.output import Output
from .notice import say
from .output_stream import LOG_SIZE, OutputStream, broker_folder, write_all
from .person import act
from .transport import endpoint
from .transport.client import Client
from .transport.errors import BadRequest
from .transport.messages import OPEN_STATES, TaskProgress
from .transport.regular_file import open_regular

_STDOUT = 1
_HEADER_END = b"\n--- OUTPUT ---\n"
_EVERYTHING = 1 << 40
_LAST_SECONDS = 2.0
"""From the end of its output to the end of a task: the broker hears of the latter a moment later."""


def show_output(data_dir: Path, task_id: int, *, follow: bool) -> int:
    """Copy a task's output to standard output and return the exit code.

    Both streams of the command come in the order of their arrival, byte by
    byte. Only the log is read, unless an open task is followed to its end.

    :raises BadRequest: asked to follow a task that the broker does not know
    """
    if follow and endpoint.find(data_dir) is not None:
        return act(data_dir, lambda client: _follow(client, task_id))
    return _show_log(data_dir, task_id)


async def _follow(client: Client, task_id: int) -> int:
    await _until_started(client, task_id)
    with contextlib.closing(OutputStream(await broker_folder(client))) as stream:
        async with anyio.create_task_group() as group:
            group.start_soon(_ask_for_output, client, task_id, stream)
            await anyio.to_thread.run_sync(
                _copy, client.data_dir, task_id, stream, abandon_on_cancel=True
            )
            group.cancel_scope.cancel()
        if not stream.connected:
            return _show_log(client.data_dir, task_id)
    return await _ended(client, task_id)


async def _ask_for_output(client: Client, task_id: int, stream: OutputStream) -> None:
    try:
        await client.follow_output(task_id, stream.path)
        await client.task_status(task_id, wait_seconds=None)
    except BadRequest:
        return  # it has ended meanwhile: the log has everything
    finally:
        stream.nobody_comes()


async def _until_started(client: Client, task_id: int) -> None:
    """Return when the task no longer waits."""
    if (await client.task_status(task_id)).state != "waiting":
        return
    with anyio.CancelScope() as scope:

        def on_progress(progress: TaskProgress) -> None:
            if progress.report.state != "waiting":
                scope.cancel()

        await client.task_status(task_id, wait_seconds=None, progress=on_progress)


async def _ended(client: Client, task_id: int) -> int:
    report = await client.task_status(task_id, wait_seconds=_LAST_SECONDS)
    if report.state not in OPEN_STATES:
        return exit_codes.OK
    say(f"this reader was too slow and was cut off. The output is in {report.output}")
    return exit_codes.WRONG


def _copy(data_dir: Path, task_id: int, stream: OutputStream) -> None:
    """Copy the log as far as it is, then what comes."""
    for tag, part in stream.frames():
        if tag == LOG_SIZE:
            log = _beginning(_log(data_dir, task_id), int.from_bytes(part, "big"))
            write_all(_STDOUT, log.partition(_HEADER_END)[2])
        else:
            write_all(_STDOUT, part)


def _beginning(log: Path, size: int) -> bytes:
    try:
        with open(open_regular(log), "rb") as file:
            return file.read(size)
    except OSError as error:
        raise BadRequest(f"{log} cannot be read: {error.strerror}. Move it away.") from error


def _show_log(data_dir: Path, task_id: int) -> int:
    log = _log(data_dir, task_id)
    if not log.exists():
        say(f"no output of task {task_id} is kept: {log} does not exist")
        return exit_codes.WRONG
    write_all(_STDOUT, Output(log.parent).tail(task_id, _EVERYTHING))
    return exit_codes.OK


def _log(data_dir: Path, task_id: int) -> Path:
    return endpoint.output_dir(data_dir) / f"task_{task_id}.log"
