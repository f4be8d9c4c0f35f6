"""The hooks of Codex. Pure.

Its output is read strictly: a field that it does not know makes the whole
answer void, and ``Stop`` takes no ``additionalContext``. It stops no loop of
held turns by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from .hook_contract import Contract, Given
from .hook_names import Word
from .transport.bell import Event


class Codex(Contract):
    """Codex 0.169, as seen."""

    client = "codex-mcp-client"
    events: ClassVar[Mapping[str, Word]] = {
        "SessionStart": "session-start",
        "UserPromptSubmit": "prompt",
        "PostToolUse": "tools",
        "Stop": "stop",
        "PermissionRequest": "notification",
        "SessionEnd": "session-end",
    }
    tells = frozenset({"session-start", "prompt", "tools"})
    late = True

    def notified(self, name: str, given: Given) -> Event:
        """Return what the request for a permission means; it is not answered."""
        return "blocked"


CONTRACT = Codex()
