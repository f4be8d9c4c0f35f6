"""Makes messages of requests to send, and stops those that go round and round."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..transport import mail
from ..transport.errors import LoopDetected
from ..transport.session import Session
from .address import Recipients
from .agent import Agent
from .inboxes import Inboxes
from .loop_guard import LoopGuard
from .mail_history import row_of
from .mail_services import MailServices
from .message import Message
from .moment import Moment


class Drafts:
    """One message for each recipient of a send."""

    def __init__(
        self,
        inboxes: Inboxes,
        services: MailServices,
        guard: LoopGuard,
        id_of: Callable[[bytes, str], str],
    ) -> None:
        self._inboxes = inboxes
        self._services = services
        self._guard = guard
        self._id_of = id_of

    def message(
        self,
        session: Session,
        sender: Agent,
        recipient: Agent,
        correlation: bytes,
        request: mail.Send,
        key: str,
    ) -> Message:
        """Make the message to one recipient.

        :param key: makes its id, with the correlation
        :raises LoopDetected: it goes round and round; it was made a dead letter
        """
        now = self._services.clock()
        ttl = request.ttl_seconds
        message = Message(
            seq=0,
            id=self._id_of(correlation, key),
            agent_id=recipient.id,
            sender=sender.name,
            sender_id=sender.id,
            to=recipient.name,
            kind=request.kind,
            content=request.content,
            request_id=correlation,
            sent=now,
            session=session.token,
            metadata=request.metadata,
            in_reply_to=request.in_reply_to,
            expires=None if ttl is None else now.mono + ttl,
        )
        try:
            message.hops = self._guard.check(
                sender.id, session.hello.kind, recipient.id, request.in_reply_to, now.mono
            )
        except LoopDetected as error:
            self._bury(message, str(error), now)
            raise
        self._guard.learn(message.id, message.hops)
        return message

    def missing(
        self, correlation: bytes, meant: Recipients, kept: Sequence[Message]
    ) -> list[Agent]:
        """Return those who are meant by a request and for whom none of its messages is kept yet.

        A message whose id is kept is the same one, whoever has it.
        """
        if not kept:
            return meant.agents
        served, ids = {m.agent_id for m in kept}, {m.id for m in kept}
        left = [agent for agent in meant.agents if agent.id not in served]
        return [a for a in left if self._id_of(correlation, meant.keys[a.id]) not in ids]

    def _bury(self, message: Message, reason: str, now: Moment) -> None:
        message.seq = self._services.seqs()
        message.state, message.reason, message.ended = "dead", reason, now
        self._services.store.keep(row_of(message, now))
        self._inboxes.dead[message.agent_id] += 1
        self._services.events.write(
            "message_dead_lettered", message_id=message.id, to=message.to, reason=reason
        )
