"""The task tools as a model sees them: names, descriptions, parameters. Pure.

Claude Code and Codex hide tools behind a search, so the descriptions name
the commands that belong here.
"""

from __future__ import annotations

from .arguments import DEFAULT_TIMEOUT, MAX_LINES
from .tool_text import Schema, ToolText, parameters

_TASK_ID: Schema = {"type": "integer", "minimum": 1, "description": "The number after task=."}

RUN = ToolText(
    name="run_task",
    title="Run a command in turn",
    description="""\
Run a shell command when its turn comes and wait until it has run. Use it instead of the shell for \
every heavy command, so that the agents on this machine take turns and do not slow each other down:
- builds: gradle, bazel, make, cmake, ninja, mvn, sbt, cargo, go, dotnet, swift, xcodebuild, tsc, \
webpack, vite
- tests: pytest, tox, jest, vitest, mocha, rspec, phpunit, ctest, playwright, cypress
- installs: npm, yarn, pnpm, pip, uv, poetry, bundle, composer, apt, brew
- containers and clusters: docker, podman, kubectl, helm, terraform
- anything else that takes long or uses much CPU, memory or disk.

The call blocks while others are ahead and while the command runs; that is normal. Cancelling the \
call kills the command with everything it started.

The answer begins with one line; all but SUCCESS then show the last lines of the output:
SUCCESS exit=0 31.2s output=FILE
FAILED exit=1 12.5s output=FILE (or signal=9, or: cannot start: reason)
TIMEOUT killed after 1200s output=FILE
CANCELLED after 12.5s by NAME output=FILE
LOST task=8 reason output=FILE
RUNNING task=8 position=2 output=FILE (or elapsed=281s): it still waits or runs. Never repeat the \
call; call task_status with that task_id, it waits.
FILE holds the whole output; read it when you need more.""",
    input_schema=parameters(
        ["command", "working_directory"],
        {
            "command": {
                "type": "string",
                "description": "The command, run by /bin/sh -c with your environment.",
            },
            "working_directory": {
                "type": "string",
                "description": "Absolute path of the folder to run it in.",
            },
            "queue_name": {
                "type": "string",
                "default": "global",
                "description": (
                    "Tasks of one queue take turns, first come, first served. Use another name than"
                    " global only for work that does not compete with it, as one per device."
                ),
            },
            "timeout_seconds": {
                "type": "number",
                "exclusiveMinimum": 0,
                "default": int(DEFAULT_TIMEOUT),
                "description": (
                    "Limit of the run itself, 1200 when left out; time in the queue does not count."
                ),
            },
            "env_vars": {
                "anyOf": [
                    {"type": "object", "additionalProperties": {"type": "string"}},
                    {"type": "string"},
                ],
                "description": (
                    'Environment variables to add: an object {"NAME": "value"},'
                    " or text NAME=value,NAME2=value2."
                ),
            },
            "notify": {
                "type": "boolean",
                "default": False,
                "description": (
                    "true: do not wait. Answers RUNNING at once; the task goes on by itself,"
                    " even when this session ends. Its result comes to you as a message;"
                    " task_status tells it too."
                ),
            },
        },
    ),
    destructive=True,
    open_world=True,
)

STATUS = ToolText(
    name="task_status",
    title="Wait for a task",
    description="""\
Wait for the end of a task that run_task answered with RUNNING (a build, test run, install, \
container or other command in the queue) and return its result, in the same lines as run_task. It \
waits by itself: do not call it in a loop with short waits. If it answers RUNNING again, call it \
again. With wait_seconds=0 it answers at once; with lines it also shows the end of the output so \
far. Any agent may ask about any task.""",
    input_schema=parameters(
        ["task_id"],
        {
            "task_id": _TASK_ID,
            "wait_seconds": {
                "type": "number",
                "minimum": 0,
                "description": "Wait at most so long. Left out: as long as your client allows.",
            },
            "lines": {
                "type": "integer",
                "minimum": 0,
                "maximum": MAX_LINES,
                "default": 0,
                "description": (
                    "Show so many of the last lines of the output, at most 200, also while it runs."
                ),
            },
        },
    ),
    read_only=True,
)

CANCEL = ToolText(
    name="cancel_task",
    title="Cancel a task",
    description="""\
Stop a task of yours: take it out of the queue, or kill the running command with everything it \
started (a hung build, test run, server or container). Answers when all of it is dead, with the \
lines of run_task. Only the agent that started a task may cancel it.""",
    input_schema=parameters(["task_id"], {"task_id": _TASK_ID}),
    destructive=True,
)

CLEAR = ToolText(
    name="clear_task_logs",
    title="Delete logs of finished tasks",
    description="""\
Delete the output files of your own finished tasks and return how many were deleted. Tasks that \
wait or run, and those of other agents, are not touched.""",
    input_schema=parameters([], {}),
    destructive=True,
)
