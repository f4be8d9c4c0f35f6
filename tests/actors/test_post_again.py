"""A send that comes again: to the same broker, or to the next one."""

from __future__ import annotations

import anyio
import pytest

from signalpost.actors import answers
from signalpost.actors.message_row import MessageRow
from signalpost.transport import mail, messages
from tests.actors.correspondent import Correspondent, correspondent, sent
from tests.actors.counter import Counter, counter
from tests.actors.stand_in_runner import PATIENCE

HELLO = mail.Send(to=["bob"], content="hello")
NUMBER = b"client 1" + (1).to_bytes(8, "big")


async def pair(place: Counter) -> tuple[Correspondent, Correspondent]:
    return await correspondent(place, "alice"), await correspondent(place, "bob")


async def test_a_send_that_was_not_stored_before_the_broker_died_is_the_same_message() -> None:
    ids: list[str] = []
    for _ in range(2):
        async with counter() as place:
            alice, bob = await pair(place)
            ids.append(sent(await alice.ask(HELLO, NUMBER)).sent[0].message_id)
            (got,) = await bob.receive()
            assert got.id == ids[-1]
    assert ids[0] == ids[1]


async def test_any_of_several_may_be_another_one_then_but_it_is_the_same_message() -> None:
    ids: set[str] = set()
    for consumer in ("bob", "carol"):
        async with counter() as place:
            alice, bob = await pair(place)
            agents = {"bob": bob, "carol": await correspondent(place, "carol")}
            for name, agent in agents.items():
                await agent.register(name, role="consumer" if name == consumer else "publisher")
            request = mail.Send(to=["any:role:consumer"], content="x")
            ids.add(sent(await alice.ask(request, NUMBER)).sent[0].message_id)
            (got,) = await agents[consumer].receive()
            assert {got.id} == ids
    assert len(ids) == 1


async def test_every_request_and_every_recipient_has_ids_of_its_own() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        await bob.register("bob", role="publisher")
        await correspondent(place, "carol")
        to = ("any:role:publisher", "any:role:consumer", "alice")
        posted = [await alice.send(*each) for each in (["*"], ["*"], to)]
        ids = {one.message_id for answer in posted for one in answer.sent}
        assert len(ids) == 2 + 2 + len(to)


async def test_a_send_that_comes_again_when_its_answer_is_forgotten_is_not_sent_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "MAX_AGE_SECONDS", -1)
    async with counter() as place:
        alice, bob = await pair(place)
        first = sent(await alice.ask(HELLO, NUMBER))
        (got,) = await bob.receive()
        await bob.settle(got)
        alice.say(HELLO, NUMBER)
        again = sent(await alice.speaker.answer(NUMBER, 2))
        assert again.sent[0].message_id == first.sent[0].message_id
        assert again.sent[0].stage == "acked"
        assert await bob.contents() == []


async def test_a_message_that_is_acknowledged_while_its_send_is_looked_up_is_not_posted_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "MAX_AGE_SECONDS", -1)
    looked, may_go_on = anyio.Event(), anyio.Event()
    async with counter() as place:
        alice, bob = await pair(place)
        await alice.ask(HELLO, NUMBER)
        (got,) = await bob.receive()
        by_request = place.store.mail.by_request

        async def slowly(request_id: bytes) -> list[MessageRow]:
            rows = await by_request(request_id)
            looked.set()
            await may_go_on.wait()
            return rows

        monkeypatch.setattr(place.store.mail, "by_request", slowly)
        alice.say(HELLO, NUMBER)
        with anyio.fail_after(PATIENCE):
            await looked.wait()
        await bob.settle(got)
        may_go_on.set()
        again = sent(await alice.speaker.answer(NUMBER, 2))
        assert again.sent[0].stage == "acked"
        assert await bob.contents() == []
        assert place.store.failed is None


async def test_a_send_that_was_given_up_before_it_was_accepted_may_come_again() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        await bob.register("bob", inbox_bound=1)
        await alice.send("bob", content="first")
        alice.say(HELLO, NUMBER)
        await alice.ask(messages.CancelCall(correlation=NUMBER))
        (first,) = await bob.receive()
        await bob.settle(first)
        await alice.ask(HELLO, NUMBER)
        assert await bob.contents() == ["hello"]


async def test_a_send_to_many_of_which_some_were_stored_reaches_the_others_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "MAX_AGE_SECONDS", -1)
    async with counter() as place:
        alice, bob = await pair(place)
        carol = await correspondent(place, "carol")
        # So it is when the broker dies between two commits: bob's message is stored.
        first = sent(await alice.ask(mail.Send(to=["bob", "bob"], content="x"), NUMBER))
        kept = {one.name: one.message_id for one in first.sent}
        alice.say(mail.Send(to=["*", "any:role:both", "nobody"], content="x"), NUMBER)
        again = sent(await alice.speaker.answer(NUMBER, 2))
        assert kept.items() <= {one.name: one.message_id for one in again.sent}.items()
        assert [one.name for one in again.sent] == ["bob", "carol"]
        assert [one.name for one in again.refused] == ["nobody"]
        assert (await bob.contents(), await carol.contents()) == (["x"], ["x"])


async def test_any_of_several_gets_the_message_when_none_of_them_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "MAX_AGE_SECONDS", -1)
    async with counter() as place:
        alice, bob = await pair(place)
        await bob.register("bob", role="publisher")
        carol = await correspondent(place, "carol")
        await carol.register("carol", role="consumer")
        await alice.ask(mail.Send(to=["bob", "bob"], content="x"), NUMBER)  # only bob's is stored
        alice.say(mail.Send(to=["any:role:consumer", "bob"], content="x"), NUMBER)
        again = sent(await alice.speaker.answer(NUMBER, 2))
        assert [one.name for one in again.sent] == ["bob", "carol"]
        assert (await bob.contents(), await carol.contents()) == (["x"], ["x"])


async def test_any_of_several_is_not_another_one_beside_a_name_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "MAX_AGE_SECONDS", -1)
    async with counter() as place:
        alice, bob = await pair(place)
        await bob.register("bob", role="publisher")
        for name in ("carol", "dave"):
            agent = await correspondent(place, name)
            await agent.register(name, role="consumer")
        request = mail.Send(to=["any:role:consumer", "bob"], content="x")
        first = sent(await alice.ask(request, NUMBER))
        alice.say(request, NUMBER)  # the other one's is the emptier now
        assert sent(await alice.speaker.answer(NUMBER, 2)) == first


async def test_any_of_several_is_who_has_the_message_though_the_role_is_anothers_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "MAX_AGE_SECONDS", -1)
    async with counter() as place:
        alice, bob = await pair(place)
        carol, dave = [await correspondent(place, name) for name in ("carol", "dave")]
        await bob.register("bob", role="publisher")
        await dave.register("dave", role="publisher")
        request = mail.Send(to=["any:role:consumer", "bob"], content="x")
        first = sent(await alice.ask(request, NUMBER))
        assert [one.name for one in first.sent] == ["bob", "carol"]
        await carol.register("carol", role="publisher")
        await dave.register("dave", role="consumer")
        alice.say(request, NUMBER)
        assert sent(await alice.speaker.answer(NUMBER, 2)) == first
        assert await dave.contents() == []


async def test_any_of_several_is_not_another_one_the_second_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "MAX_AGE_SECONDS", -1)
    async with counter() as place:
        alice, bob = await pair(place)
        await correspondent(place, "carol")
        request = mail.Send(to=["any:role:both"], content="x")
        first = sent(await alice.ask(request, NUMBER))
        await bob.send("bob")  # carol's is the emptier one now, or as empty
        alice.say(request, NUMBER)
        assert sent(await alice.speaker.answer(NUMBER, 2)) == first
