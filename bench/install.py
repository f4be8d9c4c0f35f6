"""``make bench-peers``: get what the registries have of what we are compared with.

Programs come from Debian's registry and are unpacked into ``.peers/root``,
agent-task-queue from PyPI into an environment of its own beside it; nothing is
installed on the machine. What cannot be had is said and left out.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import peers

DEBIAN = {
    "redis-server": [
        *("redis-server", "redis-tools", "liblzf1", "libjemalloc2", "liblua5.1-0"),
        *("lua-cjson", "lua-bitop", "libhiredis0.14", "libatomic1"),
    ],
    "nats-server": ["nats-server"],
    "tsp": ["task-spooler"],
    "nq": ["nq"],
    "sem": ["parallel"],
}
"""By the program that is wanted: its package and the libraries it may lack."""
# fastmcp 4 has no fastmcp.tools.tool any more, and agent-task-queue does not start with it.
TASK_QUEUE = ["agent-task-queue==0.4.1", "fastmcp>=2.14.4,<3"]


def main() -> None:
    """Install all, say what failed, and end well all the same."""
    failed: list[str] = []
    for program, packages in DEBIAN.items():
        _report(program, _debian(packages), failed)
    _report("agent-task-queue", _task_queue(), failed)
    clients = _run([sys.executable, "-m", "pip", "install", "--quiet", "--group", "bench"])
    print(f"Python clients: {clients or 'installed'}")
    if failed:
        print(f"Left out by the benchmarks: {', '.join(failed)}")


def _report(program: str, trouble: str, failed: list[str]) -> None:
    path = peers.find(program)
    if path and not trouble:
        print(f"{program}: {peers.version(program) or path}")
    elif path:
        print(f"{program}: {path} is used; getting another failed: {trouble}")
    else:
        print(f"{program}: not to be had here: {trouble or 'the package does not hold it'}")
        failed.append(program)


def _debian(packages: Sequence[str]) -> str:
    """Unpack packages; return what went wrong."""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        return f"no apt-get here; install {packages[0]} with this system's own installer"
    peers.ROOT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for package in packages:
            trouble = _run(["apt-get", "download", "--quiet=2", package], Path(folder))
            if trouble:
                return trouble
        for archive in sorted(Path(folder).glob("*.deb")):
            trouble = _run(["dpkg", "-x", str(archive), str(peers.ROOT)])
            if trouble:
                return trouble
    return ""


def _task_queue() -> str:
    if trouble := _run([sys.executable, "-m", "venv", str(peers.TASK_QUEUE)]):
        return trouble
    pip = [str(peers.TASK_QUEUE / "bin/python"), "-m", "pip"]
    return _run([*pip, "install", "--quiet", "--disable-pip-version-check", *TASK_QUEUE])


def _run(words: Sequence[str], folder: Path | None = None) -> str:
    """Run a program; return an empty text, or the last thing it said when it failed."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    said = (done.stderr.strip() or done.stdout.strip() or "it failed").splitlines()[-1:]
    return "".join(said) if done.returncode else ""


if __name__ == "__main__":
    main()
