"""The actor of one inbox: applies each order to the rules, in turn, and does what follows.

It exists while its inbox holds mail or a receiver, and rests for a while when it
is empty. Nothing that it does waits, so an order is carried out at once unless another is in hand:
then it lies in the mailbox until that one is through. Mail goes out first; the
rest is done, in order, when that is on its way.

    order ─> mailbox ─> rules ─> effects ─> deliveries
                          ^         └─ chores ─> the store, senders, events
              the timer ──┴── "it is on disk", "it is not"
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol

from ..transport import mail
from ..transport.errors import InternalFault, SignalpostError, StoreFull
from .agent import Agent
from .inbox import Inbox
from .inbox_effects import Deliver, Effect, Ended, Keep, Note, Refuse, Tell
from .mail_history import row_of
from .mail_services import Asker, MailServices, Senders
from .message import Message
from .moment import Moment
from .receiver import Receiver

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.1
"""A timer that is so late tells that the broker itself was stopped, or had no time for anybody."""
DRAIN_SECONDS = 1.0
"""After a stop, acknowledgements that were sent meanwhile are waited for so long."""

Work = Callable[[Inbox, Moment], object]
"""One verb of the rules."""


class House(Protocol):
    """Where all inboxes are; see :mod:`inboxes`."""

    def home(self, message: Message) -> InboxActor | None:
        """Return the actor whose inbox has a message now."""
        ...

    def came(self, message: Message) -> None:
        """A message was accepted."""
        ...

    def ended(self, message: Message) -> None:
        """A message is in no inbox any more."""
        ...

    def forget(self, message_id: str) -> None:
        """A message never came to be."""
        ...

    def done(self, actor: InboxActor) -> None:
        """Something was done at an inbox, and all that followed at once."""
        ...

    def rest(self, actor: InboxActor) -> None:
        """An inbox is empty and nobody waits at it."""
        ...


class InboxActor:
    """Runs one :class:`Inbox`. It alone changes the inbox's state."""

    __slots__ = (
        "_busy",
        "_due_to_finish",
        "_house",
        "_left",
        "_mailbox",
        "_senders",
        "_services",
        "_timer",
        "_unsaved",
        "agent",
        "inbox",
    )

    def __init__(
        self,
        agent: Agent,
        inbox: Inbox,
        services: MailServices,
        senders: Senders,
        house: House,
    ) -> None:
        self.inbox = inbox
        self.agent = agent
        self._services = services
        self._senders = senders
        self._house = house
        self._mailbox: list[tuple[Work, Asker | None]] = []
        self._busy = False
        self._unsaved = 0
        self._left: list[Effect] = []
        self._due_to_finish = False
        self._timer: asyncio.TimerHandle | None = None

    def tell(self, work: Work, asker: Asker | None = None) -> None:
        """Carry out an order; ``asker`` hears of a refusal. Never raises."""
        if self._busy:
            self._mailbox.append((work, asker))
            return
        self._busy = True
        try:
            self._serve(work, asker)
            while self._mailbox:
                self._serve(*self._mailbox.pop(0))
        finally:
            self._busy = False
        if not self._due_to_finish:
            self._due_to_finish = True
            self._services.chores.add(self._finish)

    def _finish(self) -> None:
        """Do what is left; then set the timer, or rest when the inbox is empty."""
        self._due_to_finish = False
        left, self._left = self._left, []
        for effect in left:
            self._perform(effect)
        self._house.done(self)
        if self.is_idle:
            self._house.rest(self)
        elif (deadline := self.inbox.next_deadline()) is not None:
            self._arm(deadline)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do: no mail, nobody who waits, nothing on its way to disk."""
        return not self._unsaved and self.inbox.is_idle

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # ------------------------------------------------------------ orders

    def _serve(self, work: Work, asker: Asker | None) -> None:
        try:
            work(self.inbox, self._services.clock())
        except SignalpostError as error:
            self._refuse(asker, error)
        except Exception as error:
            logger.exception("the inbox of %s failed", self.agent.name)
            self._refuse(asker, self._fault(error))
        for effect in self.inbox.take_effects():
            if type(effect) is Deliver:
                self._perform(effect)
            else:
                self._left.append(effect)

    def _salvage(self, effect: Effect, error: Exception) -> None:
        """An effect failed: nobody may wait for ever for what it would have done."""
        match effect:
            case Keep(message):
                self._kept(message, self._fault(error))
            case Deliver(receiver, _):
                self.tell(lambda inbox, now: inbox.give_up(receiver.correlation, now))
                self._refuse(receiver, self._fault(error))
            case Tell(call, _, _) | Refuse(call, _):
                self._refuse(call, self._fault(error))
            case Note() | Ended():
                pass  # the log says it; what is on disk is older, and that is safe

    def _refuse(self, asker: Asker | None, error: SignalpostError) -> None:
        if asker is not None:
            self._senders.refused(asker, error)

    def _fault(self, error: Exception) -> InternalFault:
        return InternalFault(
            f"{type(error).__name__} in the inbox of {self.agent.name}; see the broker's log."
        )

    # ------------------------------------------------------------ effects

    def _perform(self, effect: Effect) -> None:
        try:
            match effect:
                case Keep(message):
                    self._keep(message)
                case Tell(call, message, bounced):
                    self._senders.told(call, message, bounced)
                case Deliver(receiver, delivered):
                    self._deliver(receiver, delivered)
                case Note(message):
                    self._services.store.note(row_of(message, self._services.clock()))
                case Refuse(call, refusal):
                    self._refuse(call, refusal)
                case Ended(message):
                    self._end(message)
        except Exception as error:
            logger.exception("the inbox of %s could not go on", self.agent.name)
            self._salvage(effect, error)

    def _keep(self, message: Message) -> None:
        self._unsaved += 1
        self._house.came(message)
        row = row_of(message, self._services.clock())
        self._services.store.keep(row, partial(self._saved, message))
        self._services.events.write(
            "message_sent",
            message_id=message.id,
            **{"from": message.sender},
            to=message.to,
            type=message.kind,
        )

    def _saved(self, message: Message, error: Exception | None) -> None:
        self._unsaved -= 1
        self._kept(message, error)

    def _kept(self, message: Message, error: Exception | None) -> None:
        home = self._house.home(message) or self  # its agent may have become another meanwhile
        if error is None:
            self._senders.stored(message)
            home.tell(lambda inbox, _now: inbox.stored(message.seq))
            return
        refusal = error if isinstance(error, SignalpostError) else StoreFull(str(error))
        self._services.store.forget(message.seq)
        self._house.forget(message.id)
        for actor in dict.fromkeys((self, home)):
            actor.tell(lambda inbox, _now: inbox.withdraw(message.seq, refusal))

    def _deliver(self, receiver: Receiver, delivered: tuple[Message, ...]) -> None:
        answer = self._answer(receiver, delivered)
        if not self._services.reply(receiver.session, receiver.correlation, answer):
            self.tell(lambda inbox, now: inbox.give_up(receiver.correlation, now))
            return
        self._services.chores.add(partial(self._log_deliveries, delivered))

    def _log_deliveries(self, delivered: tuple[Message, ...]) -> None:
        for message in delivered:
            self._services.events.write(
                "message_delivered",
                message_id=message.id,
                to=self.agent.name,
                attempt=message.attempts + 1,
            )

    def _answer(
        self, receiver: Receiver, delivered: tuple[Message, ...]
    ) -> mail.Sent | mail.Deliveries:
        if receiver.awaits is not None:
            return self._senders.replied(receiver, next(iter(delivered), None))
        return mail.Deliveries(
            messages=[message.delivery() for message in delivered],
            acknowledged=list(receiver.acknowledged),
        )

    def _end(self, message: Message) -> None:
        self._house.ended(message)
        if message.state == "done":
            self._services.events.write("message_acked", message_id=message.id, to=self.agent.name)
        else:
            self._services.events.write(
                "message_dead_lettered",
                message_id=message.id,
                to=self.agent.name,
                reason=message.reason or message.state,
            )

    # ------------------------------------------------------------ time

    def _arm(self, deadline: float) -> None:
        """Have the timer go off when the rules next have something to do, or before."""
        if self._timer is not None and self._timer.when() <= deadline:
            return
        self.close()
        loop = asyncio.get_running_loop()
        when = max(deadline, loop.time())  # what is due already is not late
        self._timer = loop.call_at(when, self._due, when)

    def _due(self, deadline: float) -> None:
        self._timer = None
        late = self._services.clock().mono - deadline
        if late > PAUSE_SECONDS:
            self.tell(lambda inbox, _now: inbox.shift(late))
            self.tell(lambda inbox, _now: inbox.spare(DRAIN_SECONDS))
        self._advance()

    def _advance(self) -> None:
        self.tell(lambda inbox, now: inbox.advance(now, self._services.renewed_at(self.agent)))
