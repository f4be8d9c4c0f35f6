"""One agent as the registry knows it, whether anybody speaks for it or not. Pure.

                    arrive, register
    (nobody) ──────────────────────────> SPOKEN FOR ── unregister ──> (nobody)
        ^                                 │      ^
        │ made name, no mail, and gone    │ last │ arrive, register
        │ for 7 days or never acted       v      │
        └─────────────────────────────── GONE ───┘

Its number never changes; its name may. Whose process outlives a broker is awaited
by the next one: GONE, but nobody else's bridge is taken for it. Thousands of agents may be known, so
those for whom nobody speaks share one empty mapping of holders, and the garbage collector passes
all of them over: nothing that an agent holds leads back to it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import msgspec

from ..transport import letters

PERSON_ID = 1
"""The number of the agent whose sessions are command lines."""
PERSON = "person"
BROKER = "signalpost"
"""The sender of task results. It is no agent: nobody can take its name or write to it."""

EXPIRY_SECONDS = 7 * 86400.0
"""How long an agent with a made name and no mail stays known when it is gone."""

SpeakerKind = Literal["bridge", "client", "cli"]


@dataclass(frozen=True, slots=True)
class Holder:
    """A session that speaks for an agent."""

    kind: SpeakerKind
    client_process: Hashable | None
    """What tells the MCP client behind a bridge from every other process; None: unknown."""


NOBODY: Mapping[bytes, Holder] = MappingProxyType({})


class Agent(msgspec.Struct, eq=False, gc=False):
    """Everything about one agent but its mail."""

    id: int
    name: str
    role: letters.Role = "both"
    description: str = ""
    inbox_bound: int | None = None
    """How many unacknowledged messages its inbox takes; None: the broker's setting."""
    named: bool = True
    """False: the name was made, from its folder and client or by adding a number."""
    thread: str = ""
    """The conversation that finds it again; no two agents have the same."""
    client: str = ""
    pid: int = 0
    """Of the process that speaks for it; 0: none does."""
    pid_started: float = 0.0
    """Tells that process from a later one of the same pid."""
    working_directory: str = ""
    since: float = 0.0
    """When it came or went last, in Unix seconds."""
    active: float = 0.0
    """When it last showed that it works, on the monotonic clock."""
    heard: letters.Presence | None = None
    """What its client reported that it does, until it asks for something or is gone."""
    holders: Mapping[bytes, Holder] = NOBODY
    """The sessions that speak for it, by token, the longest first. Never changed in place."""
    acted: bool = True
    """False: it has come under a made name, and asked for nothing yet."""
    awaited: Holder | None = None
    """Who spoke for it when an earlier broker life ended, still lives, and has not come back."""

    @property
    def is_gone(self) -> bool:
        return not self.holders

    @property
    def is_person(self) -> bool:
        return self.id == PERSON_ID

    @property
    def expires(self) -> float | None:
        """When it is forgotten if it has no mail, in Unix seconds; None: never, as it is."""
        is_left = self.is_gone and self.awaited is None
        return self.since + EXPIRY_SECONDS if is_left and not self.named else None

    def act(self, now: float) -> bool:
        """Show that it works, at ``now`` of the monotonic clock; return whether for the first time."""
        first, self.acted = not self.acted, True
        self.active, self.heard = now, None
        return first

    def hold(self, session: bytes, holder: Holder) -> None:
        """Let a session speak for it."""
        self.holders = {**self.holders, session: holder}
        self.awaited = None

    def release(self, session: bytes) -> None:
        """Let a session speak for it no more."""
        self.holders = {s: h for s, h in self.holders.items() if s != session} or NOBODY

    def is_awaited_elsewhere(self, pid: int, client_process: Hashable | None) -> bool:
        """Tell whether another process than this, and of another client, is to come back."""
        if self.awaited is None or pid == self.pid:
            return False
        return client_process is None or client_process != self.awaited.client_process

    def is_held_by_programs(self) -> bool:
        """Tell whether only programs speak for it, which share a name."""
        return bool(self.holders) and all(h.kind == "client" for h in self.holders.values())

    def is_held_by_client(self, process: Hashable | None) -> bool:
        """Tell whether only bridges of this client process speak for it."""
        return (
            bool(self.holders)
            and process is not None
            and all(
                h.kind == "bridge" and h.client_process == process for h in self.holders.values()
            )
        )
