"""Senders that are gone while their message waits for something."""

from __future__ import annotations

import hashlib
import secrets

from signalpost.transport import mail, messages
from tests.actors.correspondent import Correspondent, correspondent, sent
from tests.actors.counter import Counter, counter

PARKED = mail.Send(to=["bob"], content="parked")


async def full(place: Counter) -> tuple[Correspondent, Correspondent]:
    """Connect alice, and bob whose inbox is full."""
    alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
    await bob.register("bob", inbox_bound=1)
    await bob.send("bob", content="first")
    return alice, bob


async def make_room(bob: Correspondent) -> None:
    (first,) = await bob.receive()
    assert first.content == "first"
    await bob.settle(first)


async def test_a_sender_that_leaves_while_it_waits_for_room_has_sent_nothing() -> None:
    async with counter() as place:
        alice, bob = await full(place)
        alice.say(PARKED)
        await alice.leave()
        assert (await bob.inbox("bob")).waiting_senders == 0
        await make_room(bob)
        assert await bob.contents() == []


async def test_a_sender_that_dies_while_it_waits_for_room_has_sent_nothing() -> None:
    async with counter() as place:
        alice, bob = await full(place)
        alice.say(PARKED)
        await alice.speaker.settle()
        session = place.reception.session(alice.speaker.token)
        assert session is not None
        place.room.membership.depart(session, died=True)
        await make_room(bob)
        assert await bob.contents() == []


async def test_a_sender_that_comes_back_is_served_anew() -> None:
    async with counter() as place:
        alice, bob = await full(place)
        parked = alice.say(PARKED)
        await alice.leave()
        again = await correspondent(place, "alice")
        again.say(PARKED, parked)
        while not (await bob.inbox("bob")).waiting_senders:
            await again.speaker.settle()
        await make_room(bob)
        assert [one.name for one in sent(await again.speaker.answer(parked)).sent] == ["bob"]
        assert await bob.contents() == ["parked"]


async def test_a_message_stays_whose_sender_goes_while_it_waits_to_hear_of_it() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        alice.say(mail.Send(to=["bob"], content="kept", wait_for="acked"))
        alice.say(mail.Send(to=["bob"], content="asked", wait_for="reply"))
        await alice.leave()
        assert await bob.contents() == ["kept", "asked"]


async def test_nothing_is_kept_of_a_message_that_was_refused_or_withdrawn() -> None:
    async with counter() as place:
        alice, bob = await full(place)
        session = place.reception.session(bob.speaker.token)
        assert session is not None

        def where(request: bytes) -> int | None:
            made_of = b"%b/bob" % request
            message_id = hashlib.blake2b(made_of, digest_size=8).hexdigest()
            return place.room.inboxes.where(message_id)

        refused, parked, kept = (secrets.token_bytes(16) for _ in range(3))
        await alice.ask(mail.Send(to=["bob"], content="no", park_seconds=0), refused)
        alice.say(PARKED, parked)
        await alice.ask(messages.CancelCall(correlation=parked))
        await make_room(bob)
        await alice.ask(mail.Send(to=["bob"], content="yes"), kept)
        assert [where(each) for each in (refused, parked, kept)] == [None, None, session.agent_id]
