"""How each client is told to run our hooks. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import join
from typing import Literal

from .client_edits import JsonItems
from .jsonc_tree import Plain

HookClient = Literal["claude-code", "codex", "gemini", "cursor", "copilot"]

EVENTS: dict[HookClient, dict[str, str]] = {
    "claude-code": {
        "SessionStart": "session-start",
        "UserPromptSubmit": "prompt",
        "PostToolBatch": "tools",
        "Stop": "stop",
        "Notification": "notification",
        "SessionEnd": "session-end",
    },
    "codex": {
        "SessionStart": "session-start",
        "UserPromptSubmit": "prompt",
        "PostToolUse": "tools",
        "Stop": "stop",
        "PermissionRequest": "notification",
        "SessionEnd": "session-end",
    },
    "gemini": {
        "SessionStart": "session-start",
        "BeforeAgent": "prompt",
        "AfterTool": "tools",
        "AfterAgent": "stop",
        "Notification": "notification",
        "SessionEnd": "session-end",
    },
    "cursor": {
        "sessionStart": "session-start",
        "beforeSubmitPrompt": "prompt",
        "postToolUse": "tools",
        "stop": "stop",
        "sessionEnd": "session-end",
    },
    "copilot": {
        "sessionStart": "session-start",
        "userPromptSubmitted": "prompt",
        "postToolUse": "tools",
        "agentStop": "stop",
        "notification": "notification",
        "sessionEnd": "session-end",
    },
}
"""Our word for each event of a client that is hooked."""
_SECONDS = 10
_END_SECONDS = 3
"""Codex gives the end of a session no more."""
_WAKE_SECONDS = 86_400
"""A hook that waits for mail beside an idle session may do so for a day."""
_SLACK_SECONDS = 30
_WAITING = ("codex", "gemini")
"""Clients that only a hook can wake which makes the end of a turn wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookWishes:
    """How the hooks are to behave."""

    program: tuple[str, ...]
    """The words that run this program."""
    agent: str = ""
    data_dir: str = ""
    """Not the one that hooks find by themselves."""
    gate: str = "tasks"
    wait: float = 0
    """Codex and Gemini CLI: a stop waits so long for mail, which is the only way to wake them."""

    def command(self, *words: str) -> str:
        """Return the line for a shell that runs us with these words."""
        who = ["--agent", self.agent] if self.agent else []
        where = ["--data-dir", self.data_dir] if self.data_dir else []
        return join([*self.program, *words, *who, *where])


def hooks_for(client: HookClient, wishes: HookWishes) -> JsonItems:
    """Return the items to write into the client's list of hooks."""
    items = [(("hooks", theirs), item) for theirs, item in _items(client, wishes)]
    if client == "claude-code":
        items += [(("hooks", event), _waker(wishes)) for event in ("SessionStart", "Stop")]
    needs: Sequence[tuple[tuple[str, ...], Plain]] = ()
    if client == "cursor":
        needs = [(("version",), 1)]
    elif client == "gemini":
        needs = [(("hooksConfig", "enabled"), True)]
    return JsonItems(tuple(items), tuple(needs))


def hook_file(client: HookClient, wishes: HookWishes) -> str:
    """Return a file of hooks that is ours alone."""
    hooks = {theirs: [item] for theirs, item in _items(client, wishes)}
    return json.dumps({"version": 1, "hooks": hooks}, indent=2) + "\n"


def _items(client: HookClient, wishes: HookWishes) -> list[tuple[str, Plain]]:
    return [
        (theirs, _item(client, wishes.command(*_words(client, ours, wishes)), ours, wishes))
        for theirs, ours in EVENTS[client].items()
    ]


def _words(client: HookClient, event: str, wishes: HookWishes) -> list[str]:
    words = ["hook", event, "--client", client]
    if event == "stop":
        words += ["--gate", wishes.gate]
        if wishes.wait and client in _WAITING:
            words += ["--wait", f"{wishes.wait:g}"]
    return words


def _item(client: HookClient, command: str, event: str, wishes: HookWishes) -> Plain:
    seconds = _END_SECONDS if event == "session-end" else _SECONDS
    if event == "stop" and wishes.wait and client in _WAITING:
        seconds = int(wishes.wait) + _SLACK_SECONDS
    match client:
        case "cursor":
            return {"command": command}
        case "copilot":
            return {"type": "command", "bash": command, "timeoutSec": seconds}
        case "gemini":
            hook = {"name": "signalpost", "type": "command", "command": command}
            return {"hooks": [{**hook, "timeout": seconds * 1000}]}
        case _:
            return {"hooks": [{"type": "command", "command": command, "timeout": seconds}]}


def _waker(wishes: HookWishes) -> Plain:
    # The client's shell must not stand between: it would outlive a client that is killed, and
    # what waits below it as well.
    command = f"exec {wishes.command('wait', '--rewake')}"
    # Both words: with the second alone `claude -p` takes it for a hook to wait for.
    hook = {"type": "command", "command": command, "timeout": _WAKE_SECONDS}
    return {"hooks": [{**hook, "async": True, "asyncRewake": True}]}
