from __future__ import annotations

import os
import stat
from pathlib import Path

import anyio
import psutil
import pytest

from signalpost.mcp_bridge.login_shell import LoginShell


def shell(folder: Path, profile: str) -> str:
    """A shell whose profile this is."""
    path = folder / "shell"
    path.write_text(f'#!/bin/sh\n{profile}\nshift; exec /bin/sh -c "$1"\n')
    path.chmod(stat.S_IRWXU)
    return str(path)


async def variables(login: LoginShell) -> dict[bytes, bytes]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(login.read)
    with anyio.fail_after(20):
        return (await login.caller()).environment


async def test_what_the_profile_sets_is_there_whatever_else_it_prints(tmp_path: Path) -> None:
    profile = "echo Welcome; echo trouble >&2; export TOOLCHAIN=/opt/tools PATH=/opt/bin:$PATH"
    found = await variables(LoginShell(shell(tmp_path, profile)))
    assert found[b"TOOLCHAIN"] == b"/opt/tools"
    assert found[b"PATH"].endswith(b":/opt/bin")
    assert b"TOOLCHAIN" not in os.environb


async def test_a_real_shell_is_asked_as_a_login_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".profile").write_text("export FROM_PROFILE=yes\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert (await variables(LoginShell("/bin/bash")))[b"FROM_PROFILE"] == b"yes"


@pytest.mark.parametrize("profile", ["exit 0", "echo no; kill -9 $$", "read x; exit 3"])
async def test_a_profile_that_fails_leaves_what_the_client_gave(
    tmp_path: Path, profile: str
) -> None:
    found = await variables(LoginShell(shell(tmp_path, profile)))
    assert found[b"HOME"] == os.environb[b"HOME"]


async def test_what_a_profile_leaves_in_the_background_is_not_waited_for(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    profile = f"sleep 1000 & echo $! >{pids}; export TOOLCHAIN=/opt/tools"
    found = await variables(LoginShell(shell(tmp_path, profile), seconds=1000))
    assert found[b"TOOLCHAIN"] == b"/opt/tools"
    await death(int(pids.read_text()))


async def test_a_profile_that_prints_without_end_is_left(tmp_path: Path) -> None:
    found = await variables(LoginShell(shell(tmp_path, "yes"), seconds=1000))
    assert found[b"HOME"] == os.environb[b"HOME"]


async def test_a_shell_that_is_none_leaves_what_the_client_gave() -> None:
    assert (await variables(LoginShell("/no/such/shell")))[b"HOME"] == os.environb[b"HOME"]


async def test_a_profile_that_hangs_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    profile = f"sleep 1000 & echo $! $$ >{pids}; sleep 1000"
    await variables(LoginShell(shell(tmp_path, profile), seconds=0.5))
    for pid in map(int, pids.read_text().split()):
        await death(pid)


async def death(pid: int) -> None:
    with anyio.fail_after(10):
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            await anyio.lowlevel.checkpoint()
