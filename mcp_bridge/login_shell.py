"""``--login-env``: asks the user's login shell for its environment, once, and keeps it in memory.

Codex starts its servers with seven variables, so a build would miss JAVA_HOME or a
toolchain's PATH. What a shell's profile prints, waits for or leaves behind does no harm:
it has no terminal and no input, a few seconds, and its process group is killed after them.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pwd
import secrets
import signal
import subprocess
from dataclasses import replace
from pathlib import PurePath

import anyio

from ..transport.caller import Caller
from .completion import completed, is_whole, read_variables

logger = logging.getLogger(__name__)

SECONDS = 8.0
"""How long a profile may take; then commands get what the client gave."""
_MOST_BYTES = 4 << 20
_ANY_SHELL = "/bin/sh"
_CSH = ("csh", "tcsh")
"""Shells that are login shells without any other option only: these read what they are to do."""


class LoginShell:
    """The environment of one login shell. ``shell`` is the user's own unless another is given."""

    def __init__(self, shell: str = "", seconds: float = SECONDS) -> None:
        self._shell = shell or os.environ.get("SHELL") or _shell_of_this_user()
        self._seconds = seconds
        self._found: dict[bytes, bytes] = {}
        self._done = anyio.Event()

    async def read(self) -> None:
        """Ask the shell; whatever becomes of that, nobody waits any longer."""
        try:
            with anyio.fail_after(self._seconds):
                self._found = await self._ask()
            if not self._found:
                logger.warning("%s told no environment; commands get the client's", self._shell)
        except TimeoutError:
            logger.warning(
                "%s took longer than %g s; commands get the client's", self._shell, self._seconds
            )
        except OSError as error:
            logger.warning("cannot run %s: %s", self._shell, error.strerror)
        finally:
            self._done.set()

    async def caller(self) -> Caller:
        """Return what commands inherit from this process, completed, once the shell has answered."""
        await self._done.wait()
        caller = Caller.of_this_process()
        return replace(caller, environment=completed(caller.environment, self._found))

    async def _ask(self) -> dict[bytes, bytes]:
        mark = secrets.token_hex(16).encode()
        is_csh = PurePath(self._shell).name in _CSH
        async with await anyio.open_process(
            [self._shell, "-l"] if is_csh else [self._shell, "-lic", _script(mark)],
            stdin=subprocess.PIPE if is_csh else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            output = b""
            try:
                if process.stdin is not None:
                    await process.stdin.send(f"{_script(mark)}\n".encode())
                    await process.stdin.aclose()
                assert process.stdout is not None  # noqa: S101  # it was asked for
                # Not to its end: what a profile has left in the background may keep it open.
                while not is_whole(output, mark) and len(output) < _MOST_BYTES:
                    output += await process.stdout.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return {}
            finally:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
        return read_variables(output, mark)


def _script(mark: bytes) -> str:
    """Return what prints the environment between two marks, in the language of any shell."""
    # By their path: a profile may have made an alias or a function of either.
    print_mark = f"/usr/bin/env printf '\\0%s\\0' {mark.decode()}"
    return f"{print_mark}; /usr/bin/env -0; {print_mark}"


def _shell_of_this_user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_shell or _ANY_SHELL
    except KeyError:  # containers run as users whom their system does not know
        return _ANY_SHELL
