"""The hooks of Gemini CLI. Pure.

Its ``AfterAgent`` denies the end of a turn, and the reason becomes the next
prompt: the text must say itself where it comes from. It stops no loop of held
turns by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from .hook_contract import Contract, Given
from .hook_names import Word
from .transport.bell import Event


class GeminiCli(Contract):
    """Gemini CLI 0.61, as seen."""

    client = "gemini-cli-mcp-client"
    events: ClassVar[Mapping[str, Word]] = {
        "SessionStart": "session-start",
        "BeforeAgent": "prompt",
        "AfterTool": "tools",
        "AfterAgent": "stop",
        "Notification": "notification",
        "SessionEnd": "session-end",
    }
    notifications: ClassVar[Mapping[str, Event]] = {"ToolPermission": "blocked"}
    tells = frozenset({"session-start", "prompt", "tools"})

    def hold(self, reason: str) -> Given:
        """Return the answer that makes the reason the next prompt."""
        return {"decision": "deny", "reason": reason}


CONTRACT = GeminiCli()
