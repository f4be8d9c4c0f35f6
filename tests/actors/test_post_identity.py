"""Who is who: names, takeover, presence, and what becomes of mail when they change."""

from __future__ import annotations

import pytest

from signalpost.transport import letters, mail, messages
from tests.actors.correspondent import Correspondent, correspondent, deliveries, sent
from tests.actors.counter import Counter, counter


async def bridge(place: Counter, agent: str = "", **hello: str) -> Correspondent:
    return await correspondent(place, agent, kind="bridge", label="shop/claude-code", **hello)


async def name_of(person: Correspondent, place: Counter) -> str:
    session = place.reception.session(person.speaker.token)
    assert session is not None
    return session.agent


async def test_an_agent_is_known_as_soon_as_it_says_hello() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice", client="claude-code", working_directory="/src")
        known = (await alice.agents())["alice"]
        assert (known.presence, known.client, known.working_directory) == (
            "online",
            "claude-code",
            "/src",
        )
        assert known.pid > 0
        assert ("agent_registered", "alice") in [
            (name, fields.get("agent")) for name, fields in place.events.written
        ]


async def test_an_unnamed_bridge_is_known_by_folder_and_client() -> None:
    async with counter() as place:
        first = await bridge(place)
        assert "shop/claude-code" in await first.agents()


async def test_a_conversation_that_is_resumed_gets_its_mail_back() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        before = await bridge(place, thread="t1")
        await alice.send("shop/claude-code", content="for t1")
        await before.leave()
        assert await (await bridge(place, thread="t2")).contents() == []
        assert await (await bridge(place, thread="t1")).contents() == ["for t1"]


async def test_another_program_under_the_name_of_an_agent_shares_its_inbox() -> None:
    async with counter() as place:
        one, two = await correspondent(place, "worker"), await correspondent(place, "worker")
        waiting = [each.say(mail.Receive(wait_seconds=None)) for each in (one, two)]
        for each in (one, two):
            await each.speaker.settle()
        await one.send("worker", content="a")
        await one.send("worker", content="b")
        for each, call in zip((one, two), waiting, strict=True):
            assert isinstance(await each.speaker.answer(call), mail.Deliveries)


async def test_a_program_does_not_get_the_name_of_a_living_bridge() -> None:
    async with counter() as place:
        await bridge(place, "alice")
        other = place.stranger()
        refused = await other.ask(messages.Hello(software="x", kind="client", agent="alice"))
        assert isinstance(refused, messages.Failed)
        assert refused.code == "NAME_TAKEN"


async def test_a_bridge_of_the_same_client_takes_the_name_over_and_the_old_one_is_told() -> None:
    async with counter() as place:
        old = await bridge(place, "alice")
        await old.send("alice", content="mine")
        (held,) = await old.receive()
        new = await bridge(place, "alice")
        pushed = [a for _, a in old.speaker.heard if isinstance(a, mail.Superseded)]
        await old.speaker.settle()
        pushed = [a for _, a in old.speaker.heard if isinstance(a, mail.Superseded)]
        assert [p.agent for p in pushed] == ["alice"]
        assert await old.code(mail.Receive()) == "NAME_TAKEN"
        (again,) = await new.receive()
        assert (again.id, again.attempt) == (held.id, 1)


async def test_renaming_keeps_the_mail_and_the_old_name_leads_to_the_new_one() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await alice.send("bob", content="before")
        await bob.register("robert", role="consumer", description="builds")
        await alice.send("bob", content="by the old name")
        await alice.send("robert", content="by the new name")
        assert await bob.contents() == ["before", "by the old name", "by the new name"]
        known = await alice.agents()
        assert (known["robert"].role, known["robert"].description) == ("consumer", "builds")
        assert "bob" not in known
        assert len(await bob.stored()) == 3


async def test_who_becomes_an_agent_that_has_gone_gets_the_mail_of_both() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await bob.leave()
        await alice.send("bob", content="for bob")
        carol = await bridge(place)
        await alice.send("shop/claude-code", content="for the unnamed")
        assert (await carol.register("bob")).name == "bob"
        assert await carol.contents() == ["for bob", "for the unnamed"]


async def test_who_waits_at_an_inbox_that_is_merged_is_told_or_let_in() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await bob.leave()
        carol = await bridge(place)
        await carol.register("carol", inbox_bound=1)
        await alice.send("carol", content="first")
        parked = alice.say(mail.Send(to=["carol"], content="second"))
        waiting = carol.say(mail.Receive(wait_seconds=None, sender="nobody-else"))
        await carol.speaker.settle()
        await alice.speaker.settle()
        await carol.register("bob")
        assert deliveries(await carol.speaker.answer(waiting)).messages == []
        assert [s.name for s in sent(await alice.speaker.answer(parked)).sent] == ["bob"]
        assert await carol.contents() == ["first", "second"]


async def test_the_name_of_a_living_agent_is_not_given_away() -> None:
    async with counter() as place:
        await bridge(place, "alice")
        bob = await correspondent(place, "bob")
        refused = await bob.speaker.refusal(mail.Register(name="alice"))
        assert refused.code == "NAME_TAKEN"
        assert (await bob.agents()).keys() >= {"alice", "bob"}


@pytest.mark.parametrize("name", ["", "a b", "-a", "*", "a@b", "x" * 65, "signalpost", "person"])
async def test_what_is_no_name_for_an_agent_is_refused(name: str) -> None:
    async with counter() as place:
        bob = await correspondent(place, "bob")
        assert await bob.code(mail.Register(name=name)) in ("BAD_REQUEST", "NAME_TAKEN")


async def test_unread_mail_is_never_thrown_away_silently() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        sent_id = await alice.message_id("bob")
        refused = await bob.speaker.refusal(mail.Unregister())
        assert "1 unread message for bob" in refused.detail
        await bob.ask(mail.Unregister(force=True))
        person = await correspondent(place, kind="cli")
        (dead,) = await person.stored(state="dead")
        assert (dead.id, dead.to) == (sent_id, "bob")
        assert "unregistered" in dead.reason
        assert await alice.code(mail.Send(to=["bob"], content="x")) == "UNKNOWN_AGENT"


async def test_presence_tells_what_an_agent_does() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")

        async def presence() -> letters.Presence:
            return (await alice.agents())["bob"].presence

        assert await presence() == "online"
        waiting = bob.say(mail.Receive(wait_seconds=None))
        await bob.speaker.settle()
        assert await presence() == "idle"
        await alice.send("bob")
        await bob.speaker.answer(waiting)
        assert await presence() == "working"
        await bob.leave()
        assert await presence() == "gone"


async def test_what_a_session_held_goes_back_when_it_leaves() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await alice.send("bob")
        await bob.receive()
        await bob.leave()
        (again,) = await (await correspondent(place, "bob")).receive()
        assert (again.attempt, again.redelivered) == (1, True)


async def test_a_message_is_from_whom_its_session_acts_for_whatever_it_once_said() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await bob.register("eve")
        await bob.send("alice", content="as eve")
        (got,) = await alice.receive()
        assert (got.content, got.sender) == ("as eve", "eve")


async def test_nobody_acknowledges_or_looks_into_the_mail_of_another() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await alice.send("bob")
        (held,) = await bob.receive()
        assert await alice.settle(held) == ["NOT_AUTHORISED"]
        assert await alice.code(mail.Peek(agent="bob")) == "NOT_AUTHORISED"
        eve = await correspondent(place, "eve")
        assert await eve.code(mail.ReadMessage(message_id=held.id)) == "NOT_AUTHORISED"
        assert await eve.stored() == []
        assert await bob.settle(held) == [""]
