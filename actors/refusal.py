"""What is said to who wanted a name that is taken, or one that nobody has. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from ..transport import names
from ..transport.errors import NameTaken, UnknownAgent
from ..transport.safe_text import one_line
from .agent import BROKER, Agent
from .directory import Directory

FREE_NAMES = 2
"""So many are proposed to who wanted one that is taken."""
WHO_IS_KNOWN = "list_agents (signalpost agents) tells who is known."
"""The remedy, for models and for people."""
_CLIENT = 100
"""Characters that are shown of what a holder calls its client."""


def name_taken(directory: Directory, name: str, holder: Agent) -> NameTaken:
    """Return the refusal for who wanted the name of ``holder``; it has free ones."""
    tried = (names.numbered(name, number) for number in itertools.count(2))
    free = (n for n in tried if directory.named(n) is None and directory.formerly(n) is None)
    client = one_line(holder.client, _CLIENT) or "a program"
    who = f"{client}, pid {holder.pid}"
    return NameTaken(
        f"another living agent ({who}) has the name {name}."
        f" Use another one; free are {' and '.join(itertools.islice(free, FREE_NAMES))}."
    )


def unknown_agent(name: str, near: Iterable[str] = ()) -> UnknownAgent:
    """Return the refusal for who wrote to a name that nobody has or had."""
    if name == BROKER:
        return UnknownAgent(
            f"{BROKER} sends the results of tasks and takes no mail. They need no answer."
        )
    meant = ", ".join(near)
    hint = f" Did you mean {meant}?" if meant else ""
    return UnknownAgent(f"nobody is called {name}.{hint} {WHO_IS_KNOWN}")
