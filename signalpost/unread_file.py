"""``unread.json``: what waited for whom when the broker last wrote it, for when none runs."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from .transport import endpoint
from .transport.bell import Doorstep
from .transport.errors import BadRequest
from .transport.regular_file import MIB, read_regular

MAX_FILE = 4 * MIB


class Unread(msgspec.Struct, frozen=True):
    """One agent with unread mail."""

    unread: int
    tasks: int = 0
    cursor: int = 0
    noticed: int = 0
    on: bool = True
    senders: dict[str, int] = {}
    threads: list[str] = []
    working_directory: str = ""


class UnreadFile(msgspec.Struct, frozen=True):
    """The whole file."""

    agents: dict[str, Unread] = {}


def unread_path(folder: Path) -> Path:
    """Return where the broker of a data dir keeps it."""
    return folder / "unread.json"


def read_unread(folder: Path) -> UnreadFile:
    """Return what stands there; nothing when there is no such file.

    :raises BadRequest: others could have put it there, or it cannot be read
    :raises msgspec.MsgspecError: it is not the broker's
    """
    try:
        content = read_regular(unread_path(folder), MAX_FILE, os.O_NOFOLLOW)
    except FileNotFoundError:
        return UnreadFile()
    except OSError as error:
        raise BadRequest(
            f"{unread_path(folder)} cannot be read: {error.strerror}. Move it away: the next"
            " broker writes it anew."
        ) from error
    endpoint.check_private(folder)
    return msgspec.json.decode(content, type=UnreadFile)


def doorstep_of(
    file: UnreadFile, *, agent: str, thread: str, client: str, working_directory: str
) -> Doorstep:
    """Return what waits for the agent that is meant: by name, conversation, or folder and client."""
    name = agent or _by_thread(file, thread) or _by_folder(file, client, working_directory)
    found = file.agents.get(name)
    if found is None:
        return Doorstep()
    return Doorstep(
        agent=name,
        unread=found.unread,
        unread_tasks=found.tasks,
        senders=found.senders,
        cursor=found.cursor,
        noticed=found.noticed,
        news=found.on and found.unread > 0 and found.cursor > found.noticed,
        on=found.on,
    )


def _by_thread(file: UnreadFile, thread: str) -> str:
    if not thread:
        return ""
    return next((name for name, each in file.agents.items() if thread in each.threads), "")


def _by_folder(file: UnreadFile, client: str, working_directory: str) -> str:
    """Return the one unnamed agent of this client in this folder; two are too many to know."""
    if not working_directory:
        return ""
    found = [
        name
        for name, each in file.agents.items()
        if each.working_directory == working_directory
        and name.rpartition("/")[2].partition("~")[0] == client
    ]
    return found[0] if len(found) == 1 else ""
