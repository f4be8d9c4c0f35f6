"""Be init of a PID namespace, kill a broker and a shim, and give the shim's pid to another.

Run as a script with the data dir as its argument; prints what became of task and process.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import psutil

import signalpost
from signalpost.transport import endpoint


async def main(state: Path) -> object:
    async with signalpost.connect(data_dir=state) as client:
        asked = await client.run_task("sleep 1000", "/tmp", notify=True, on_disconnect="finish")
        report = await client.task_status(asked.task_id)
        while report.pid is None:
            report = await client.task_status(asked.task_id, 0.01)
        shim = psutil.Process(report.pid).ppid()
        kill_all(state, [shim, report.pid])
        other = with_pid(shim)
        if other is None:
            return "not to be had"
    async with signalpost.connect(data_dir=state, kind="cli") as person:
        found = await person.task_status(report.task_id, None)
        cancelled = await person.cancel_task(report.task_id)
        await person.stop("force")
    lives = other.poll() is None
    other.kill()
    return {"state": found.state, "cancelled": cancelled.state, "lives": lives}


def kill_all(state: Path, pids: list[int]) -> None:
    """Kill the broker and a task at once, and reap whatever fell to us."""
    found = endpoint.find(state)
    assert found is not None
    os.kill(found.pid, signal.SIGSTOP)
    for pid in (*pids, found.pid):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while psutil.pid_exists(pids[0]) or psutil.pid_exists(found.pid):
            os.waitpid(-1, 0)


def with_pid(pid: int) -> subprocess.Popen[bytes] | None:
    """Start a process with this pid; None: that cannot be had."""
    try:
        Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
    except OSError:
        return None
    other = subprocess.Popen(["sleep", "1000"])
    if other.pid == pid:
        return other
    other.kill()
    other.wait()
    return None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(anyio.run(main, Path(sys.argv[1]))))
