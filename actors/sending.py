"""Serves requests to send: finds the recipients, posts, and answers the sender.

    send ─> checks ─> recipients ─> loop guard ─> one message per inbox
                                                        │
      Sent <── on disk, or as far as was to be waited ──┘

A sender that waits for the reply is answered from its own inbox when it comes
there, or from the recipient's when none will; the first calls the other off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ..transport import letters, mail, messages
from ..transport.errors import LoopDetected, SignalpostError
from ..transport.session import Session
from .address import Address, Name, means_one, named, parse, recipients, single
from .agent import Agent
from .drafts import Drafts
from .inboxes import Inboxes
from .mail_history import message_of
from .mail_services import Asker, MailServices
from .membership import Membership
from .message import Message, SendCall
from .message_row import MessageRow
from .orders import giving_up, hasten, putting
from .outgoing import PARK_SECONDS, check, check_goal, deadline_of
from .posting import NamedCall, Posting, refusal
from .receiver import Receiver
from .registry import Registry
from .replies import Replies
from .stages import Stages
from .standing import Standing


class Sending:
    """The sends of one broker life."""

    def __init__(
        self,
        registry: Registry,
        membership: Membership,
        standing: Standing,
        stages: Stages,
        inboxes: Inboxes,
        services: MailServices,
        drafts: Drafts,
        forget: Callable[[bytes], None],
    ) -> None:
        self._registry = registry
        self._membership = membership
        self._standing = standing
        self._stages = stages
        self._inboxes = inboxes
        self._services = services
        self._drafts = drafts
        self._forget = forget
        self._postings: dict[bytes, Posting] = {}
        self._calls: dict[bytes, tuple[Agent, bytes]] = {}
        """To whom a sender that waits has sent, and its session, by correlation."""
        self._asks: dict[bytes, tuple[Agent, Message, Agent]] = {}
        """Who asks, what, and whom, by correlation."""
        self._replies = Replies(registry, inboxes, services)

    # ------------------------------------------------------------ requests

    def send(self, session: Session, correlation: bytes, request: mail.Send) -> None:
        """Post a message; the sender is answered later.

        :raises SignalpostError: nothing was accepted
        """
        check(request)
        sender = self._membership.agent_of(session)
        addresses = parse(request.to)
        if (name := single(addresses)) is not None:
            self._send_one(session, sender, correlation, request, name)
        else:
            check_goal(request)
            self._send_many(session, sender, correlation, request, addresses)

    def resume(
        self, session: Session, correlation: bytes, request: mail.Send, rows: list[MessageRow]
    ) -> mail.Sent | None:
        """Take up a send that an earlier broker life has served; None: it is answered later.

        :raises SignalpostError: the sender is no agent
        """
        now = self._services.clock()
        sender = self._membership.agent_of(session)
        found = [self._open(row) or message_of(row, now) for row in rows]
        if request.wait_for == "stored":
            self._send_rest(session, sender, correlation, request, found)
            return None
        message, recipient = found[0], self._registry.by_id(found[0].agent_id)
        if recipient is None:
            return mail.Sent(sent=[self._stages.of(message)], bounced=f"{message.to} is no agent")
        deadline = deadline_of(request, now.mono)
        call = NamedCall(correlation, session.token, request.wait_for, None, deadline)
        if request.wait_for == "reply":
            self._await_reply(sender, recipient, message, call)
        elif not message.is_open:
            return mail.Sent(sent=[self._stages.of(message)])
        if message.is_open:
            self._calls[correlation] = recipient, session.token
            self._inboxes.tell(recipient, putting(message, call), call)
        return None

    def _send_rest(
        self,
        session: Session,
        sender: Agent,
        correlation: bytes,
        request: mail.Send,
        kept: list[Message],
    ) -> None:
        """Send to those of many who were refused when the others' messages got on disk."""
        addresses = parse(request.to)
        rest = [] if means_one(addresses) else addresses
        self._send_many(session, sender, correlation, request, rest, kept)

    def _open(self, row: MessageRow) -> Message | None:
        """Return a stored message that is still in an inbox."""
        agent = self._registry.by_id(row.agent_id)
        inbox = self._inboxes.look(agent) if agent is not None else None
        return inbox.find(row.id) if inbox is not None else None

    def end_questions(self, session: Session, rows: list[MessageRow]) -> bool:
        """End what is answered by replies that were stored before; False: none of them is one."""
        for row in rows:
            self._replies.acknowledge(row, session.token)
        return any(row.in_reply_to for row in rows)

    def is_current(self, rows: list[MessageRow]) -> bool:
        """Tell whether every message that is open in the store still is."""
        open_rows = [row for row in rows if row.is_open and self._registry.by_id(row.agent_id)]
        return all(self._open(row) is not None for row in open_rows)

    def give_up(self, correlation: bytes) -> None:
        """The sender does not wait any more; what was accepted stays."""
        self._postings.pop(correlation, None)
        call = self._calls.get(correlation)
        self._call_off(correlation)
        if call is not None:
            self._inboxes.tell_existing(call[0], giving_up(correlation))

    def leave(self, session: bytes) -> None:
        """A session is gone: its requests are given up, and may come again under another one."""
        for correlation, (_, asking) in [*self._calls.items()]:
            if asking == session:
                self.give_up(correlation)
                self._forget(correlation)

    def hasten(self, session: bytes) -> None:
        """No reply reaches a session any more: what it asked is told when it is on disk."""
        hasten(session, (message for _, message, _ in self._asks.values()), self._inboxes)

    def _send_one(
        self,
        session: Session,
        sender: Agent,
        correlation: bytes,
        request: mail.Send,
        name: Name,
    ) -> None:
        recipient, key = named(name, self._registry)
        message = self._drafts.message(session, sender, recipient, correlation, request, key)
        now = message.sent.mono
        call = NamedCall(
            correlation=correlation,
            session=session.token,
            goal=request.wait_for,
            park=now + min(request.park_seconds, PARK_SECONDS) if request.park_seconds else None,
            deadline=deadline_of(request, now),
            name=recipient.name,
        )
        if request.wait_for == "reply":
            self._await_reply(sender, recipient, message, call)
        self._calls[correlation] = recipient, session.token
        self._inboxes.tell(recipient, putting(message, call), call)

    def _send_many(
        self,
        session: Session,
        sender: Agent,
        correlation: bytes,
        request: mail.Send,
        addresses: Sequence[Address],
        kept: Sequence[Message] = (),
    ) -> None:
        served = {message.agent_id for message in kept}
        pick = partial(self._standing.pick, served=served)
        meant = recipients(addresses, self._registry, sender, pick)
        if not meant.agents and meant.refused and not kept:
            raise meant.refused[0][1]
        posting = Posting(session.token, [refusal(name, error) for name, error in meant.refused])
        self._postings[correlation] = posting
        for message in kept:
            posting.arrived(self._stages.of(message))
        left = self._drafts.missing(correlation, meant, kept)
        posting.expect(recipient.name for recipient in left)
        for recipient in left:
            call = NamedCall(correlation=correlation, session=session.token, name=recipient.name)
            key = meant.keys[recipient.id]
            try:
                message = self._drafts.message(
                    session, sender, recipient, correlation, request, key
                )
            except LoopDetected as error:
                self.refused(call, error)
            else:
                self._inboxes.tell(recipient, putting(message, call), call)
        self._finish(correlation, posting)

    # ------------------------------------------------------------ one message

    def _await_reply(
        self, sender: Agent, recipient: Agent, message: Message, call: SendCall
    ) -> None:
        self._asks[call.correlation] = (sender, message, recipient)
        receiver = Receiver(
            correlation=call.correlation,
            session=call.session,
            in_reply_to=message.id,
            deadline=None if message.is_open else call.deadline,
            awaits=call,
        )
        self._inboxes.tell(sender, lambda inbox, now: inbox.receive(receiver, now), receiver)

    # ------------------------------------------------------------ for the inboxes

    def stored(self, message: Message) -> None:
        """A message is on disk: the one that it answers is done."""
        if message.in_reply_to:
            self._replies.stored(message)

    def told(self, call: SendCall, message: Message, bounced: str) -> None:
        """A message has come as far as its sender was to wait."""
        self._call_off(call.correlation)
        sent = self._stages.of(message)
        if message.in_reply_to:
            self._replies.when_acknowledged(lambda: self._tell(call, sent, bounced))
        else:
            self._tell(call, sent, bounced)

    def _tell(self, call: SendCall, sent: letters.SentMessage, bounced: str) -> None:
        posting = self._postings.get(call.correlation)
        if posting is None:
            answer = mail.Sent(sent=[sent], bounced=bounced)
            self._services.reply(call.session, call.correlation, answer)
            return
        posting.arrived(sent)
        self._finish(call.correlation, posting)

    def replied(self, receiver: Receiver, reply: Message | None) -> mail.Sent:
        """Return the answer to a sender whose reply has come, or whose time is over."""
        asker, message, recipient = self._asks.pop(receiver.correlation)
        self._calls.pop(receiver.correlation, None)
        if recipient is not asker:  # in one's own inbox it would give the reply back
            self._inboxes.tell_existing(recipient, giving_up(receiver.correlation))
        return mail.Sent(
            sent=[self._stages.of(message)], reply=reply.delivery() if reply is not None else None
        )

    def refused(self, asker: Asker, error: SignalpostError) -> None:
        """A message, or whoever waits at an inbox, was refused."""
        self._call_off(asker.correlation)
        posting = self._postings.get(asker.correlation)
        if posting is None or not isinstance(asker, NamedCall):
            failed = messages.Failed(code=error.code, detail=str(error))
            self._services.reply(asker.session, asker.correlation, failed)
            return
        posting.refuse(refusal(asker.name, error))
        self._finish(asker.correlation, posting)

    # ------------------------------------------------------------ inside

    def _finish(self, correlation: bytes, posting: Posting) -> None:
        if posting.is_complete and self._postings.pop(correlation, None) is not None:
            self._services.reply(posting.session, correlation, posting.answer())

    def _call_off(self, correlation: bytes) -> None:
        """The sender does not wait any more: a reply comes as mail."""
        self._calls.pop(correlation, None)
        asked = self._asks.pop(correlation, None)
        if asked is None:
            return
        for agent in (asked[0], asked[2]):
            self._inboxes.tell_existing(agent, giving_up(correlation))
