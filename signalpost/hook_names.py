"""The words that may stand on the command line of a hook. Pure; loads next to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Word = Literal["session-start", "prompt", "tools", "stop", "notification", "session-end"]
"""Our own name of a client's event."""
Gate = Literal["all", "tasks", "off"]
"""What keeps an agent from stopping."""

WORDS: tuple[Word, ...] = get_args(Word)
GATES: tuple[Gate, ...] = get_args(Gate)
CLIENTS = ("claude-code", "codex", "gemini", "cursor", "copilot")
MAX_WAIT = 86_400.0
_NAME_VARIABLES = ("SIGNALPOST_AGENT", "GPTQ_AGENT_NAME")


def named(environment: Mapping[str, str]) -> str:
    """Return the agent's name that the environment gives, or ""."""
    return next((environment[name] for name in _NAME_VARIABLES if environment.get(name)), "")
