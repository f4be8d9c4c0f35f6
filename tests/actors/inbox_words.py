"""The words in which tests speak of an inbox: what is sent, who asks, what follows."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from signalpost.actors.inbox import Inbox
from signalpost.actors.inbox_effects import Deliver, Effect, Ended, Keep, Note, Refuse, Tell
from signalpost.actors.message import Message, SendCall
from signalpost.actors.moment import Moment
from signalpost.actors.receiver import Receiver
from signalpost.transport import letters
from signalpost.transport.letters import Held, Settled

LEASE = 600.0
ALICE = b"alice's session"
BOB = b"bob's session"
NEVER = float("-inf")
"""When an agent has last worked that never did."""

_numbers = itertools.count(1)


def at(seconds: float) -> Moment:
    return Moment(seconds, 1000.0 + seconds)


def counter() -> Callable[[], bytes]:
    """Return something that makes lease tokens."""
    numbers = itertools.count(1)
    return lambda: b"token-%d" % next(numbers)


def an_inbox(
    bound: int = 1000, lease_seconds: float = LEASE, seqs: Callable[[], int] | None = None
) -> Inbox:
    return Inbox(bound, lease_seconds, counter(), seqs or itertools.count(1).__next__)


def a_message(id: str = "", **fields: object) -> Message:  # noqa: A002
    """A message from bob to alice, but for the fields given."""
    message = Message(
        seq=0,
        id=id or f"message-{next(_numbers)}",
        agent_id=1,
        sender="bob",
        sender_id=2,
        to="alice",
        kind="task",
        content="hello",
        request_id=b"",
        sent=at(0),
    )
    for name, value in fields.items():
        assert hasattr(message, name)
        setattr(message, name, value)
    return message


def a_call(
    goal: letters.Goal = "stored",
    *,
    park: float | None = None,
    deadline: float | None = None,
    session: bytes = BOB,
) -> SendCall:
    return SendCall(b"call-%d" % next(_numbers), session, goal, park, deadline)


def a_receiver(session: bytes = ALICE, most: int = 1, **fields: object) -> Receiver:
    """Somebody of alice's who waits for any mail, but for the fields given."""
    receiver = Receiver(b"receive-%d" % next(_numbers), session, most)
    for name, value in fields.items():
        assert hasattr(receiver, name)
        setattr(receiver, name, value)
    return receiver


def put(
    inbox: Inbox,
    *ids: str,
    now: float = 0,
    call: SendCall | None = None,
    stored: bool = True,
    **fields: object,
) -> list[Message]:
    """Have messages accepted and stored, and drop what follows from it."""
    messages = [a_message(each, **fields) for each in ids]
    for message in messages:
        inbox.put(message, call, at(now))
        if stored:
            inbox.stored(message.seq)
    inbox.take_effects()
    return messages


def receive(inbox: Inbox, receiver: Receiver | None = None, now: float = 0) -> list[str]:
    """Ask for mail; return the ids that are given at once."""
    receiver = receiver or a_receiver(deadline=float(now))
    inbox.receive(receiver, at(now))
    return given(inbox.take_effects(), receiver)


def given(effects: list[Effect], receiver: Receiver) -> list[str]:
    """Return the ids that a receiver is answered with."""
    return [
        m.id
        for e in effects
        if isinstance(e, Deliver) and e.receiver is receiver
        for m in e.messages
    ]


def settle(
    inbox: Inbox,
    *ids: str,
    outcome: letters.Outcome = "ack",
    now: float = 0,
    session: bytes = ALICE,
) -> list[str]:
    """Settle whatever lease the session has; return the codes."""
    held = [Held(each) for each in ids]
    return codes(inbox.settle(session, held, outcome, at(now)))


def state_of(message: Message) -> str:
    """Return its state, which type checkers think they know."""
    return message.state


def codes(settled: list[Settled]) -> list[str]:
    return [each.code for each in settled]


def said(effects: list[Effect]) -> list[str]:
    """Return effects as words, in order."""
    return [_word(effect) for effect in effects]


def _word(effect: Effect) -> str:
    match effect:
        case Deliver(_, messages):
            return " ".join(["deliver", *(m.id for m in messages)])
        case Keep(message):
            return f"keep {message.id}"
        case Note(message):
            return f"note {message.id}"
        case Tell(_, message, bounced):
            return f"tell {message.id} {bounced or message.stage()}"
        case Refuse(_, error):
            return f"refuse {error.code}"
        case Ended(message):
            return f"ended {message.id} {message.state}"
