"""Which agent is meant by a conversation, or by processes: its MCP client is one of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence

from .agent import Agent

_CLIENTS = {"amp", "claude", "codex", "copilot", "cursor-agent", "gemini", "opencode"}
"""MCP clients that run in a terminal, and so inside each other."""
_PACKAGES = re.compile(
    r"/node_modules/(?:@(?:anthropic-ai/claude-code|google/gemini-cli|openai/codex|github/copilot"
    r"|sourcegraph/amp)|opencode-ai)/"
)
_INTERPRETER = re.compile(r"(?:node|bun|deno|python[0-9.]*)$")


def in_thread(agents: Iterable[Agent], thread: str) -> Agent | None:
    """Return the agent of a conversation; empty: of none."""
    return next((agent for agent in agents if thread and agent.thread == thread), None)


def below(agents: Iterable[Agent], processes: Sequence[Hashable]) -> Agent | None:
    """Return the agent whose client is one of ``processes``, which are the nearest first.

    Of several with one client, the one that worked last; None: there is none.
    """
    places = {process: place for place, process in enumerate(processes)}
    found = [agent for agent in agents if client_of(agent) in places]
    return min(found, key=lambda a: (places[client_of(a)], -a.active), default=None)


def is_client(words: Sequence[str]) -> bool:
    """Tell whether this is the command line of an MCP client, as far as its name tells."""
    if not words:
        return False
    program = _base(words[0])
    if _INTERPRETER.match(program):
        script = next((word for word in words[1:] if not word.startswith("-")), "")
        return _base(script) in _CLIENTS or _PACKAGES.search(script) is not None
    return program in _CLIENTS


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def client_of(agent: Agent) -> Hashable | None:
    """Return the MCP client whose bridge speaks for an agent, or is to come back and do so."""
    holders = [*agent.holders.values(), *([agent.awaited] if agent.awaited else [])]
    return next((h.client_process for h in holders if h.kind == "bridge"), None)
