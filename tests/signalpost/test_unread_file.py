from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest

from signalpost.transport.bell import Doorstep
from signalpost.transport.errors import BadRequest
from signalpost.unread_file import UnreadFile, doorstep_of, read_unread, unread_path

ALICE = {
    "unread": 2,
    "tasks": 1,
    "cursor": 9,
    "noticed": 4,
    "senders": {"bob": 2},
    "threads": ["t1", "t2"],
    "working_directory": "/work/api",
    "new": True,
}
MADE = {"unread": 1, "cursor": 3, "noticed": 3, "working_directory": "/work/api"}


def write(folder: Path, **agents: object) -> None:
    unread_path(folder).write_text(json.dumps({"written": 1.0, "agents": agents}))


def found(folder: Path, **who: str) -> Doorstep:
    nobody = {"agent": "", "thread": "", "client": "claude-code", "working_directory": ""}
    return doorstep_of(read_unread(folder), **{**nobody, **who})


def test_an_agent_is_found_by_its_name(folder: Path) -> None:
    write(folder, alice=ALICE)
    assert found(folder, agent="alice") == Doorstep(
        agent="alice",
        unread=2,
        unread_tasks=1,
        senders={"bob": 2},
        cursor=9,
        noticed=4,
        news=True,
    )
    assert found(folder, agent="bob", thread="t1") == Doorstep()


def test_an_agent_is_found_by_its_conversation(folder: Path) -> None:
    write(folder, alice=ALICE)
    assert found(folder, thread="t2").agent == "alice"
    assert found(folder, thread="t3") == Doorstep()


def test_an_unnamed_agent_is_found_by_folder_and_client_if_it_is_the_only_one(
    folder: Path,
) -> None:
    write(folder, **{"alice": ALICE, "api/claude-code~2": MADE, "api/opencode": MADE})
    assert found(folder, working_directory="/work/api").agent == "api/claude-code~2"
    assert found(folder, working_directory="/work") == Doorstep()
    write(folder, **{"api/claude-code": MADE, "api/claude-code~2": MADE})
    assert found(folder, working_directory="/work/api") == Doorstep()


def test_what_was_told_or_is_off_is_no_news(folder: Path) -> None:
    write(folder, alice={**ALICE, "noticed": 9}, bob={**ALICE, "on": False})
    assert not found(folder, agent="alice").news
    assert not found(folder, agent="bob").news


def test_without_a_file_nothing_waits(folder: Path) -> None:
    assert read_unread(folder) == UnreadFile()


def test_what_is_no_file_is_named_with_the_remedy(folder: Path) -> None:
    os.mkfifo(unread_path(folder))
    with pytest.raises(BadRequest, match=r"it is a named pipe, not a file\. Move it away"):
        read_unread(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"agents": []}', '{"agents": {"a": 1}}'])
def test_a_broken_file_is_an_error_and_no_guess(folder: Path, text: str) -> None:
    unread_path(folder).write_text(text)
    with pytest.raises(msgspec.MsgspecError):
        read_unread(folder)


def test_a_file_that_others_could_have_written_is_not_read(folder: Path) -> None:
    write(folder, alice=ALICE)
    folder.chmod(0o755)
    with pytest.raises(BadRequest):
        read_unread(folder)
    folder.chmod(0o700)
    unread_path(folder).rename(folder / "other")
    unread_path(folder).symlink_to(folder / "other")
    with pytest.raises(BadRequest, match="symbolic"):
        read_unread(folder)
