"""What becomes of mail, and of who waits for it, when agents change their names or their terms."""

from __future__ import annotations

import anyio
import pytest

from signalpost.transport import mail, messages
from signalpost.transport.errors import BadRequest, StoreFull
from tests.actors.correspondent import Correspondent, correspondent, deliveries
from tests.actors.counter import Counter, counter, run
from tests.actors.stand_in_runner import DONE


async def pair(place: Counter) -> tuple[Correspondent, Correspondent]:
    return await correspondent(place, "alice"), await correspondent(place, "bob")


async def test_the_mail_of_a_renamed_agent_is_found_by_its_old_and_its_new_name() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        for name in ("alice", "alicia", "ali"):
            await alice.register(name)
            await alice.send("bob", content=f"from {name}")
        everything = ["from alice", "from alicia", "from ali"]
        for name in ("alice", "alicia", "ali"):
            looked = deliveries(await bob.ask(mail.Peek(sender=name, max_messages=9)))
            assert [m.content for m in looked.messages] == everything
        assert await bob.contents(sender="ali") == everything


async def test_who_waits_for_the_mail_of_an_agent_gets_it_under_its_next_name() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        waiting = bob.say(mail.Receive(wait_seconds=None, sender="alice"))
        await bob.speaker.settle()
        await alice.register("alicia")
        await alice.send("bob", content="it is me")
        (got,) = deliveries(await bob.speaker.answer(waiting)).messages
        assert (got.sender, got.content) == ("alicia", "it is me")


async def test_the_mail_of_an_agent_that_became_another_is_found_by_both_names() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        await (await correspondent(place, "carol")).leave()
        await alice.send("bob", content="from alice")
        await alice.register("carol")
        assert await bob.contents(sender="carol") == ["from alice"]


async def test_the_mail_of_an_agent_that_is_no_more_is_found_by_the_name_it_bears() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        await alice.send("bob", content="first")
        await alice.ask(mail.Unregister())
        looked = deliveries(await bob.ask(mail.Peek(sender="alice")))
        assert [m.content for m in looked.messages] == ["first"]
        await alice.register("alice")
        await alice.send("bob", content="second")
        assert await bob.contents(sender="alice") == ["first", "second"]


async def test_an_agent_that_becomes_another_takes_its_dead_letters_along() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        await (await correspondent(place, "carol")).leave()
        message_id = await alice.message_id("bob")
        for _ in range(5):
            (got,) = await bob.receive()
            await bob.settle(got, outcome="nack")
        await bob.register("carol")
        assert (await alice.inbox("carol")).dead_letters == 1
        person = await correspondent(place, kind="cli")
        for name in ("bob", "carol"):
            assert [m.id for m in await person.stored(agent=name, state="dead")] == [message_id]
        await person.ask(mail.Redrive(message_ids=[message_id]))
        assert (await alice.inbox("carol")).dead_letters == 0
        assert [m.id for m in await bob.receive()] == [message_id]


async def test_an_agent_that_asks_for_more_room_lets_in_who_waits() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        await bob.register("bob", inbox_bound=1)
        await alice.send("bob", content="first")
        parked = alice.say(mail.Send(to=["bob"], content="second"))
        await alice.speaker.settle()
        assert (await bob.inbox("bob")).waiting_senders == 1
        await bob.register("bob", inbox_bound=2)
        assert isinstance(await alice.speaker.answer(parked), mail.Sent)


async def test_nothing_is_kept_of_a_session_that_was_no_agent_and_has_left() -> None:
    async with counter() as place:
        nobody = await correspondent(place)
        session = place.reception.session(nobody.speaker.token)
        assert session is not None
        await nobody.leave()
        with pytest.raises(BadRequest, match="this session is not known"):
            place.room.membership.register(session, mail.Register(name="late"))


async def test_the_result_of_a_task_finds_the_agent_that_its_owner_became() -> None:
    async with counter() as place:
        await (await correspondent(place, "carol")).leave()
        _, bob = await pair(place)
        await bob.ask(run(notify=True))
        await bob.register("carol")
        (await place.runner.begun(1)).end(DONE)
        (result,) = await bob.receive(wait=None)
        assert (result.id, result.to) == ("task-1", "carol")
        assert (await bob.inbox("carol")).depth == 1


async def test_an_agent_is_told_that_it_has_a_name_or_is_no_more_when_that_is_on_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        on_disk = anyio.Event()

        async def committed() -> None:
            await on_disk.wait()

        monkeypatch.setattr(place.store.mail, "committed", committed)
        for request in (mail.Register(name="alicia"), mail.Unregister()):
            asked = alice.say(request)
            await alice.speaker.settle()
            assert asked not in [correlation for correlation, _ in alice.speaker.heard]
            on_disk.set()
            assert not isinstance(await alice.speaker.answer(asked), messages.Failed)
            on_disk = anyio.Event()


async def test_a_name_that_cannot_be_written_counts_as_long_as_the_broker_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def full() -> None:
        raise StoreFull("the disk is full.")

    async with counter() as place:
        alice = await correspondent(place, "alice")
        monkeypatch.setattr(place.store.mail, "committed", full)
        assert (await alice.register("alicia")).name == "alicia"
        assert "alicia" in await alice.agents()
