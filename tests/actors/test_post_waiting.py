"""Senders who wait for more than that a message is kept."""

from __future__ import annotations

from signalpost.transport import mail, messages
from tests.actors.correspondent import Correspondent, correspondent, deliveries, sent
from tests.actors.counter import Counter, counter


async def pair(place: Counter) -> tuple[Correspondent, Correspondent]:
    return await correspondent(place, "alice"), await correspondent(place, "bob")


def asking(**words: object) -> mail.Send:
    fields: dict[str, object] = {"to": ["bob"], "content": "?", "wait_for": "reply", **words}
    return mail.Send(**fields)  # type: ignore[arg-type]


async def test_a_sender_waits_until_its_message_is_delivered() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        call = alice.say(asking(wait_for="delivered"))
        await bob.receive(wait=None)
        assert [s.stage for s in sent(await alice.speaker.answer(call)).sent] == ["delivered"]


async def test_a_sender_waits_until_its_message_is_acknowledged() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        call = alice.say(asking(wait_for="acked"))
        (got,) = await bob.receive(wait=None)
        await bob.settle(got, outcome="return")
        (got,) = await bob.receive()
        await bob.settle(got)
        assert [s.stage for s in sent(await alice.speaker.answer(call)).sent] == ["acked"]


async def test_a_sender_whose_time_is_over_hears_how_far_its_message_has_come() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        assert (await alice.send("bob", wait_for="acked", wait_seconds=0)).sent[0].stage == "stored"
        await bob.receive()
        answer = await alice.send("bob", wait_for="acked", wait_seconds=0.05)
        assert (answer.sent[0].stage, answer.reply) == ("stored", None)


async def test_an_awaited_reply_goes_to_the_call_alone_under_a_lease() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        other = await correspondent(place, "alice")
        waiting = other.say(mail.Receive(wait_seconds=None))
        call = alice.say(asking())
        (question,) = await bob.receive(wait=None)
        await bob.send("alice", content="42", kind="result", in_reply_to=question.id)
        answer = sent(await alice.speaker.answer(call))
        assert answer.reply is not None
        assert (answer.reply.content, answer.reply.in_reply_to) == ("42", question.id)
        assert answer.sent[0].message_id == question.id
        assert await alice.settle(answer.reply) == [""]
        await bob.send("alice", content="other")
        (got,) = deliveries(await other.speaker.answer(waiting)).messages
        assert got.content == "other"


async def test_a_reply_acknowledges_what_it_answers() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        await alice.send("bob")
        (question,) = await bob.receive()
        await bob.send("alice", in_reply_to=question.id)
        assert await bob.settle(question) == ["STALE_LEASE"]
        row = await place.store.mail.message(question.id)
        assert row is not None
        assert row.state == "done"


async def test_a_reply_acknowledges_what_nobody_holds_any_more() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        looked_at = await alice.message_id("bob", content="looked at")
        await bob.ask(mail.Peek())
        await bob.send("alice", in_reply_to=looked_at)
        given_back = await alice.message_id("bob", content="given back")
        await bob.settle(*await bob.receive(), outcome="return")
        await bob.send("alice", in_reply_to=given_back)
        assert await bob.contents() == []


async def test_a_reply_leaves_what_another_session_or_another_agent_holds() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        other, eve = await correspondent(place, "bob"), await correspondent(place, "eve")
        question = await alice.message_id("bob")
        (held,) = await other.receive()
        await bob.send("alice", in_reply_to=question)
        await eve.send("alice", in_reply_to=question)
        assert await other.settle(held) == [""]


async def test_a_reply_that_comes_too_late_comes_as_mail() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        answer = await alice.send("bob", wait_for="reply", wait_seconds=0)
        assert (answer.reply, answer.bounced) == (None, "")
        (question,) = await bob.receive()
        await bob.send("alice", content="late", in_reply_to=question.id)
        assert await alice.contents(in_reply_to=question.id) == ["late"]


async def test_a_reply_that_nobody_took_off_the_wire_comes_again_as_mail() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        call = alice.say(asking())
        (question,) = await bob.receive(wait=None)
        await bob.send("alice", content="42", in_reply_to=question.id)
        await alice.speaker.answer(call)
        await alice.ask(messages.CancelCall(correlation=call))
        (again,) = await alice.receive()
        assert (again.content, again.attempt, again.redelivered) == ("42", 1, True)


async def test_who_asks_hears_at_once_that_the_other_has_gone() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        call = alice.say(asking())
        await bob.receive(wait=None)
        await bob.leave()
        answer = sent(await alice.speaker.answer(call))
        assert "bob" in answer.bounced
        assert answer.sent[0].presence == "gone"
        assert answer.reply is None


async def test_who_asks_hears_at_once_that_the_other_was_unregistered() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        call = alice.say(asking())
        await alice.speaker.settle()
        assert await bob.code(mail.Unregister()) == "BAD_REQUEST"
        assert await bob.ask(mail.Unregister(force=True)) == messages.Accepted()
        assert "unregistered" in sent(await alice.speaker.answer(call)).bounced


async def test_the_person_who_comes_and_goes_may_still_reply() -> None:
    async with counter() as place:
        alice, _ = await pair(place)
        call = alice.say(asking(to=["person"]))
        await (await correspondent(place, kind="cli")).leave()
        person = await correspondent(place, kind="cli")
        (question,) = await person.receive()
        await person.send("alice", content="yes", in_reply_to=question.id)
        reply = sent(await alice.speaker.answer(call)).reply
        assert reply is not None
        assert reply.content == "yes"


async def test_who_gives_up_asking_gets_the_reply_as_mail() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        call = alice.say(asking())
        (question,) = await bob.receive(wait=None)
        await alice.ask(messages.CancelCall(correlation=call))
        await bob.send("alice", content="42", in_reply_to=question.id)
        assert await alice.contents() == ["42"]


async def test_who_waits_at_a_full_inbox_for_a_reply_gets_it() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        await bob.register("bob", inbox_bound=1)
        await alice.send("bob", content="first")
        call = alice.say(asking())
        (first,) = await bob.receive()
        await bob.settle(first)
        (question,) = await bob.receive(wait=None)
        await bob.send("alice", content="42", in_reply_to=question.id)
        reply = sent(await alice.speaker.answer(call)).reply
        assert reply is not None
        assert reply.content == "42"


async def test_who_asks_itself_gets_its_own_reply_once() -> None:
    async with counter() as place:
        alice, _ = await pair(place)
        call = alice.say(asking(to=["alice"]))
        (question,) = await alice.receive(wait=None)
        await alice.send("alice", content="42", in_reply_to=question.id)
        reply = sent(await alice.speaker.answer(call)).reply
        assert reply is not None
        assert await alice.contents() == []
        assert await alice.settle(reply) == [""]
