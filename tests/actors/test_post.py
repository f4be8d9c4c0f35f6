"""Mail from agent to agent, over a real socket, through a whole broker."""

from __future__ import annotations

import pytest

from signalpost.actors.settings import Settings
from signalpost.transport import letters, mail, messages
from tests.actors.correspondent import Correspondent, correspondent, deliveries, sent
from tests.actors.counter import Counter, counter


async def pair(place: Counter) -> tuple[Correspondent, Correspondent]:
    return await correspondent(place, "alice"), await correspondent(place, "bob")


# ---------------------------------------------------------------- sending and receiving


async def test_a_message_reaches_who_waits_for_it_and_its_sender_hears_that_it_is_kept() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        waiting = bob.say(mail.Receive(wait_seconds=None))
        await bob.speaker.settle()
        answer = await alice.send("bob", content="héllo", kind="status", metadata=b'{"a":1}')
        (got,) = deliveries(await bob.speaker.answer(waiting)).messages
        (kept,) = answer.sent
        assert (kept.name, kept.message_id, kept.stage) == ("bob", got.id, "delivered")
        assert (got.sender, got.to, got.content, got.kind) == ("alice", "bob", "héllo", "status")
        assert (got.metadata, got.attempt, got.redelivered) == (b'{"a":1}', 1, False)
        row = await place.store.mail.message(got.id)
        assert row is not None
        assert row.content == "héllo"


async def test_mail_waits_for_its_receiver_and_comes_in_the_order_in_which_it_was_sent() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        for number in range(5):
            await alice.send("bob", content=str(number))
        assert await bob.contents() == ["0", "1", "2", "3", "4"]
        assert await bob.contents() == []


async def test_what_is_not_acknowledged_comes_again_at_its_old_place() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        for word in ("one", "two", "three"):
            await alice.send("bob", content=word)
        first, second = await bob.receive(max_messages=2)
        assert await bob.settle(second) == [""]
        assert await bob.settle(first, outcome="nack") == [""]
        again, third = await bob.receive(max_messages=5)
        assert [again.content, third.content] == ["one", "three"]
        assert (again.id, again.attempt, again.redelivered) == (first.id, 2, True)
        assert await bob.settle(first) == ["STALE_LEASE"]
        assert await bob.settle(again, third) == ["", ""]


async def test_a_receive_acknowledges_what_it_is_told_to_before_it_takes_more() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        await alice.send("bob", content="one")
        (one,) = await bob.receive()
        held = [letters.Held(message_id=one.id, lease=one.lease), letters.Held(message_id="gone")]
        answer = deliveries(await bob.ask(mail.Receive(wait_seconds=0, acknowledge=held)))
        assert answer.messages == []
        assert [(s.message_id, s.code) for s in answer.acknowledged] == [
            (one.id, ""),
            ("gone", "STALE_LEASE"),
        ]
        row = await place.store.mail.message(one.id)
        assert row is not None
        assert row.state == "done"


async def test_a_receive_that_its_client_gave_up_takes_nothing() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        waiting = bob.say(mail.Receive(wait_seconds=None))
        await bob.ask(messages.CancelCall(correlation=waiting))
        await alice.send("bob")
        assert len(await bob.receive()) == 1


async def test_a_receive_given_up_while_it_acknowledges_takes_nothing() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        await alice.send("bob", content="one")
        await alice.send("bob", content="two")
        (one,) = await bob.receive()
        held = [letters.Held(message_id=one.id, lease=one.lease)]
        call = bob.say(mail.Receive(wait_seconds=0, acknowledge=held))
        bob.say(messages.CancelCall(correlation=call))
        await bob.speaker.settle()
        (two,) = await bob.receive()
        assert (two.content, two.attempt) == ("two", 1)


async def test_an_answer_that_nobody_waited_for_any_more_gives_its_mail_back_uncounted() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        await alice.send("bob")
        waiting = bob.say(mail.Receive(wait_seconds=None))
        await bob.speaker.answer(waiting)
        await bob.ask(messages.CancelCall(correlation=waiting))
        (again,) = await bob.receive()
        assert (again.attempt, again.redelivered) == (1, True)


async def test_a_receive_sent_again_takes_the_same_mail_anew() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        await alice.send("bob")
        correlation = bob.say(mail.Receive(wait_seconds=0))
        (first,) = deliveries(await bob.speaker.answer(correlation)).messages
        bob.say(mail.Receive(wait_seconds=0), correlation)
        (again,) = deliveries(await bob.speaker.answer(correlation, 2)).messages
        assert (again.id, again.attempt) == (first.id, 1)
        assert await bob.settle(again) == [""]


async def test_a_send_sent_again_makes_one_message_and_has_the_same_answer() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        correlation = alice.say(mail.Send(to=["bob"], content="once"))
        first = sent(await alice.speaker.answer(correlation))
        alice.say(mail.Send(to=["bob"], content="once"), correlation)
        assert sent(await alice.speaker.answer(correlation, 2)) == first
        assert await bob.contents() == ["once"]


async def test_a_message_to_oneself_arrives() -> None:
    async with counter() as place:
        alice, _ = await pair(place)
        await alice.send("alice", content="note")
        assert await alice.contents() == ["note"]


# ---------------------------------------------------------------- who gets it


async def test_nobody_of_an_unknown_name_gets_mail_and_near_names_are_told() -> None:
    async with counter() as place:
        alice, _ = await pair(place)
        refused = await alice.speaker.refusal(mail.Send(to=["bobb"], content="?"))
        assert refused.code == "UNKNOWN_AGENT"
        assert "bob" in refused.detail


async def test_a_list_is_answered_with_who_got_it_and_who_did_not() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        answer = await alice.send("bob", "alice", "bob", "nobody")
        assert [s.name for s in answer.sent] == ["alice", "bob"]
        assert [(r.name, r.code) for r in answer.refused] == [("nobody", "UNKNOWN_AGENT")]
        assert len(await bob.receive(max_messages=5)) == 1


async def test_everybody_is_every_known_agent_but_the_sender_and_the_person() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        carol = await correspondent(place, "carol")
        await carol.leave()
        assert [s.name for s in (await alice.send("*")).sent] == ["bob", "carol"]
        assert len(await bob.receive()) == 1


async def test_one_of_many_is_the_one_who_waits_else_the_one_with_least_mail() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        carol = await correspondent(place, "carol")
        for each in (bob, carol):
            await each.register("bob" if each is bob else "carol", role="consumer")
        await alice.register("alice", role="publisher")
        await alice.send("bob")
        assert [s.name for s in (await alice.send("any:role:consumer")).sent] == ["carol"]
        await carol.contents()
        waiting = bob.say(mail.Receive(wait_seconds=None, sender="nobody-else"))
        await bob.speaker.settle()
        assert [s.name for s in (await alice.send("any:role:consumer")).sent] == ["bob"]
        await bob.ask(messages.CancelCall(correlation=waiting))
        assert (
            await alice.code(mail.Send(to=["any:role:publisher"], content="?")) == "UNKNOWN_AGENT"
        )


async def test_only_an_agent_sends_and_receives() -> None:
    async with counter() as place:
        nobody = await correspondent(place)
        assert await nobody.code(mail.Send(to=["alice"], content="x")) == "BAD_REQUEST"
        assert await nobody.code(mail.Receive()) == "BAD_REQUEST"
        await nobody.register("somebody")
        await nobody.send("somebody")
        assert len(await nobody.receive()) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"content": "é" * (128 * 1024 + 1)}, "TOO_LARGE"),
        ({"metadata": b'"' + b"x" * 16 * 1024 + b'"'}, "TOO_LARGE"),
        ({"metadata": b"[1]"}, "BAD_REQUEST"),
        ({"metadata": b"{"}, "BAD_REQUEST"),
        ({"ttl_seconds": 0.0}, "BAD_REQUEST"),
        ({"in_reply_to": "x" * 65}, "BAD_REQUEST"),
        ({"in_reply_to": "id\n\x1b[2J"}, "BAD_REQUEST"),
        ({"ttl_seconds": float("nan")}, "BAD_REQUEST"),
        ({"wait_seconds": -1.0}, "BAD_REQUEST"),
        ({"to": []}, "BAD_REQUEST"),
        ({"to": ["a\nb"]}, "BAD_REQUEST"),
        ({"to": ["role:none"]}, "BAD_REQUEST"),
        ({"to": ["*"], "wait_for": "reply"}, "BAD_REQUEST"),
    ],
)
async def test_what_no_inbox_can_take_is_refused(words: dict[str, object], code: str) -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        request = mail.Send(**{"to": ["bob"], "content": "x", **words})  # type: ignore[arg-type]
        assert await alice.code(request) == code
        assert await bob.contents() == []


async def test_the_largest_content_and_metadata_arrive() -> None:
    async with counter() as place:
        alice, bob = await pair(place)
        metadata = b'{"a":"' + b"x" * (16 * 1024 - 8) + b'"}'
        await alice.send("bob", content="é" * 128 * 1024, metadata=metadata)
        (got,) = await bob.receive()
        assert (len(got.content), got.metadata) == (128 * 1024, metadata)


# ---------------------------------------------------------------- full inboxes


async def test_senders_wait_for_room_in_the_order_in_which_they_came() -> None:
    async with counter(Settings(inbox_bound=1)) as place:
        alice, bob = await pair(place)
        await alice.send("bob", content="0")
        parked = [alice.say(mail.Send(to=["bob"], content=str(n))) for n in (1, 2)]
        await alice.speaker.settle()
        assert (await alice.inbox("bob")).waiting_senders == 2
        for number in range(3):
            (got,) = await bob.receive(wait=None)
            assert got.content == str(number)
            await bob.settle(got)
        assert [len(sent(await alice.speaker.answer(c)).sent) for c in parked] == [1, 1]


async def test_a_sender_that_does_not_want_to_wait_is_told_how_full_the_inbox_is() -> None:
    async with counter(Settings(inbox_bound=1)) as place:
        alice, _ = await pair(place)
        await alice.send("bob")
        refused = await alice.speaker.refusal(mail.Send(to=["bob"], content="x", park_seconds=0))
        assert refused.code == "INBOX_FULL"
        assert "1" in refused.detail
        many = await alice.send("bob", "alice")
        assert [(r.name, r.code) for r in many.refused] == [("bob", "INBOX_FULL")]


async def test_a_parked_sender_that_gives_up_has_sent_nothing() -> None:
    async with counter(Settings(inbox_bound=1)) as place:
        alice, bob = await pair(place)
        await alice.send("bob", content="first")
        parked = alice.say(mail.Send(to=["bob"], content="second"))
        await alice.ask(messages.CancelCall(correlation=parked))
        (got,) = await bob.receive()
        await bob.settle(got)
        assert await bob.contents() == []


async def test_an_agent_may_have_an_inbox_of_another_size() -> None:
    async with counter(Settings(inbox_bound=1)) as place:
        alice, bob = await pair(place)
        assert (await bob.register("bob", inbox_bound=2)).inbox_bound == 2
        for _ in range(2):
            await alice.send("bob", park_seconds=0)
        assert await alice.code(mail.Send(to=["bob"], content="x", park_seconds=0)) == "INBOX_FULL"
        state = await alice.inbox("bob")
        assert (state.depth, state.max_size) == (2, 2)
