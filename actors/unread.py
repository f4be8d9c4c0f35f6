"""What waits for whom, as ``unread.json`` has it: kept in step agent by agent."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import msgspec

from .agent import Agent
from .doorbells import SENDERS_SHOWN, Doorbells, cursor_of
from .inbox import Inbox


class AgentUnread(msgspec.Struct, frozen=True, kw_only=True):
    """The unread mail of one agent, and by what its client finds it."""

    unread: int
    tasks: int
    """Messages of kind ``task``."""
    cursor: int
    noticed: int
    senders: dict[str, int]
    threads: list[str]
    """The ids of its conversations."""
    working_directory: str
    on: bool
    """Whether its doorbell is on: else nobody is to tell it."""


class Unread:
    """Notes for whom something may have changed, and looks at these only."""

    def __init__(self, look: Callable[[Agent], Inbox | None]) -> None:
        self.bells: Doorbells
        """Set before the first order."""
        self._look = look
        self._stirred: dict[int, Agent] = {}
        self._known: dict[int, tuple[str, AgentUnread]] = {}
        self._news = anyio.Event()

    def stir(self, agent: Agent) -> None:
        """Something was done at the inbox or the doorbell of an agent."""
        self._stirred[agent.id] = agent
        self._news.set()

    async def stirs(self) -> None:
        """Return when something may have changed."""
        if not self._stirred:
            self._news = anyio.Event()
            await self._news.wait()

    def take(self) -> dict[str, AgentUnread] | None:
        """Return what waits for everybody who has unread mail; None: as it was last time."""
        before = dict(self._known)
        for agent in self._stirred.values():
            entry = self._entry(agent)
            if entry is None:
                self._known.pop(agent.id, None)
            else:
                self._known[agent.id] = agent.name, entry
        self._stirred.clear()
        return None if self._known == before else dict(self._known.values())

    def _entry(self, agent: Agent) -> AgentUnread | None:
        inbox, door = self._look(agent), self.bells.known(agent)
        if inbox is None or not inbox.unread:
            return None
        senders = inbox.unread_by_sender()
        most = sorted(senders, key=lambda name: (-senders[name], name))[:SENDERS_SHOWN]
        return AgentUnread(
            unread=inbox.unread,
            tasks=inbox.unread_tasks,
            cursor=door.cursor if door is not None else cursor_of(inbox),
            noticed=door.noticed if door is not None else 0,
            senders={name: senders[name] for name in most},
            threads=[agent.thread] if agent.thread else [],
            working_directory=agent.working_directory,
            on=door is None or door.on,
        )
