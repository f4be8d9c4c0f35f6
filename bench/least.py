"""``python -m bench.least SOCKET FOLDER``: the floor, and the least that the promise of an inbox needs.

Whose session it is, whether the request was heard before, who the recipient is
and how much its inbox holds, a lease with a token and a deadline, one line of the
event log, the answer kept for a repeated call, and the row in the store: each
once, in straight lines, without names that move, roles, replies, hops, stages,
parked senders, TTL, recovery or refusals. A broker in this language that keeps
the promise costs no less.
"""

from __future__ import annotations

import asyncio
import heapq
import os
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from msgspec import structs

from bench.floor import Floor, durable
from signalpost.actors.committer import Committer
from signalpost.actors.eventlog import EventLog
from signalpost.actors.mail_store import MailStore
from signalpost.actors.message_row import MessageRow
from signalpost.actors.serve import SWITCH_SECONDS
from signalpost.transport import frames, letters, mail, messages
from signalpost.transport.sockets import Message, Router

_BOUND, _BYTES, _LEASE_SECONDS = 20_000, 1 << 34, 60.0


@dataclass(slots=True)
class _Inbox:
    """What waits for one agent, what it holds, and where it waits itself."""

    agent_id: int
    ready: deque[MessageRow] = field(default_factory=deque[MessageRow])
    leased: dict[str, tuple[MessageRow, bytes]] = field(
        default_factory=dict[str, tuple[MessageRow, bytes]]
    )
    receivers: deque[tuple[bytes, bytes]] = field(default_factory=deque[tuple[bytes, bytes]])
    size: int = 0


class Least(Floor):
    """Keeps the rules that nobody could leave out, and no other."""

    def __init__(self, router: Router, store: MailStore, events: EventLog) -> None:
        super().__init__(router, store)
        self._rows = store
        self._events = events
        self._agents: dict[bytes, str] = {}
        self._inboxes: dict[str, _Inbox] = {}
        self._answered: dict[bytes, mail.Sent] = {}
        self._deadlines: list[tuple[float, str, bytes]] = []

    def handle(self, message: Message) -> None:
        """Serve one message."""
        frames.check(message.frames)
        request = self._decoder.decode(message.frames[1])
        peer, correlation = message.identity, frames.correlation_of(message.frames[0])
        if isinstance(request, messages.Hello):
            self._agents[peer] = request.agent
            self._inboxes[request.agent] = _Inbox(agent_id=len(self._inboxes) + 1)
            super().handle(message)
            return
        agent = self._agents[peer]
        match request:
            case mail.Send():
                self._take(peer, correlation, agent, request)
            case mail.Receive():
                self._hand_out(peer, correlation, self._inboxes[agent], request)
            case mail.Settle():
                self._settle(peer, correlation, self._inboxes[agent], request)
            case _:
                super().handle(message)

    def _take(self, peer: bytes, correlation: bytes, agent: str, request: mail.Send) -> None:
        if (answer := self._answered.get(correlation)) is not None:
            self._answer(peer, correlation, answer)
            return
        inbox, size = self._inboxes[request.to[0]], len(request.content)
        assert len(inbox.ready) + len(inbox.leased) < _BOUND
        assert inbox.size + size < _BYTES
        row = self._row(correlation, request, agent, inbox.agent_id)
        inbox.size += size
        stage: letters.Stage = "stored"
        if inbox.receivers:
            self._deliver(*inbox.receivers.popleft(), inbox, [row])
            stage = "delivered"
        else:
            inbox.ready.append(row)

        def told(error: Exception | None) -> None:
            assert error is None
            self._events.write("message_sent", message_id=row.id, agent=agent)
            sent = mail.Sent(sent=[letters.SentMessage(row.recipient, row.id, stage, "online")])
            self._answered[correlation] = sent
            self._answer(peer, correlation, sent)

        self._rows.keep(row, told)

    def _hand_out(
        self, peer: bytes, correlation: bytes, inbox: _Inbox, request: mail.Receive
    ) -> None:
        if not inbox.ready and request.wait_seconds != 0:
            inbox.receivers.append((peer, correlation))
            return
        count = min(request.max_messages, len(inbox.ready))
        self._deliver(peer, correlation, inbox, [inbox.ready.popleft() for _ in range(count)])

    def _deliver(
        self, peer: bytes, correlation: bytes, inbox: _Inbox, rows: list[MessageRow]
    ) -> None:
        deliveries: list[letters.Delivery] = []
        for row in rows:
            token = os.urandom(8)
            inbox.leased[row.id] = (row, token)
            heapq.heappush(
                self._deadlines, (time.monotonic() + _LEASE_SECONDS, row.recipient, token)
            )
            deliveries.append(
                letters.Delivery(
                    id=row.id,
                    sender=row.sender,
                    to=row.recipient,
                    kind=row.kind,
                    content=row.content,
                    sent_at=row.sent_at,
                    lease=token,
                )
            )
        self._answer(peer, correlation, mail.Deliveries(messages=deliveries))

    def _settle(self, peer: bytes, correlation: bytes, inbox: _Inbox, request: mail.Settle) -> None:
        for held in request.messages:
            row, token = inbox.leased.pop(held.message_id)
            assert token == held.lease
            inbox.size -= len(row.content)
            self._rows.note(structs.replace(row, state="done", attempts=1))
        done = mail.SettledAll(messages=[letters.Settled(h.message_id) for h in request.messages])
        self._answer(peer, correlation, done)


async def main(socket: str, folder: str) -> None:
    """Serve until killed; say so first."""
    path = Path(folder) / "queue.db"
    sys.setswitchinterval(SWITCH_SECONDS)
    committer = Committer()
    await committer.start(lambda: durable(path))
    later = asyncio.get_running_loop().call_later
    events = EventLog(Path(folder) / "events.jsonl", later=later)
    with Router(f"ipc://{socket}") as router:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await router.serve(Least(router, MailStore(committer, path), events).handle)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2])
