from __future__ import annotations

import os
import shutil
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


async def test_aliases_of_the_profile_stand_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = "alias env='env | sort' printf=echo; env() { :; }; export FROM_PROFILE=yes\n"
    (tmp_path / ".bash_profile").write_text(profile)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert (await variables(LoginShell("/bin/bash")))[b"FROM_PROFILE"] == b"yes"


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("tcsh", {".tcshrc": "echo hi; setenv FROM_RC 1\n", ".login": "setenv FROM_LOGIN 1\n"}),
        (
            "csh",
            {".cshrc": "alias printf echo; setenv FROM_RC 1\n", ".login": "setenv FROM_LOGIN 1\n"},
        ),
        ("zsh", {".zshrc": "echo hi; export FROM_RC=1\n", ".zlogin": "export FROM_LOGIN=1\n"}),
        (
            "fish",
            {".config/fish/config.fish": "echo hi; set -gx FROM_RC 1; set -gx FROM_LOGIN 1\n"},
        ),
    ],
)
async def test_shells_of_other_kinds_are_asked_in_their_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, files: dict[str, str]
) -> None:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    for file, text in files.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    there = await variables(LoginShell(found))
    assert (there.get(b"FROM_RC"), there.get(b"FROM_LOGIN")) == (b"1", b"1")


async def test_a_shell_that_is_a_login_shell_alone_is_told_what_to_do_by_its_input(
    tmp_path: Path,
) -> None:
    (tmp_path / "tcsh").write_text('#!/bin/sh\n[ "$*" = -l ] && TOOL=1 exec /bin/sh\n')
    (tmp_path / "tcsh").chmod(stat.S_IRWXU)
    assert (await variables(LoginShell(str(tmp_path / "tcsh"))))[b"TOOL"] == b"1"
    (tmp_path / "tcsh").write_text("#!/bin/sh\nexit 1\n")
    assert b"HOME" in await variables(LoginShell(str(tmp_path / "tcsh")))


async def test_a_user_whom_the_system_does_not_know_has_some_shell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SHELL", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    assert (await variables(LoginShell()))[b"HOME"] == os.environb[b"HOME"]


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
