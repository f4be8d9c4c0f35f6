"""What a broker that a test makes up says about mail, and a client to hear it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

import anyio
import msgspec

from signalpost.transport import mail, messages
from signalpost.transport.client import Client, connect
from signalpost.transport.letters import Delivery, Held, SentMessage, Settled
from tests.transport.stand_in_broker import (
    PATIENCE,
    WELCOME,
    Answer,
    Script,
    StandInBroker,
    Town,
    polite,
    town,
)

_LETTER = Delivery(
    id="m1",
    sender="bob",
    to="alice",
    kind="task",
    content="build it",
    sent_at=1000.0,
    lease=b"t1",
)
SENT = mail.Sent(sent=[SentMessage("bob", "m9", "stored", "idle")])
STALE = "STALE_LEASE"


def letter(number: int = 1, **fields: object) -> Delivery:
    """The ``number``-th task from bob, but for the fields given."""
    own = {"id": f"m{number}", "lease": b"t%d" % number}
    return msgspec.structs.replace(_LETTER, **{**own, **fields})


def named(agent: str) -> messages.Welcome:
    """A welcome that says under which name the session acts."""
    return msgspec.structs.replace(WELCOME, agent=agent)


def answering(*answers: tuple[type[messages.Request], Answer | None]) -> Script:
    """Give one kind of request always the same answer; be polite otherwise."""

    def script(request: messages.Request) -> Answer | None:
        for kind, answer in answers:
            if isinstance(request, kind):
                return answer
        return settling(request)

    return script


def settling(request: messages.Request) -> Answer | None:
    """Let everything that is settled or extended be so."""
    if isinstance(request, mail.Settle | mail.Extend):
        return mail.SettledAll(messages=[Settled(held.message_id) for held in request.messages])
    return polite(request)


def too_late(request: messages.Request) -> Answer | None:
    """Say of everything that it is not held any more."""
    if isinstance(request, mail.Settle | mail.Extend):
        settled = [Settled(h.message_id, STALE, "not held any more.") for h in request.messages]
        return mail.SettledAll(messages=settled)
    return polite(request)


def delivering(letters: Sequence[Delivery], then: Script = settling) -> Script:
    """Deliver the letters one by one; whoever asks for more waits."""
    rest = list(letters)

    def script(request: messages.Request) -> Answer | None:
        if isinstance(request, mail.Receive):
            return mail.Deliveries(messages=[rest.pop(0)]) if rest else None
        return then(request)

    return script


def settled(broker: StandInBroker) -> list[tuple[str, Held]]:
    """Return what has been settled, and how."""
    return [
        (request.outcome, held)
        for _, request in broker.heard
        if isinstance(request, mail.Settle)
        for held in request.messages
    ]


def asked(broker: StandInBroker, kind: Callable[..., object]) -> list[messages.Request]:
    """Return the requests of one kind."""
    return [request for _, request in broker.heard if type(request) is kind]


@asynccontextmanager
async def post_town(script: Script) -> AsyncGenerator[tuple[Client, StandInBroker, Town], None]:
    """A client at a broker that follows a script."""
    async with town() as place:
        broker = place.broker(script)
        with anyio.fail_after(PATIENCE):
            async with connect("alice", data_dir=place.folder, start=False) as client:
                yield client, broker, place
