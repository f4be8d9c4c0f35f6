"""Receives: mail taken from the inbox, and as the model is shown it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio
import mcp.types as t

from ..transport import errors
from ..transport.letters import Delivery, Held, Settled
from ..transport.mail import Deliveries
from . import mail_fields, mail_text, message_text
from .asker import Asker
from .broker_port import BrokerPort
from .budget import capped
from .correspondence import Correspondence
from .deliveries import Due, Taking
from .mail_calls import ReceiveMessage
from .results import result, with_line

_MESSAGES = "signalpost/messages"
_SETTLED = "signalpost/settled"


class Receiving:
    """Receives for every agent of a bridge; ``give_back`` returns mail beside all else."""

    def __init__(
        self, marks: Callable[[], str], give_back: Callable[[BrokerPort, list[Held]], None]
    ) -> None:
        self._marks = marks
        self._give_back = give_back

    async def answer(
        self, post: Correspondence, call: ReceiveMessage, asker: Asker
    ) -> t.CallToolResult:
        """Return the result of a receive that its client waits for."""
        wait = capped(call.timeout, asker.quiet_budget)
        taken, doubtful = await self._take(post, call, asker, wait, post.deliveries.due)
        if taken.messages:
            return self._shown(taken, doubtful)
        return nothing(wait, taken.acknowledged)

    async def begin(
        self, post: Correspondence, call: ReceiveMessage, asker: Asker
    ) -> t.CallToolResult | list[Settled]:
        """Return the mail that is there, else what the receive acknowledged: it goes on later."""
        taken, doubtful = await self._take(post, call, asker, 0, post.deliveries.due)
        if taken.messages:
            return _named(post, self._shown(taken, doubtful))
        return taken.acknowledged

    async def look(
        self, post: Correspondence, call: ReceiveMessage, asker: Asker, wait: float
    ) -> t.CallToolResult | None:
        """Return the mail that comes within ``wait`` seconds for a receive that began before.

        The model has not asked again: nothing is acknowledged.
        """
        taken, doubtful = await self._take(post, call, asker, wait, _nothing_due)
        return _named(post, self._shown(taken, doubtful)) if taken.messages else None

    def took(
        self,
        post: Correspondence,
        taking: Taking | None,
        messages: Sequence[Delivery],
        *,
        ack: bool,
    ) -> None:
        """Note what a call took and is about to show."""
        if taking is not None and messages:
            held = [Held(message.id, message.lease) for message in messages]
            now = anyio.current_time()
            self._give_back(post.broker, post.deliveries.took(taking, held, ack=ack, now=now))

    async def _take(
        self,
        post: Correspondence,
        call: ReceiveMessage,
        asker: Asker,
        wait: float | None,
        due: Callable[[], Due],
    ) -> tuple[Deliveries, bool]:
        """Return what came, and whether it is doubtful that the model will read it."""
        await post.until_written()
        taken = Deliveries(messages=[])
        with post.receiving(asker), post.taking(asker) as taking:
            taken = await _taken(post, call, wait, due())
            self.took(post, taking, taken.messages, ack=call.ack)
        return taken, taking.doubtful

    def _shown(self, taken: Deliveries, doubtful: bool) -> t.CallToolResult:
        meta: mail_fields.Json = {
            _MESSAGES: [mail_fields.message_fields(message) for message in taken.messages]
        }
        if taken.acknowledged:
            meta[_SETTLED] = mail_fields.settled_fields(taken.acknowledged)
        text = message_text.messages_text(
            taken.messages, self._marks(), acknowledged=_done(taken.acknowledged), unread=doubtful
        )
        return result(text, meta)


def nothing(waited: float | None, acknowledged: Sequence[Settled]) -> t.CallToolResult:
    """Return the result of a receive that got nothing in ``waited`` seconds."""
    meta: mail_fields.Json = {_MESSAGES: []}
    if acknowledged:
        meta[_SETTLED] = mail_fields.settled_fields(acknowledged)
    return result(mail_text.nothing_line(waited, _done(acknowledged)), meta)


def forget_settled(post: Correspondence, settled: Sequence[Settled]) -> None:
    """Forget what is over; what could not be done now is said again at the next receive."""
    over = ("", errors.StaleLease.code)
    post.deliveries.forget(each.message_id for each in settled if each.code in over)


async def _taken(
    post: Correspondence, call: ReceiveMessage, wait: float | None, due: Due
) -> Deliveries:
    """Return mail, when what was read before is acknowledged and the doubtful is given back."""
    if due.give_back:
        await post.broker.settle(due.give_back, "return")
        post.deliveries.forget(held.message_id for held in due.give_back)
    taken = await post.broker.take(
        wait_seconds=wait,
        sender=call.sender,
        in_reply_to=call.in_reply_to,
        max_messages=call.max_messages,
        acknowledge=due.acknowledge,
    )
    forget_settled(post, taken.acknowledged)
    return taken


def _nothing_due() -> Due:
    return Due(acknowledge=[], give_back=[])


def _done(settled: Sequence[Settled]) -> list[str]:
    return [each.message_id for each in settled if not each.code]


def _named(post: Correspondence, answer: t.CallToolResult) -> t.CallToolResult:
    line = post.naming(always=False)
    return with_line(answer, line) if line else answer
