"""For which agent a session that arrives speaks, and who has to make room. Pure.

    names an agent                        names none
      │ nobody has the name, or             │ its conversation's agent is gone,
      │ its agent is gone ────> that one    │ or its own client's ──────> that one
      │ programs have it, and it            │ else: the first of folder/client,
      │ is a program too ─────> shared      │ folder/client~2 … that is free, or gone
      │ a bridge of the same client         │ and of no other conversation, or its own
      │ has it ──────> taken over           │ client's in this conversation
      │ else, a bridge: name~2, name~3 …
      v else, a program: NAME_TAKEN

An old name of somebody is free to whoever is given it, unless the one who
comes is that somebody. Names that are made do not displace the living.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from ..transport import names
from .agent import Agent
from .arrival import Arrival
from .directory import Directory
from .refusal import name_taken


@dataclass(frozen=True, slots=True)
class Place:
    """An agent to speak for. ``agent`` None: a new one of this name."""

    name: str
    agent: Agent | None
    named: bool


def find_place(directory: Directory, arrival: Arrival) -> Place | None:
    """Return for whom a session is to speak; None: for nobody.

    :raises NameTaken: a program wants the name of a bridge's agent
    :raises BadRequest: it is no name that an agent may have
    """
    if arrival.agent:
        return _by_name(directory, arrival, names.own_agent_name(arrival.agent))
    if arrival.kind != "bridge" or not arrival.label:
        return None
    known = directory.of_thread(arrival.thread)
    if known is not None and (known.is_gone or is_same_client(known, arrival)):
        return Place(known.name, known, known.named)
    return _numbered(directory, arrival, names.label(arrival.label), 1)


def find_place_again(
    directory: Directory, agent: Agent | None, before: Arrival, arrival: Arrival
) -> Place | None:
    """Return for whom a session is to speak that said hello before, then as ``before``.

    It keeps ``agent``, or nothing if it has unregistered, unless it says
    something new about who it is.

    :raises NameTaken: a program wants the name of a bridge's agent
    :raises BadRequest: it is no name that an agent may have
    """
    if agent is None:
        says = (arrival.agent, arrival.thread, arrival.label)
        is_new = says != (before.agent, before.thread, before.label)
        return find_place(directory, arrival) if is_new else None
    keeps = Place(agent.name, agent, agent.named)
    if (arrival.agent, arrival.thread) == (before.agent, before.thread):
        return keeps
    if arrival.agent:
        name = names.own_agent_name(arrival.agent)
        is_meant = agent in (directory.named(name), directory.formerly(name))
        return keeps if is_meant else find_place(directory, arrival)
    if arrival.thread in ("", agent.thread):
        return keeps
    known = directory.of_thread(arrival.thread)
    is_there = known is not None and (known.is_gone or is_same_client(known, arrival))
    if not agent.thread and not is_there:
        return keeps  # its client tells the conversation only now
    return find_place(directory, arrival) or keeps


def may_become(holder: Agent, agent: Agent | None, arrival: Arrival) -> bool:
    """Tell whether a session, so far ``agent``, may take the name of ``holder`` by asking."""
    if is_vacant(holder, arrival) or is_same_client(holder, arrival):
        return True
    return agent is None and arrival.kind == "client" and holder.is_held_by_programs()


def is_vacant(holder: Agent, arrival: Arrival) -> bool:
    """Tell whether nobody speaks for ``holder``, nor is to come back and do so again.

    Programs share a name, and whether it was one that is to come back is not known.
    """
    if arrival.kind != "bridge":
        return holder.is_gone
    is_kept = holder.is_awaited_elsewhere(arrival.pid, arrival.client_process)
    return holder.is_gone and not is_kept


def is_same_client(agent: Agent, arrival: Arrival) -> bool:
    """Tell whether a bridge of the same client process speaks for ``agent``."""
    return arrival.kind == "bridge" and agent.is_held_by_client(arrival.client_process)


def _by_name(directory: Directory, arrival: Arrival, name: str) -> Place:
    holder = directory.named(name)
    if holder is None:
        renamed = directory.formerly(name)
        if renamed is not None and _is_itself(renamed, arrival):
            return Place(renamed.name, renamed, renamed.named)
        return Place(name, None, named=True)
    if is_vacant(holder, arrival) or is_same_client(holder, arrival):
        is_back = holder.awaited is not None and holder.pid == arrival.pid
        return Place(name, holder, named=holder.named if is_back else True)
    if arrival.kind == "bridge":
        return _numbered(directory, arrival, name, 2)
    if holder.is_held_by_programs():
        return Place(name, holder, named=True)
    raise name_taken(directory, name, holder)


def _is_itself(renamed: Agent, arrival: Arrival) -> bool:
    """Tell whether a bridge that comes under an old name is the agent that gave it up."""
    if is_same_client(renamed, arrival):
        return True
    return arrival.kind == "bridge" and renamed.is_gone and _is_same_thread(renamed, arrival)


def _is_same_thread(agent: Agent, arrival: Arrival) -> bool:
    return bool(arrival.thread) and agent.thread == arrival.thread


def _numbered(directory: Directory, arrival: Arrival, base: str, first: int) -> Place:
    tried = (names.numbered(base, number) for number in itertools.count(first))
    return next(p for n in tried if (p := _made(directory, arrival, n)) is not None)


def _made(directory: Directory, arrival: Arrival, name: str) -> Place | None:
    """Return the place of a name that was made; None: somebody else may be meant by it."""
    if names.is_reserved(name):
        return None
    holder = directory.named(name)
    if holder is None:
        renamed = directory.formerly(name)
        is_free = renamed is None or renamed.is_gone
        return Place(name, None, named=False) if is_free else None
    if is_vacant(holder, arrival) and holder.thread in ("", arrival.thread):
        return Place(name, holder, holder.named)
    if holder.thread == arrival.thread and is_same_client(holder, arrival):
        return Place(name, holder, holder.named)
    return None
