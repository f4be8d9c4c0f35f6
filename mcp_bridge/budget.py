"""How long a call may block before it answers RUNNING, by MCP client. Pure.

Every client gives up on a call at a limit of its own, and only some let
progress notifications move it. The answer must come at least
:data:`MARGIN` seconds before. Seen figures: Claude Code has no limit unless
MCP_TOOL_TIMEOUT sets one, Codex 300 s, Gemini CLI 600 s, opencode 60 s unless
progress flows, Cline and Claude Desktop 60 s, Copilot CLI 180 s.
"""

from __future__ import annotations

from collections.abc import Mapping

MARGIN = 5.0
UNKNOWN = 50.0
_NO_PROGRESS = 55.0

# Clients call themselves by several names; all are compared in lower case.
_BUDGETS: dict[str, float | None] = {
    "codex-mcp-client": 290,
    "gemini-cli-mcp-client": 590,
    "cline": 55,
    "@cline-core": 55,
    "@cline/core": 55,
    "copilot-cli": 170,
    "github-copilot-developer": 170,
    "claude-ai": 55,
    "vscode": None,
    "visual studio code": None,
    "visual studio code - insiders": None,
}


def wait_budget(
    client: str, *, option: float | None, progress: bool, environment: Mapping[str, str]
) -> float | None:
    """Return the seconds after which a call of ``client`` must be answered; None: never.

    ``option`` is ``--wait-budget`` (0: never) and wins; ``progress`` tells
    whether this call takes progress notifications.
    """
    if option is not None:
        return option or None
    name = client.lower()
    if name == "claude-code":
        return _claude_code(environment.get("MCP_TOOL_TIMEOUT", ""))
    if name == "opencode":
        return None if progress else _NO_PROGRESS
    return _BUDGETS.get(name, UNKNOWN)


def capped(wanted: float | None, budget: float | None) -> float | None:
    """Return the seconds to wait when ``wanted`` were asked for; None means without end."""
    if wanted is None or budget is None:
        return budget if wanted is None else wanted
    return min(wanted, budget)


def _claude_code(milliseconds: str) -> float | None:
    # Claude Code itself ignores values below a second, and what is no number.
    if not milliseconds.isascii() or not milliseconds.isdigit() or int(milliseconds) < 1000:
        return None
    limit = int(milliseconds) / 1000
    # A limit near the margin leaves no room for it: half is still better than nothing.
    return max(limit - MARGIN, limit / 2)
