"""An inbox and its model side by side: whatever is done to one is done to the other.

After each verb, what the inbox wants done is compared with what the model says
must follow.
"""

from __future__ import annotations

import itertools

from signalpost.actors.inbox import Inbox
from signalpost.actors.inbox_effects import Deliver, Effect, Ended, Keep, Note, Refuse, Tell
from signalpost.actors.message import Message, SendCall
from signalpost.actors.moment import Moment
from signalpost.actors.receiver import Receiver
from signalpost.transport.errors import InboxFull
from signalpost.transport.letters import Held, Outcome
from tests.actors.inbox_model import InboxModel
from tests.actors.inbox_pieces import Caller, Expected, Letter, Want
from tests.actors.inbox_words import a_message, counter

BOUND = 3
LEASE = 10


class InboxPair:
    kind: type[Inbox] = Inbox

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.seqs = itertools.count(1)
        self.make_token = counter()
        self.tokens: set[bytes] = set()
        self.model = InboxModel(BOUND, LEASE)
        self.inbox = self.new_inbox()
        self.messages: dict[str, Message] = {}
        self.calls: dict[bytes, SendCall] = {}
        self.old_tokens: dict[str, bytes] = {}

    # ------------------------------------------------------------ the world

    def new_inbox(self) -> Inbox:
        return self.kind(self.model.bound, LEASE, self.make_token, self.seqs.__next__)

    def moment(self) -> Moment:
        return Moment(float(self.model.now), 1000.0 + self.model.now)

    def correlation(self) -> bytes:
        return b"%d" % next(self.numbers)

    def in_(self, seconds: int | None) -> int | None:
        return None if seconds is None else self.model.now + seconds

    def a_caller(
        self, session: bytes, goal: str, park: int | None, wait: int | None, number: bytes = b""
    ) -> Caller:
        number = number or self.correlation()
        caller = Caller(number, session, goal, self.in_(park), self.in_(wait))
        call = SendCall(number, session, goal)  # type: ignore[arg-type]
        call.park = None if caller.park is None else float(caller.park)
        call.deadline = None if caller.deadline is None else float(caller.deadline)
        self.calls[number] = call
        return caller

    def a_real(self, letter: Letter) -> Message:
        message = a_message(letter.id, sender=letter.sender, in_reply_to=letter.question)
        message.expires = None if letter.expires is None else float(letter.expires)
        message.task_id, message.seq = letter.task_id, letter.seq
        message.attempts, message.deliveries = letter.attempts, letter.deliveries
        return message

    def post(self, letter: Letter, caller: Caller | None, *, on_disk: bool) -> None:
        """Put and compare."""
        message = self.a_real(letter)
        call = self.calls[caller.correlation] if caller else None
        is_known = self.model.is_known(letter.id)
        try:
            self.inbox.put(message, call, self.moment())
        except InboxFull:
            assert not self.model.put(letter, caller)
        else:
            assert self.model.put(letter, caller)
            if not is_known:
                self.messages[letter.id] = message
        self.compare()
        if on_disk and letter.id in self.model.letters and not is_known:
            self.write(letter)

    def write(self, letter: Letter) -> None:
        self.inbox.stored(letter.seq)
        self.model.stored(letter)
        self.compare()

    def compare(self) -> None:
        """Everything that the inbox wants done is what has to be done, and the other way round."""
        wanted, self.model.follows = self.model.follows, Expected()
        got = Expected()
        for effect in self.inbox.take_effects():
            self.read(effect, got)
        for each in (got, wanted):
            each.told.sort()
            each.ended.sort()
        assert got == wanted

    def read(self, effect: Effect, got: Expected) -> None:
        match effect:
            case Deliver(receiver, messages):
                assert not got.changed, "mail waits for no disk"
                got.delivered.append((receiver.correlation, [m.id for m in messages]))
                for message in messages:
                    self.check_delivery(message)
            case Keep(message) | Note(message):
                assert message.id not in got.changed, "a message is persisted once"
                got.changed.add(message.id)
                got.kept += [message.id] if isinstance(effect, Keep) else []
            case Tell(call, message, bounced):
                got.told.append((call.correlation, message.stage(), bounced))
            case Refuse(call, error):
                got.refused.append((call.correlation, error.code))
            case Ended(message):
                got.ended.append((message.id, message.state))

    def check_delivery(self, message: Message) -> None:
        letter, lease = self.model.letters[message.id], message.lease
        assert lease is not None
        assert letter.hold is not None
        if not letter.hold.token:
            assert lease.token not in self.tokens, "every delivery has a token of its own"
            self.tokens.add(lease.token)
            letter.hold.token = lease.token
        delivery = message.delivery()
        assert (delivery.lease, lease.session) == (letter.hold.token, letter.hold.session)
        assert delivery.attempt == letter.attempts + 1
        assert delivery.redelivered == (letter.deliveries > 1)

    def ask_for(self, want: Want) -> None:
        receiver = Receiver(
            want.correlation, want.session, want.most,
            frozenset({want.sender} if want.sender else ()), want.question,
            None if want.deadline is None else float(want.deadline),
            awaits=self.calls[want.correlation] if want.is_asker else None,
        )  # fmt: skip
        self.inbox.receive(receiver, self.moment())
        self.model.receive(want)
        self.compare()

    def settle_all(
        self, letters: list[Letter], outcome: Outcome, session: bytes, token: str
    ) -> None:
        held = [Held(x.id, self.a_token(x, token)) for x in letters]
        good = [x for x, h in zip(letters, held, strict=True) if self.is_good(x, session, h)]
        settled = self.inbox.settle(session, held, outcome, self.moment())
        assert [s.message_id for s in settled] == [x.id for x in letters]
        assert [s.code for s in settled] == ["" if x in good else "STALE_LEASE" for x in letters]
        for letter in good:
            self.old_tokens[letter.id] = letter.hold.token if letter.hold else b""
        self.model.settle(good, outcome)
        self.compare()

    def a_token(self, letter: Letter, which: str) -> bytes:
        if which == "old":
            return self.old_tokens.get(letter.id, b"no token at all")
        return letter.hold.token if letter.hold and which else b""

    def is_good(self, letter: Letter, session: bytes, held: Held) -> bool:
        hold = letter.hold
        return bool(hold and hold.session == session and held.lease in (b"", hold.token))
