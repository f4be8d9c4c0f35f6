"""Messages that are not in an inbox any more, and those of earlier broker lives."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

import anyio

from ..transport import letters, mail, messages
from ..transport.errors import BadRequest, NotAuthorised, StoreFull
from .agent import Agent
from .chores import Chores
from .doorbells import Doorbells
from .inboxes import Inboxes
from .latest_requests import LatestRequests
from .mail_history import message_of, stored_message
from .mail_store import MailStore
from .message_row import MessageRow
from .moment import Moment
from .registry import Registry

logger = logging.getLogger(__name__)

HISTORY_LIMIT = 1000


class MailArchive:
    """Answers for what only the store remembers."""

    def __init__(
        self,
        store: MailStore,
        registry: Registry,
        inboxes: Inboxes,
        bells: Doorbells,
        clock: Callable[[], Moment],
        chores: Chores,
    ) -> None:
        self._store = store
        self._registry = registry
        self._inboxes = inboxes
        self._bells = bells
        self._clock = clock
        self._chores = chores
        self.latest = LatestRequests()

    async def sent_before(self, request_id: bytes) -> list[MessageRow]:
        """Return the messages that a request has sent."""
        return await self._store.by_request(request_id)

    async def written(self) -> None:
        """Return when all that has happened so far is on disk: the store may not know of it yet.

        :raises StoreFull: it has no room
        """
        noted = anyio.Event()
        self._chores.add(noted.set)
        await noted.wait()
        await self._store.committed()

    async def kept(self, reply: messages.Reply) -> messages.Reply:
        """Return a reply when what it says is on disk.

        Where there is no room for that, it holds as long as this broker lives.
        """
        try:
            await self.written()
        except StoreFull as error:
            logger.warning("an agent is not on disk yet: %s", error)
        return reply

    # ------------------------------------------------------------ looking back

    async def read(self, message_id: str, agent: Agent | None) -> messages.Reply:
        """Return one message; of those of ``agent`` only, None: of all.

        :raises BadRequest: there is no such message
        :raises NotAuthorised: it is somebody else's
        """
        row = await self._store.message(message_id)
        if row is None:
            raise BadRequest(f"there is no message {message_id}. See: signalpost history")
        if agent is not None and agent.id not in (row.agent_id, row.sender_id):
            raise NotAuthorised(
                f"message {message_id} was neither sent to nor by {agent.name}."
                " Read only your own mail."
            )
        return mail.StoredMessages(messages=[self._shown(row)])

    async def search(self, request: mail.History, agent: Agent | None) -> messages.Reply:
        """Search what was sent; of ``agent`` only, None: of all.

        :raises BadRequest: a limit that is none, or the search took too long
        """
        if not 1 <= request.limit <= HISTORY_LIMIT:
            raise BadRequest(f"limit must be from 1 to {HISTORY_LIMIT}, not {request.limit}.")
        name = request.agent if agent is None else agent.name
        known = self._registry.find(name)
        rows = await self._store.history(
            request.search,
            name,
            request.state,
            request.limit,
            request.before,
            known.id if known is not None else 0,
        )
        return mail.StoredMessages(messages=_bounded([self._shown(row) for row in rows]))

    def _shown(self, row: MessageRow) -> letters.StoredMessage:
        rings = self._bells.covering(row.agent_id, row.sent_at, row.delivered_at)
        return stored_message(row, rings)

    # ------------------------------------------------------------ dead letters

    async def redrive(self, message_ids: list[str]) -> messages.Reply:
        """Put dead letters back into their inboxes."""
        settled = [await self._redrive(message_id) for message_id in message_ids]
        await self.written()
        return mail.SettledAll(messages=settled)

    async def _redrive(self, message_id: str) -> letters.Settled:
        row = await self._store.message(message_id)
        is_back = self._inboxes.where(message_id) is not None  # which may not be on disk yet
        if row is None or row.state != "dead" or is_back:
            return _not_dead(message_id)
        agent = self._registry.by_id(row.agent_id) or self._registry.find(row.recipient)
        if agent is None:
            return letters.Settled(
                message_id=message_id,
                code="UNKNOWN_AGENT",
                detail=f"{row.recipient} is no agent any more. Send it anew, or purge it.",
            )
        message = message_of(row, self._clock())
        self._inboxes.redrive(agent, message)
        return letters.Settled(message_id=message_id)

    async def purge(self, message_ids: list[str]) -> messages.Reply:
        """Delete dead letters for good."""
        purged = set(await self._store.purge(message_ids))
        self._inboxes.dead = Counter(await self._store.dead_counts())
        return mail.SettledAll(
            messages=[
                letters.Settled(message_id=each) if each in purged else _not_dead(each)
                for each in message_ids
            ]
        )


def _not_dead(message_id: str) -> letters.Settled:
    return letters.Settled(
        message_id=message_id,
        code=BadRequest.code,
        detail="it is no dead letter. See: signalpost dead list",
    )


def _bounded(found: list[letters.StoredMessage]) -> list[letters.StoredMessage]:
    """Leave out the oldest when all together would be too much for one answer."""
    room = 8 * 1024 * 1024
    for count, message in enumerate(found):
        room -= len(message.content) * 4 + len(message.metadata)
        if room < 0:
            return found[: max(1, count)]
    return found
