"""The command line of an MCP client, as far as its name tells. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_CLIENTS = {"amp", "claude", "codex", "copilot", "cursor-agent", "gemini", "opencode"}
"""MCP clients that run in a terminal, and so inside each other."""
_PACKAGES = re.compile(
    r"/node_modules/(?:@(?:anthropic-ai/claude-code|google/gemini-cli|openai/codex|github/copilot"
    r"|sourcegraph/amp)|opencode-ai)/"
)
_INTERPRETER = re.compile(r"(?:node|bun|deno|python[0-9.]*)$")


def is_client(words: Sequence[str]) -> bool:
    """Tell whether this is one."""
    if not words:
        return False
    program = _base(words[0])
    if _INTERPRETER.match(program):
        script = next((word for word in words[1:] if not word.startswith("-")), "")
        return _base(script) in _CLIENTS or _PACKAGES.search(script) is not None
    return program in _CLIENTS


def _base(path: str) -> str:
    return path.rpartition("/")[2]
