"""The client's part for working on mail: ask for a reply, receive, go through the inbox."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from . import mail
from .errors import DeadlineExceeded, ProtocolMismatch, UnknownAgent
from .incoming import Incoming
from .letters import Delivery, Held, Kind
from .mail_client import MailClient
from .received import Received

PARK_SECONDS = 20.0
"""How long a question waits for room in a full inbox."""


class InboxClient(MailClient):
    """Takes mail, keeps it leased while it is worked on, and settles it."""

    async def ask(
        self,
        to: str,
        content: str,
        *,
        kind: Kind = "task",
        metadata: Mapping[str, object] | None = None,
        in_reply_to: str = "",
        ttl_seconds: float | None = None,
        wait_seconds: float | None = None,
    ) -> Received:
        """Post a message and return the reply to it, acknowledged.

        Should the acknowledgement be lost with the broker, the reply comes as mail too.

        :param wait_seconds: None: no limit
        :raises DeadlineExceeded: none came in time; the message stays, its reply comes as mail
        :raises UnknownAgent: nobody has this name, or the recipient went without a reply
        """
        sent = await self.send(
            to,
            content,
            kind=kind,
            metadata=metadata,
            in_reply_to=in_reply_to,
            ttl_seconds=ttl_seconds,
            wait_for="reply",
            wait_seconds=wait_seconds,
            park_seconds=PARK_SECONDS if wait_seconds is None else min(wait_seconds, PARK_SECONDS),
        )
        if sent.reply is None:
            raise _without_reply(sent, wait_seconds)
        # Not waited for: whoever cancels us now would have lost a reply that is acknowledged.
        self._leases.acknowledge_unheld(Held(sent.reply.id, sent.reply.lease))
        return Received.of(sent.reply, self)

    @asynccontextmanager
    async def receive(
        self, *, wait_seconds: float | None = None, sender: str = "", in_reply_to: str = ""
    ) -> AsyncGenerator[Received | None, None]:
        """Hold the oldest message that fits for the life of a block; None: none came in time.

        It is acknowledged when the block ends well, and returned when it does not:
        counted as a failed attempt after an exception, not counted when cancelled.
        Its lease is extended as long as the block lasts.
        Do the work inside: what has left the block well is done, even if the wait for the
        broker's word on that is cancelled.

        :param wait_seconds: None: wait until there is one
        :raises StaleLease: as the block ended, it was not held any more; it may come again
        """
        taken = await self.take(wait_seconds=wait_seconds, sender=sender, in_reply_to=in_reply_to)
        if not taken.messages:
            yield None
            return
        async with self._leases.working_on(taken.messages[0]):
            yield Received.of(taken.messages[0], self)

    def inbox(self, *, sender: str = "") -> Incoming:
        """Go through this agent's mail as it comes: ``async for message in client.inbox()``.

        Each message is acknowledged when the next is asked for. Several loops share the mail.
        Use ``async with client.inbox() as inbox`` around the loop, so that the message at hand
        when it is left is acknowledged, or returned after an exception.
        """

        async def take() -> Delivery | None:
            taken = await self.take(wait_seconds=None, sender=sender)
            return taken.messages[0] if taken.messages else None

        return Incoming(take, lambda delivery: Received.of(delivery, self), self._leases)


def _without_reply(
    sent: mail.Sent, wait_seconds: float | None
) -> UnknownAgent | DeadlineExceeded | ProtocolMismatch:
    """Return why there is no reply."""
    if not sent.sent:
        return ProtocolMismatch("neither sent nor refused. Run `signalpost stop`, then try again.")
    question = sent.sent[0]
    what = f"message {question.message_id} to {question.name}"
    if sent.bounced:
        return UnknownAgent(
            f"{what} gets no reply: {sent.bounced}. See who is there with agents()."
        )
    if question.stage == "expired":
        return DeadlineExceeded(f"{what} has expired. Send it again with more ttl_seconds.")
    if question.stage == "dead":
        return DeadlineExceeded(
            f"{what} is a dead letter: nobody could work on it. A person sees why with:"
            " signalpost dead list"
        )
    limit = "in time" if wait_seconds is None else f"within {wait_seconds:g} s"
    return DeadlineExceeded(
        f"{what} is {question.stage}, and no reply came {limit}. It may still come, as mail:"
        f" receive(in_reply_to={question.message_id!r})."
    )
