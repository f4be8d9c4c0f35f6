"""The client's part for doorbells: look, wait, say what became of a ring, set."""

from __future__ import annotations

from typing import get_args

from . import bell, mail_input, messages
from .asker import Asker, patience
from .letters import RingOutcome, Way


class BellClient(Asker):
    """What a client can ask about the doorbells of agents.

    A session of kind ``door`` names the agent, by name or conversation, or is
    found to belong to it by the processes above its own. Where nobody is meant,
    what comes back has no agent.
    """

    async def look_at_bell(
        self,
        agent: str = "",
        *,
        thread: str = "",
        event: bell.Event = "none",
        source: str = "",
        way: Way = "look",
        tell: bool = False,
    ) -> bell.Doorstep:
        """Return what waits for an agent, now.

        :param event: what its client does
        :param tell: the agent will be told what is new, if anything is: a ring
        """
        mail_input.choice("event", event, get_args(bell.Event))
        mail_input.choice("way", way, get_args(Way))
        request = bell.LookAtBell(
            agent=agent, thread=thread, event=event, source=source, way=way, tell=tell
        )
        return await self._ask(request, bell.Doorstep)

    async def await_bell(
        self,
        agent: str = "",
        *,
        thread: str = "",
        way: Way = "wait",
        after: int = 0,
        wait_seconds: float | None = None,
    ) -> bell.Doorstep:
        """Return when the bell rings: then ``news`` is true, and nobody else is told the same.

        :param after: only what is newer than this cursor is news
        :param wait_seconds: return without news after so long; None: no limit
        """
        mail_input.choice("way", way, get_args(Way))
        mail_input.seconds("wait_seconds", wait_seconds)
        request = bell.AwaitBell(
            agent=agent, thread=thread, way=way, after=after, wait_seconds=wait_seconds
        )
        return await self._ask(request, bell.Doorstep, deadline=patience(wait_seconds))

    async def await_agent(self, agent: str = "", *, thread: str = "") -> bell.Doorstep:
        """Return when somebody is meant, with what waits for that agent; without end."""
        request = bell.AwaitAgent(agent=agent, thread=thread)
        return await self._ask(request, bell.Doorstep, deadline=None)

    async def note_ring(
        self, agent: str, cursor: int, way: Way, outcome: RingOutcome, detail: str = ""
    ) -> None:
        """Say what became of a ring. After ``gave_up``, the agent may be told another way."""
        mail_input.choice("way", way, get_args(Way))
        mail_input.choice("outcome", outcome, get_args(RingOutcome))
        request = bell.NoteRing(agent=agent, cursor=cursor, way=way, outcome=outcome, detail=detail)
        await self._ask(request, messages.Accepted)

    async def set_bell(
        self, agent: str = "", *, on: bool | None = None, every_seconds: float | None = None
    ) -> bell.BellState:
        """Set a doorbell, this client's own when ``agent`` is empty; return it with its rings.

        :param every_seconds: the least time between two rings
        :raises NotAuthorised: it is another's, and this client is no person
        """
        request = bell.SetBell(agent=agent, on=on, every_seconds=every_seconds)
        return await self._ask(request, bell.BellState)
