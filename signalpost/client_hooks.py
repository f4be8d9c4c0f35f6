"""How each client is told to run our hooks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import join
from typing import Literal

from .client_edits import JsonItems
from .jsonc_tree import Plain

HookClient = Literal["claude-code", "codex", "gemini", "cursor"]

_EVENTS: dict[HookClient, dict[str, str]] = {
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
        "postToolUse": "tools",
        "stop": "stop",
        "sessionEnd": "session-end",
    },
}
_SECONDS = 10
_WAKE_SECONDS = 86_400
"""A hook that waits for mail beside an idle session may do so for a day."""
_SLACK_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class HookWishes:
    """How the hooks are to behave."""

    program: tuple[str, ...]
    """The words that run this program."""
    agent: str = ""
    gate: str = "tasks"
    wait: float = 0
    """Codex and Gemini CLI: a stop waits so long for mail, which is the only way to wake them."""


def hooks_for(client: HookClient, wishes: HookWishes) -> JsonItems:
    """Return the items to write into the client's list of hooks."""
    items: list[tuple[tuple[str, ...], Plain]] = []
    for theirs, ours in _EVENTS[client].items():
        command = join([*wishes.program, *_words(client, ours, wishes)])
        seconds = _SECONDS
        if ours == "stop" and wishes.wait and client in ("codex", "gemini"):
            seconds = int(wishes.wait) + _SLACK_SECONDS
        items.append((("hooks", theirs), _item(client, command, seconds)))
    if client == "claude-code":
        items += [(("hooks", event), _waker(wishes)) for event in ("SessionStart", "Stop")]
    needs: Sequence[tuple[tuple[str, ...], Plain]] = ()
    if client == "cursor":
        needs = [(("version",), 1)]
    elif client == "gemini":
        needs = [(("hooksConfig", "enabled"), True)]
    return JsonItems(tuple(items), tuple(needs))


def _words(client: HookClient, event: str, wishes: HookWishes) -> list[str]:
    words = ["hook", event, "--client", client]
    if wishes.agent:
        words += ["--agent", wishes.agent]
    if event == "stop":
        words += ["--gate", wishes.gate]
        if wishes.wait and client in ("codex", "gemini"):
            words += ["--wait", f"{wishes.wait:g}"]
    return words


def _item(client: HookClient, command: str, seconds: int) -> Plain:
    if client == "cursor":
        return {"command": command}
    hook: dict[str, Plain] = {"type": "command", "command": command, "timeout": seconds}
    if client == "gemini":
        hook = {"name": "signalpost", **hook, "timeout": seconds * 1000}
    return {"hooks": [hook]}


def _waker(wishes: HookWishes) -> Plain:
    words = [*wishes.program, "wait", "--rewake"]
    if wishes.agent:
        words += ["--agent", wishes.agent]
    # Both words: with the second alone `claude -p` takes it for a hook to wait for.
    hook = {"type": "command", "command": join(words), "timeout": _WAKE_SECONDS}
    return {"hooks": [{**hook, "async": True, "asyncRewake": True}]}
