"""The hooks of Claude Code. Pure.

A hook of a subagent has an ``agent_id``; ``SubagentStop`` is no event of ours.
Its answers are facts: what reads like an order from nowhere is shown to the
user instead of followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from .hook_contract import Contract
from .hook_names import Word
from .transport.bell import Event


class ClaudeCode(Contract):
    """Claude Code 2.1, as seen."""

    client = "claude-code"
    events: ClassVar[Mapping[str, Word]] = {
        "SessionStart": "session-start",
        "UserPromptSubmit": "prompt",
        "PostToolUse": "tools",
        "PostToolBatch": "tools",
        "Stop": "stop",
        "Notification": "notification",
        "SessionEnd": "session-end",
    }
    notifications: ClassVar[Mapping[str, Event]] = {
        "permission_prompt": "blocked",
        "elicitation_dialog": "blocked",
        "idle_prompt": "idle",
    }
    tells = frozenset({"session-start", "prompt", "tools"})


CONTRACT = ClaudeCode()
