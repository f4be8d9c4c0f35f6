"""A send that comes again when a name in it is another agent's by now."""

from __future__ import annotations

import pytest

from signalpost.actors import answers
from signalpost.transport import mail
from tests.actors.correspondent import Correspondent, correspondent, sent
from tests.actors.counter import Counter, counter

NUMBER = b"client 1" + (1).to_bytes(8, "big")


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """No answer is remembered, as after the death of a broker."""
    monkeypatch.setattr(answers, "MAX_AGE_SECONDS", -1)


async def first(place: Counter, *to: str) -> tuple[Correspondent, Correspondent, mail.Sent]:
    """Have alice send to bob, who takes it, and to carol."""
    alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
    await correspondent(place, "carol")
    answer = sent(await alice.ask(mail.Send(to=[*to], content="x"), NUMBER))
    (got,) = await bob.receive()
    await bob.settle(got)
    return alice, bob, answer


async def again(alice: Correspondent, *to: str) -> mail.Sent:
    alice.say(mail.Send(to=[*to], content="x"), NUMBER)
    return sent(await alice.speaker.answer(NUMBER, 2))


@pytest.mark.parametrize("to", [("bob", "carol"), ("*",), ("role:both",), ("bob", "*")])
async def test_who_comes_under_the_name_of_a_recipient_that_is_no_more_gets_nothing_of_it(
    to: tuple[str, ...],
) -> None:
    async with counter() as place:
        alice, bob, before = await first(place, *to)
        await bob.ask(mail.Unregister())
        another = await correspondent(place, "bob")
        after = await again(alice, *to)
        assert await another.contents() == []
        assert {s.message_id for s in after.sent} == {s.message_id for s in before.sent}


async def test_who_takes_an_old_name_of_a_recipient_gets_nothing_of_what_went_there() -> None:
    async with counter() as place:
        alice, bob, before = await first(place, "bob", "carol")
        await bob.register("robert")
        another = await correspondent(place, "bob")
        after = await again(alice, "bob", "carol")
        assert await another.contents() == []
        assert {s.message_id for s in after.sent} == {s.message_id for s in before.sent}


async def test_one_message_goes_by_the_first_of_two_names_of_its_recipient() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        bob = await correspondent(place, "bob")
        await bob.register("robert")
        await alice.ask(mail.Send(to=["bob", "robert"], content="x"), NUMBER)
        another = await correspondent(place, "bob")
        assert len((await again(alice, "bob", "robert")).sent) == 1
        assert (await bob.contents(), await another.contents()) == (["x"], [])


async def test_a_message_has_the_same_id_though_its_recipient_has_another_number() -> None:
    ids: set[str] = set()
    for others in ("carol", "dave"), ():
        async with counter() as place:
            for other in others:
                await correspondent(place, other)
            alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
            ids.add(
                sent(await alice.ask(mail.Send(to=["bob"], content="x"), NUMBER)).sent[0].message_id
            )
            (got,) = await bob.receive()
            ids.add(got.id)
    assert len(ids) == 1
