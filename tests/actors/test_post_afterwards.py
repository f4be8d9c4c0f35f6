"""Dead letters, history, loops, and the results of tasks as mail."""

from __future__ import annotations

import pytest

from signalpost.actors import task_mail
from signalpost.actors.message_row import MessageRow
from signalpost.transport import letters, mail, messages
from tests.actors.correspondent import Correspondent, correspondent
from tests.actors.counter import Counter, counter, run
from tests.actors.stand_in_runner import DONE


async def pair(place: Counter) -> tuple[Correspondent, Correspondent]:
    return await correspondent(place, "alice"), await correspondent(place, "bob")


async def settled(person: Correspondent, request: mail.Redrive | mail.Purge) -> list[str]:
    answer = await person.ask(request)
    assert isinstance(answer, mail.SettledAll), answer
    return [one.code for one in answer.messages]


async def dead_letter(alice: Correspondent, bob: Correspondent) -> str:
    """Have bob fail five times with a message of alice's."""
    message_id = await alice.message_id("bob", content="poison")
    for _ in range(5):
        (got,) = await bob.receive()
        await bob.settle(got, outcome="nack")
    return message_id


async def test_a_message_that_failed_five_times_is_dead_and_says_why() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        message_id = await dead_letter(alice, bob)
        assert await bob.contents() == []
        (dead,) = await bob.stored(state="dead")
        assert (dead.id, dead.attempts) == (message_id, 5)
        assert dead.reason
        assert (await alice.inbox("bob")).dead_letters == 1


async def test_a_person_puts_a_dead_letter_back_with_fresh_attempts() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        message_id = await dead_letter(alice, bob)
        person = await correspondent(place, kind="cli")
        assert await bob.code(mail.Redrive(message_ids=[message_id])) == "NOT_AUTHORISED"
        assert await settled(person, mail.Redrive(message_ids=[message_id, "none"])) == [
            "",
            "BAD_REQUEST",
        ]
        (got,) = await bob.receive()
        assert (got.id, got.attempt) == (message_id, 1)
        assert (await alice.inbox("bob")).dead_letters == 0


async def test_a_dead_letter_is_put_back_once_however_many_ask_at_once() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        message_id = await dead_letter(alice, bob)
        person = await correspondent(place, kind="cli")
        asked = [person.say(mail.Redrive(message_ids=[message_id] * 2)) for _ in range(3)]
        answers = [await person.speaker.answer(each) for each in asked]
        codes = [one.code for a in answers if isinstance(a, mail.SettledAll) for one in a.messages]
        assert sorted(codes) == ["", *["BAD_REQUEST"] * 5]
        assert [m.id for m in await bob.receive(max_messages=9)] == [message_id]
        assert (await alice.inbox("bob")).dead_letters == 0


async def test_whoever_put_a_dead_letter_back_is_told_when_that_is_on_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        message_id = await dead_letter(alice, bob)
        person = await correspondent(place, kind="cli")
        kept, noted, states = place.store.mail, place.store.mail.note, list[str]()

        def note(row: MessageRow) -> None:
            states.append(row.state)
            noted(row)

        async def committed() -> None:
            states.append("committed")

        monkeypatch.setattr(kept, "note", note)
        monkeypatch.setattr(kept, "committed", committed)
        assert await settled(person, mail.Redrive(message_ids=[message_id])) == [""]
        assert states == ["ready", "committed"]


async def test_a_person_deletes_dead_letters_and_nothing_else() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        message_id = await dead_letter(alice, bob)
        living = await alice.message_id("bob")
        person = await correspondent(place, kind="cli")
        assert await bob.code(mail.Purge(message_ids=[message_id])) == "NOT_AUTHORISED"
        assert await settled(person, mail.Purge(message_ids=[message_id, living])) == [
            "",
            "BAD_REQUEST",
        ]
        assert [m.id for m in await person.stored()] == [living]
        assert (await alice.inbox("bob")).dead_letters == 0


async def test_history_is_ones_own_and_a_persons_everybodys() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        carol = await correspondent(place, "carol")
        await alice.send("bob", content="the red build")
        await bob.send("carol", content="the blue build")
        person = await correspondent(place, kind="cli")
        assert [m.content for m in await alice.stored()] == ["the red build"]
        assert [m.content for m in await bob.stored(search="BUILD red")] == ["the red build"]
        assert [m.sender for m in await carol.stored(agent="alice")] == ["bob"]
        assert len(await person.stored(search="build")) == 2
        assert [m.to for m in await person.stored(agent="carol")] == ["carol"]


async def test_the_whole_of_a_message_is_read_by_who_sent_or_got_it() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        message_id = await alice.message_id("bob", content="x" * 100_000)
        for each in (alice, bob):
            answer = await each.ask(mail.ReadMessage(message_id=message_id))
            assert isinstance(answer, mail.StoredMessages)
            assert len(answer.messages[0].content) == 100_000
        assert await alice.code(mail.ReadMessage(message_id="none")) == "BAD_REQUEST"


async def test_answers_to_answers_without_end_are_stopped_and_kept_as_dead_letters() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        last = await alice.message_id("bob")
        speakers = [bob, alice]
        for turn in range(50):
            last = await speakers[turn % 2].message_id(
                "alice" if turn % 2 == 0 else "bob", in_reply_to=last
            )
        request = mail.Send(to=["alice"], content="thanks", in_reply_to=last)
        assert await bob.code(request) == "LOOP_DETECTED"
        await place.store.mail.committed()
        (dead,) = await bob.stored(state="dead")
        assert (dead.content, dead.to) == ("thanks", "alice")


async def test_the_result_of_a_task_that_nobody_waits_for_comes_as_mail() -> None:
    async with counter() as place:
        bob = await correspondent(place, "bob")
        await bob.ask(run(notify=True))
        (await place.runner.begun(1)).end(DONE)
        (result,) = await bob.receive(wait=None)
        assert (result.sender, result.kind, result.id) == ("signalpost", "result", "task-1")
        assert result.content.startswith("success 1")
        assert result.metadata == b'{"task_id": 1, "state": "success"}'


async def test_asking_for_the_task_acknowledges_the_mail_with_its_result() -> None:
    async with counter() as place:
        bob = await correspondent(place, "bob")
        await bob.ask(run(notify=True))
        (await place.runner.begun(1)).end(DONE)
        while not (await bob.inbox("bob")).depth:
            await bob.speaker.settle()
        report = await bob.ask(messages.TaskStatus(task_id=1))
        assert isinstance(report, messages.TaskReport)
        assert await bob.contents() == []


async def test_the_result_that_its_caller_got_is_no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_mail, "UNTAKEN_SECONDS", 0.0)
    async with counter() as place:
        bob = await correspondent(place, "bob")
        call = bob.say(run())
        (await place.runner.begun(1)).end(DONE)
        await bob.speaker.answer(call)
        await bob.speaker.settle()
        assert (await bob.inbox("bob")).depth == 0


async def test_a_message_lives_no_longer_than_it_was_to() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        answer = await alice.send("bob", ttl_seconds=0.05, wait_for="acked")
        assert answer.sent[0].stage == "expired"
        assert await bob.contents() == []


async def test_a_look_takes_nothing() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        await alice.send("bob", content="one")
        for _ in range(2):
            answer = await bob.ask(mail.Peek())
            assert isinstance(answer, mail.Deliveries)
            (seen,) = answer.messages
            assert (seen.content, seen.lease, seen.redelivered) == ("one", b"", False)
        assert await bob.contents() == ["one"]


async def test_how_full_an_inbox_is() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        assert await alice.inbox("bob") == letters.InboxState(
            agent="bob", depth=0, max_size=1000, in_flight=0, oldest_age=None
        )
        await alice.send("bob")
        await alice.send("bob")
        await bob.receive()
        state = await alice.inbox("bob")
        assert (state.depth, state.in_flight, state.waiting_senders) == (2, 1, 0)
        assert state.oldest_age is not None
