"""The hooks of Copilot CLI. Pure.

It writes its fields in camelCase and names no event; with an event that is
configured in PascalCase it writes them as Claude Code does, and names it. The
answers are the same. What a ``notification`` hook says would be a prompt of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from .hook_contract import Contract, Given, Heard
from .hook_names import Word
from .transport.bell import Event

_OWN_NAMES: dict[Word, str] = {
    "session-start": "sessionStart",
    "prompt": "userPromptSubmitted",
    "tools": "postToolUse",
    "stop": "agentStop",
    "notification": "notification",
    "session-end": "sessionEnd",
}


class CopilotCli(Contract):
    """Copilot CLI."""

    client = "copilot-cli"
    events: ClassVar[Mapping[str, Word]] = {
        **{name: word for word, name in _OWN_NAMES.items()},
        "SessionStart": "session-start",
        "UserPromptSubmit": "prompt",
        "PostToolUse": "tools",
        "Stop": "stop",
        "Notification": "notification",
        "SessionEnd": "session-end",
    }
    notifications: ClassVar[Mapping[str, Event]] = {
        "permission_prompt": "blocked",
        "elicitation_dialog": "blocked",
    }
    tells = frozenset({"session-start", "prompt", "tools"})

    def hear(self, word: Word, given: Given) -> Heard | None:
        """Return what Copilot CLI has said, in either way of writing."""
        if "hook_event_name" in given:
            named = given
        else:
            named = {**given, "hook_event_name": _OWN_NAMES[word]}
        if "session_id" not in named:
            named = {**named, "session_id": given.get("sessionId")}
        return super().hear(word, named)

    def context(self, heard: Heard, text: str) -> Given:
        """Return the answer that puts a text before the model."""
        return {"additionalContext": text}


CONTRACT = CopilotCli()
