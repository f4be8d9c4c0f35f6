"""The broker's side of the zygote: start it, order forks from it, notice its death.

The source of everything that runs there is read when the broker starts and
handed over through a socket; the arguments of the process hold nothing but
the loader below.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import resource
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

import anyio
import anyio.to_thread

MODULES = (
    "shim_record",
    "shim_claim",
    "shim_tree",
    "shim_pages",
    "shim_log",
    "shim_lanes",
    "shim_pipes",
    "shim_streams",
    "shim_relay",
    "shim_child",
    "shim_hold",
    "shim_reason",
    "shim_ending",
    "shim_report",
    "shim_task",
    "shim",
    "shim_zygote",
)
"""What runs in the zygote, each after those that it imports."""

_LOADER = """\
import json, socket, sys, types
control = socket.socket(fileno=int(sys.argv[1]))
control.set_inheritable(False)
with control.makefile("rb") as file:
    sources = json.loads(file.readline())
package = sys.modules["shims"] = types.ModuleType("shims")
package.__path__ = []
for name, (path, text) in sources.items():
    module = sys.modules["shims." + name] = types.ModuleType("shims." + name)
    module.__package__ = "shims"
    setattr(package, name, module)
    exec(compile(text, path, "exec"), module.__dict__)
package.shim_zygote.main(control.detach())
"""

_START_SECONDS = 30.0
_FORK = b"f"
_LEFT = 20
"""So many descriptors no shim gets: the broker has files to look at, and clients to watch."""


class Zygote:
    """At most one zygote process, started when it is first needed.

    :raises OSError: the shim's source cannot be read
    """

    def __init__(self, python: str) -> None:
        self.pid = 0
        """The process, also while it starts; 0: none."""
        self._python = python
        self._sources = _sources()
        self._lock = anyio.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    async def warm(self) -> None:
        """Start the process unless it runs, and wait until it is ready to fork.

        :raises OSError: it cannot be started
        """
        async with self._lock:
            if self._socket is None:
                process, control = await self._started()
                asyncio.get_running_loop().add_reader(control, self._lost)
                self._process, self._socket = process, control

    async def fork(self, promised: int = 0) -> socket.socket:
        """Order a shim and return the broker's end of its control socket.

        The socket ends without a word when the zygote died meanwhile.

        :param promised: descriptors that shims ordered before will need yet
        :raises OSError: out of descriptors, or the zygote cannot be started
        """
        await self.warm()
        if self._socket is None:
            raise BrokenPipeError(errno.EPIPE, "the zygote died at its start")
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                _leave_some(theirs.fileno() + promised)
                socket.send_fds(self._socket, [_FORK], [theirs.fileno()])
            except BrokenPipeError:
                self._lost()  # it has just died, as the end of the new socket tells
            except OSError:
                ours.close()
                raise
        ours.setblocking(False)
        return ours

    def close(self) -> None:
        """End the process. Its shims go on."""
        if self._socket is not None:
            self._lost()

    def _lost(self) -> None:
        # It says nothing once it is ready: a readable socket is an ended one.
        if self._socket is not None and self._process is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._process.kill()
            self._process.wait()
            self._socket = self._process = None
            self.pid = 0

    async def _started(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        try:
            return await anyio.to_thread.run_sync(self._start)
        except RuntimeError as error:  # not even a thread could be started
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from error

    def _start(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        with ExitStack() as undo:
            ours, theirs = socket.socketpair()
            undo.enter_context(ours)
            with theirs:
                process = _spawn(self._python, theirs.fileno())
            # Until it has its sources it is in our session, as our other helpers are.
            self.pid = process.pid
            undo.callback(setattr, self, "pid", 0)
            undo.callback(process.wait)
            undo.callback(process.kill)
            ours.settimeout(_START_SECONDS)
            ours.sendall(self._sources)
            if not ours.recv(1):
                raise BrokenPipeError(errno.EPIPE, "the zygote died at its start")
            ours.setblocking(False)
            undo.pop_all()
        return process, ours


def _leave_some(descriptor: int) -> None:
    """Refuse one of the last descriptors: the lowest that is free is given first."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and descriptor >= limit - _LEFT:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def _spawn(python: str, control: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [python, "-I", "-S", "-X", "utf8", "-c", _LOADER, str(control)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[control],
        cwd="/",
        env={},
    )


def _sources() -> bytes:
    folder = Path(__file__).parent
    paths = {name: folder / f"{name}.py" for name in MODULES}
    texts = {name: (str(path), path.read_text("utf-8")) for name, path in paths.items()}
    return json.dumps(texts).encode() + b"\n"
