"""Which agent a process belongs to: the one whose MCP client is among the processes above. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from .agent import Agent


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
