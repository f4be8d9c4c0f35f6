"""Which agent is meant by a conversation, or by processes: its MCP client is one of them. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from .agent import Agent


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


def client_of(agent: Agent) -> Hashable | None:
    """Return the MCP client whose bridge speaks for an agent, or is to come back and do so."""
    holders = [*agent.holders.values(), *([agent.awaited] if agent.awaited else [])]
    return next((h.client_process for h in holders if h.kind == "bridge"), None)
