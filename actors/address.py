"""To whom a message is addressed, and which agents that means. Pure.

alice                  one agent, also by an old name
*                      everybody but the sender and the person
role:consumer          those of them who consume, or do both
any:role:consumer      one of these
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, get_args

from ..transport import letters, names
from ..transport.errors import BadRequest, SignalpostError, UnknownAgent
from .agent import Agent
from .refusal import WHO_IS_KNOWN, unknown_agent
from .registry import Registry

MAX_RECIPIENTS = 1000
"""Texts in one ``to``."""
_NEAR_NAMES_FOR = 10
"""So many unknown names of one ``to`` are looked up among the near ones: it takes milliseconds."""
_EVERYONE = "*"
_ROLE = "role:"
_ANY = "any:"
_ROLES: dict[str, letters.Role] = {role: role for role in get_args(letters.Role)}
_FORMS = "Use a name, a list of names, *, role:consumer or any:role:consumer."


@dataclass(frozen=True, slots=True)
class Name:
    """One agent."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Everyone:
    """Every agent but the sender and the person."""

    def __str__(self) -> str:
        return _EVERYONE


@dataclass(frozen=True, slots=True)
class WithRole:
    """Every agent of a role but the sender."""

    role: letters.Role

    def __str__(self) -> str:
        return f"{_ROLE}{self.role}"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One agent of a role, not the sender."""

    role: letters.Role

    def __str__(self) -> str:
        return f"{_ANY}{_ROLE}{self.role}"


Address = Name | Everyone | WithRole | AnyOf


class Recipients(NamedTuple):
    """Who is to get a message, and who cannot."""

    agents: list[Agent]
    """In the order of the addresses, nobody twice."""
    refused: list[tuple[str, SignalpostError]]
    """The addresses that mean nobody, and why."""
    keys: dict[int, str]
    """By agent, what makes the id of its message: the name under which it was meant. Who has this
    name, or is any of the role, in the next broker life gets the same one, whoever it is."""


def parse(texts: Sequence[str]) -> list[Address]:
    """Return the addresses that are meant by ``to``.

    :raises BadRequest: one of them is none; the text has the remedy
    """
    if not texts:
        raise BadRequest(f"to is empty. {_FORMS}")
    if len(texts) > MAX_RECIPIENTS:
        raise BadRequest(
            f"to has {len(texts)} recipients. Use at most {MAX_RECIPIENTS}, or * for everybody."
        )
    return list(map(_address, texts))


def single(addresses: Sequence[Address]) -> Name | None:
    """Return the one name that they are: only such a message may wait for room or for a stage."""
    first = addresses[0]
    return first if len(addresses) == 1 and isinstance(first, Name) else None


def named(address: Name, registry: Registry) -> tuple[Agent, str]:
    """Return the agent of a name, and what makes the id of its message; see :class:`Recipients`.

    :raises UnknownAgent: there is none
    """
    agent = registry.find(address.name)
    if agent is None:
        raise _refusal(address, registry.near)
    return agent, _key(address, agent)[1]


def means_one(addresses: Sequence[Address]) -> bool:
    """Tell whether they mean one agent, whoever that is: then a message on disk leaves nobody out."""
    return len(addresses) == 1 and isinstance(addresses[0], Name | AnyOf)


def recipients(
    addresses: Sequence[Address],
    registry: Registry,
    sender: Agent | None,
    pick: Callable[[list[Agent]], Agent],
) -> Recipients:
    """Return who is meant by ``addresses``; ``pick`` chooses one of several."""
    found: dict[int, Agent] = {}
    keys: dict[int, tuple[int, str]] = {}
    refused: dict[str, SignalpostError] = {}
    for address in addresses:
        meant = _meant(address, registry, sender, pick)
        found.update((agent.id, agent) for agent in meant)
        for agent in meant:
            key = _key(address, agent)
            if agent.id not in keys or key[0] > keys[agent.id][0]:
                keys[agent.id] = key
        if not meant:
            near = registry.near if len(refused) < _NEAR_NAMES_FOR else _no_names
            refused[str(address)] = _refusal(address, near)
    texts = {agent_id: text for agent_id, (_, text) in keys.items()}
    return Recipients(list(found.values()), list(refused.items()), texts)


@lru_cache(maxsize=4096)  # the same few names, with every message
def _address(text: str) -> Address:
    if text == _EVERYONE:
        return Everyone()
    if text.startswith(_ANY):
        return AnyOf(_role(text, text.removeprefix(_ANY)))
    if text.startswith(_ROLE):
        return WithRole(_role(text, text))
    if "," in text:
        raise BadRequest(
            f'the recipient {text!r} is no name. Give several as a list, such as ["alice", "bob"].'
        )
    try:
        return Name(names.agent_name(text))
    except BadRequest as error:
        raise BadRequest(f"to: {error} {_FORMS}") from error


def _role(text: str, part: str) -> letters.Role:
    name = part.removeprefix(_ROLE)
    role = _ROLES.get(name)
    if role is None or not part.startswith(_ROLE):
        raise BadRequest(
            f"the recipient {text!r} is no role. Roles are {', '.join(_ROLES)}. {_FORMS}"
        )
    return role


def _meant(
    address: Address,
    registry: Registry,
    sender: Agent | None,
    pick: Callable[[list[Agent]], Agent],
) -> list[Agent]:
    match address:
        case Name(name):
            agent = registry.find(name)
            return [] if agent is None else [agent]
        case Everyone():
            return registry.everyone(sender)
        case WithRole(role):
            return registry.with_role(role, sender)
        case AnyOf(role):
            some = registry.with_role(role, sender)
            return [pick(some)] if some else []


def _key(address: Address, agent: Agent) -> tuple[int, str]:
    """Return what makes an id, and how much that counts beside other addresses of one agent."""
    match address:
        case Name(name):
            return 1, name
        case AnyOf():
            return 0, str(address)
        case _:
            return 2, f"{_EVERYONE}{agent.name}"


def _refusal(address: Address, near: Callable[[str], list[str]]) -> UnknownAgent:
    match address:
        case Name(name):
            return unknown_agent(name, near(name))
        case Everyone():
            return UnknownAgent(f"no other agent is known. {WHO_IS_KNOWN}")
        case WithRole(role) | AnyOf(role):
            return UnknownAgent(f"no other agent has the role {role}. {WHO_IS_KNOWN}")


def _no_names(_name: str) -> list[str]:
    return []
