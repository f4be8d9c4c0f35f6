"""Who is told of mail, and when, through a whole broker."""

from __future__ import annotations

from signalpost.transport import bell, mail, messages
from tests.actors.correspondent import correspondent
from tests.actors.counter import counter
from tests.actors.visitor import bell_of, visitor


async def test_who_waits_is_told_once_and_waits_again_for_what_is_newer() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await bell_of(alice, every_seconds=0)
        door = await visitor(place)
        first = door.wait("alice")
        await bob.send("alice")
        rung = await door.rung(first)
        assert (rung.agent, rung.unread, rung.news, rung.noticed) == ("alice", 1, True, 0)
        second = door.wait("alice")
        await door.speaker.settle()
        assert not door.is_answered(second)
        await bob.send("alice")
        again = await door.rung(second)
        assert (again.unread, again.noticed) == (2, rung.cursor)
        assert again.cursor > rung.cursor


async def test_one_ring_answers_the_one_who_has_waited_for_longest() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await bell_of(alice, every_seconds=0)
        door = await visitor(place)
        first, second = door.wait("alice", way="pty"), door.wait("alice", way="wait")
        await bob.send("alice")
        assert (await door.rung(first)).news
        await door.speaker.settle()
        assert not door.is_answered(second)
        await bob.send("alice")
        assert (await door.rung(second)).news
        rings = (await bell_of(alice)).rings
        assert [(ring.way, ring.outcome) for ring in rings] == [("wait", "woke"), ("pty", "woke")]


async def test_two_who_look_and_tell_do_not_both_tell() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        door, other = await visitor(place), await visitor(place)
        await alice.send("alice")
        assert (await door.look("alice", way="hook:prompt")).news
        assert (await door.look("alice", way="hook:prompt", tell=True)).news
        assert not (await other.look("alice", way="hook:tools", tell=True)).news
        assert not (await other.look("alice")).news
        (ring,) = (await bell_of(alice)).rings
        assert (ring.way, ring.outcome, ring.detail) == ("hook:prompt", "shown", "")


async def test_time_is_over_for_who_waits_in_vain() -> None:
    async with counter() as place:
        await correspondent(place, "alice")
        door = await visitor(place)
        over = await door.rung(door.wait("alice", wait_seconds=0.02))
        assert (over.agent, over.unread, over.news) == ("alice", 0, False)


async def test_nobody_is_told_while_the_bell_is_off_and_all_is_told_when_it_is_on_again() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await bell_of(alice, on=False)
        door = await visitor(place)
        waiting = door.wait("alice")
        await bob.send("alice")
        seen = await door.look("alice", tell=True)
        assert (seen.unread, seen.news, seen.on) == (1, False, False)
        assert not door.is_answered(waiting)
        await bell_of(alice, on=True)
        assert (await door.rung(waiting)).news


async def test_news_within_the_least_time_waits_until_that_is_over() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await bell_of(alice, every_seconds=0.05)
        door = await visitor(place)
        waiting = door.wait("alice")
        await bob.send("alice")
        first = await door.rung(waiting)
        waiting = door.wait("alice")
        await bob.send("alice")
        await bob.send("alice")
        second = await door.rung(waiting)
        assert (second.unread, second.news) == (3, True)
        newest, oldest = (await bell_of(alice)).rings
        assert newest.at - oldest.at >= 0.049
        assert (oldest.cursor, newest.cursor) == (first.cursor, second.cursor)


async def test_mail_that_comes_back_from_its_receiver_is_news() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await bell_of(alice, every_seconds=0)
        door = await visitor(place)
        await bob.send("alice")
        assert (await door.look("alice", tell=True)).news
        (taken,) = await alice.receive()
        waiting = door.wait("alice")
        await alice.settle(taken, outcome="nack")
        rung = await door.rung(waiting)
        assert (rung.unread, rung.held) == (1, 0)


async def test_mail_that_goes_straight_to_a_receiver_rings_no_bell() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        door = await visitor(place)
        waiting = door.wait("alice")
        receiving = alice.say(mail.Receive(wait_seconds=None))
        await alice.speaker.settle()
        await bob.send("alice")
        await alice.speaker.answer(receiving)
        await door.speaker.settle()
        assert not door.is_answered(waiting)


async def test_what_gave_up_was_not_told_and_goes_to_somebody_else() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await bell_of(alice, every_seconds=0)
        door = await visitor(place)
        await bob.send("alice")
        rung = await door.rung(door.wait("alice", way="pty"))
        await door.ask(
            bell.NoteRing(
                agent="alice",
                cursor=rung.cursor,
                way="pty",
                outcome="gave_up",
                detail="a dialog is open",
            )
        )
        again = door.wait("alice", way="pty", after=rung.cursor)
        assert (await door.rung(door.wait("alice"))).cursor == rung.cursor
        assert not door.is_answered(again)
        told = [(r.way, r.outcome, r.detail) for r in (await bell_of(alice)).rings]
        assert told == [("wait", "woke", ""), ("pty", "gave_up", "a dialog is open")]


async def test_a_ring_that_nobody_heard_goes_to_the_next_who_waits() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await bell_of(alice, every_seconds=0)
        lost, door = await visitor(place), await visitor(place)
        lost.wait("alice")
        await lost.speaker.settle()
        waiting = door.wait("alice")
        await door.speaker.settle()
        place.reception._died(lost.speaker.token)  # pyright: ignore[reportPrivateUsage]
        await bob.send("alice")
        assert (await door.rung(waiting)).news
        told = [(r.outcome, r.detail) for r in (await bell_of(alice)).rings]
        assert told == [("woke", ""), ("gave_up", "whoever waited had gone")]


async def test_what_was_told_to_somebody_who_died_with_it_goes_to_the_next_who_waits() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await bell_of(alice, every_seconds=0)
        mortal, tidy, door = [await visitor(place) for _ in range(3)]
        await bob.send("alice")
        assert (await mortal.rung(mortal.wait("alice"))).news
        waiting = door.wait("alice")
        await door.speaker.settle()
        assert not door.is_answered(waiting)
        session = place.reception.session(mortal.speaker.token)
        assert session is not None
        place.reception.close(session)  # as 5 s after its process has died
        assert (await door.rung(waiting)).news
        await bob.send("alice")
        assert (await tidy.rung(tidy.wait("alice"))).news
        await tidy.leave()
        assert not (await door.look("alice")).news


async def test_asked_again_under_its_correlation_a_rung_request_gets_the_same_ring() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        await bell_of(alice, every_seconds=0)
        door = await visitor(place)
        waiting = door.wait("alice")
        await bob.send("alice")
        rung = await door.rung(waiting)
        door.say(bell.AwaitBell(agent="alice"), waiting)
        again = await door.speaker.answer(waiting, 2)
        assert isinstance(again, bell.Doorstep)
        assert (again.news, again.cursor) == (True, rung.cursor)
        assert len((await bell_of(alice)).rings) == 1


async def test_who_gives_up_waiting_is_not_told() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        door = await visitor(place)
        waiting = door.wait("alice")
        await door.ask(messages.CancelCall(correlation=waiting))
        await bob.send("alice")
        await door.speaker.settle()
        assert not door.is_answered(waiting)
        assert (await bell_of(alice)).rings == []


async def test_the_bell_moves_with_the_mail_when_its_agent_becomes_another() -> None:
    async with counter() as place:
        bob = await correspondent(place, "bob")
        old = await correspondent(place, "alice")
        await bell_of(old, every_seconds=0, on=True)
        await bob.send("alice")
        door = await visitor(place)
        assert (await door.look("alice", tell=True)).news
        await old.leave()
        new = await correspondent(place, "late")
        await bob.send("late")
        waiting = door.wait("late", after=0)
        assert (await door.rung(waiting)).unread == 1
        waiting = door.wait("late")
        await new.register("alice")
        await door.speaker.settle()
        assert not door.is_answered(waiting)  # both were told, and nothing has come since
        seen = await door.look("alice")
        assert (seen.unread, seen.news) == (2, False)
        assert len((await bell_of(new)).rings) == 2
        await bob.send("alice")
        assert (await door.rung(waiting)).agent == "alice"


async def test_who_waits_at_the_bell_of_an_agent_that_is_removed_hears_that_nobody_is_meant() -> (
    None
):
    async with counter() as place:
        alice = await correspondent(place, "alice")
        door = await visitor(place)
        waiting = door.wait("alice")
        await door.speaker.settle()
        await alice.ask(mail.Unregister())
        assert await door.rung(waiting) == bell.Doorstep()


async def test_a_stop_hook_that_its_client_has_left_behind_is_told_of_nothing() -> None:
    async with counter() as place:
        await correspondent(place, "alice")
        bob, door = await correspondent(place, "bob"), await visitor(place)
        left, other = door.wait("alice", way="hook:stop", wait_seconds=60.0), door.wait("alice")
        hook = await visitor(place)
        await hook.look("alice", event="tools")
        assert not door.is_answered(left)
        await hook.look("alice", event="prompt")
        assert not (await door.rung(left)).news
        await bob.send("alice")
        assert (await door.rung(other)).news
