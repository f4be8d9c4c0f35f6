"""Sessions that lose their agent while they wait for something."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from signalpost.actors.mail_services import Then
from signalpost.actors.message_row import MessageRow
from signalpost.transport import mail
from tests.actors.correspondent import Correspondent, correspondent, deliveries, sent
from tests.actors.counter import Answer, Counter, counter


async def bridge(place: Counter, agent: str = "alice") -> Correspondent:
    return await correspondent(place, agent, kind="bridge")


async def asked(place: Counter) -> tuple[Correspondent, bytes]:
    """Return a bridge whose question to bob is on disk and open."""
    alice = await bridge(place)
    call = alice.say(mail.Send(to=["bob"], content="?", wait_for="reply"))
    await alice.speaker.settle()
    return alice, call


async def test_a_receive_that_waits_ends_when_another_session_takes_over() -> None:
    async with counter() as place:
        old = await bridge(place)
        waiting = old.say(mail.Receive(wait_seconds=None))
        await old.speaker.settle()
        new = await bridge(place)
        refused = await old.speaker.answer(waiting)
        assert getattr(refused, "code", refused) == "NAME_TAKEN"
        await new.send("alice", content="for the new one")
        assert await new.contents() == ["for the new one"]


async def test_a_question_of_a_session_that_was_taken_over_is_told_its_stage() -> None:
    async with counter() as place:
        bob = await correspondent(place, "bob")
        old, call = await asked(place)
        (question,) = await bob.receive()
        new = await bridge(place)
        answer = sent(await old.speaker.answer(call))
        assert (answer.sent[0].message_id, answer.sent[0].stage) == (question.id, "delivered")
        assert (answer.reply, answer.bounced) == (None, "")
        await bob.send("alice", content="42", in_reply_to=question.id)
        assert await new.contents(in_reply_to=question.id) == ["42"]


async def test_a_question_that_waits_for_room_is_told_when_it_is_in() -> None:
    async with counter() as place:
        bob = await correspondent(place, "bob")
        await bob.register("bob", inbox_bound=1)
        await bob.send("bob", content="first")
        old, call = await asked(place)
        await bridge(place)
        (first,) = await bob.receive()
        await bob.settle(first)
        assert sent(await old.speaker.answer(call)).sent[0].stage == "stored"


async def becomes_another(asker: Correspondent) -> Answer:
    return await asker.ask(mail.Register(name="ghost"))


async def unregisters(asker: Correspondent) -> Answer:
    return await asker.ask(mail.Unregister(force=True))


@pytest.mark.parametrize("change", [becomes_another, unregisters])
async def test_a_question_of_an_agent_that_is_no_more_is_told_its_stage_when_it_is_on_disk(
    change: Callable[[Correspondent], Awaitable[Answer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with counter() as place:
        bob = await correspondent(place, "bob")
        await (await correspondent(place, "ghost")).leave()
        alice = await bridge(place)
        written: list[Then] = []

        def keep(_row: MessageRow, then: Then) -> None:
            written.append(then)

        monkeypatch.setattr(place.store.mail, "keep", keep)
        call = alice.say(mail.Send(to=["bob"], content="?", wait_for="reply"))
        await change(alice)
        assert call not in [correlation for correlation, _ in alice.speaker.heard]
        written[0](None)
        answer = sent(await alice.speaker.answer(call))
        (question,) = await bob.receive()
        assert (answer.sent[0].message_id, answer.sent[0].stage) == (question.id, "stored")
        assert (answer.reply, answer.bounced) == (None, "")


async def test_who_waits_for_mail_of_an_agent_that_is_no_more_is_answered_with_nothing() -> None:
    async with counter() as place:
        alice = await bridge(place)
        waiting = alice.say(mail.Receive(wait_seconds=None))
        await alice.speaker.settle()
        await alice.ask(mail.Unregister())
        assert deliveries(await alice.speaker.answer(waiting)).messages == []
