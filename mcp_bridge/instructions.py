"""What every model reads about this server, whether it opens the tools or not. Pure."""

from __future__ import annotations

MAX_INSTRUCTIONS = 900

_TASKS = """\
Signalpost: agents and people on this machine take turns for heavy commands. Run builds, tests, \
installs, containers and other heavy commands with run_task instead of your shell: gradle, bazel, \
make, cmake, mvn, cargo, go, dotnet, npm, yarn, pnpm, pip, docker, podman, kubectl, helm, pytest, \
jest, vitest, mocha, rspec and the like. Quick ones (ls, cat, git status) stay in your shell. \
run_task blocks until the command has had its turn and has run; others may be ahead of you, so a \
long wait is normal. If it answers RUNNING, never repeat the call: call task_status with that \
task_id, it waits. get_queue_status shows who runs and who waits; cancel_task stops a task of \
yours."""

_NO_TASKS = """\
Signalpost: agents and people on this machine take turns for heavy commands. Running tasks is \
switched off for you; get_queue_status shows what others run."""


def instructions(agent: str, *, no_tasks: bool = False) -> str:
    """Return the server's instructions for the agent of this name, ``""`` if it has none."""
    text = _NO_TASKS if no_tasks else _TASKS
    return f"{text} Your name here is {agent}." if agent else text
