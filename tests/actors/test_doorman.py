"""Who is meant at the door, and who may ask what, through a whole broker."""

from __future__ import annotations

import pytest

from signalpost.transport import bell, housekeeping, mail, messages
from tests.actors.correspondent import correspondent
from tests.actors.counter import counter, run
from tests.actors.visitor import bell_of, visitor


async def test_a_door_sees_what_waits_for_the_agent_that_it_names() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        door = await visitor(place)
        nothing = await door.look("alice")
        assert (nothing.agent, nothing.unread, nothing.news) == ("alice", 0, False)
        await bob.send("alice", kind="task")
        await bob.send("alice", kind="result")
        await alice.send("alice", kind="status")
        seen = await door.look("alice")
        assert (seen.unread, seen.unread_tasks, seen.held) == (3, 1, 0)
        assert (seen.news, seen.noticed, seen.on) == (True, 0, True)
        assert seen.senders == {"bob": 2, "alice": 1}
        assert seen.cursor > 0
        await alice.receive()
        assert (await door.look("alice")).held == 1


async def test_nobody_is_meant_by_a_name_that_nobody_has_and_that_is_no_error() -> None:
    async with counter() as place:
        door = await visitor(place)
        assert await door.look("nobody") == bell.Doorstep()
        assert await door.rung(door.wait("nobody", wait_seconds=9.0)) == bell.Doorstep()
        assert await door.look() == bell.Doorstep()


async def test_who_waits_without_a_limit_for_a_name_waits_until_somebody_has_it() -> None:
    async with counter() as place:
        door, gone = await visitor(place), await visitor(place)
        waiting, given_up, left = door.wait("alice"), door.wait("alice"), gone.wait("alice")
        await door.ask(messages.CancelCall(correlation=given_up))
        await gone.ask(messages.Bye())
        alice = await correspondent(place, "alice")
        assert not door.is_answered(waiting)
        await alice.send("alice")
        assert (await door.rung(waiting)).news
        assert not door.is_answered(given_up)
        assert not gone.is_answered(left)


async def test_who_waits_for_a_name_hears_of_one_who_takes_it_later() -> None:
    async with counter() as place:
        door, bob = await visitor(place), await correspondent(place, "bob")
        waiting = door.wait("alice")
        await bob.ask(mail.Register(name="alice"))
        await bob.send("alice")
        assert (await door.rung(waiting)).agent == "alice"


async def test_an_agent_is_found_by_its_conversation() -> None:
    async with counter() as place:
        await correspondent(place, kind="bridge", label="src/claude", thread="t-1")
        door = await visitor(place)
        assert (await door.look(thread="t-1")).agent == "src/claude"
        assert (await door.look(thread="t-2")).agent == "src/claude"  # by its processes


async def test_an_agent_is_found_by_the_processes_above_the_asker() -> None:
    async with counter() as place:
        await correspondent(place, "alice", kind="bridge")  # of this very process
        await correspondent(place, "prog")
        door = await visitor(place)
        assert (await door.look()).agent == "alice"


async def test_the_open_tasks_of_the_agent_are_shown() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        other = await correspondent(place, "bob")
        door = await visitor(place)
        alice.say(run("make " + "x" * 100))
        await alice.speaker.settle()  # whose request is served first is not promised
        other.say(run("make other"))
        await other.speaker.settle()
        (task,) = (await door.look("alice")).open_tasks
        assert (task.task_id, task.state, len(task.command)) == (1, "running", 80)
        (waits,) = (await door.look("bob")).open_tasks
        assert (waits.task_id, waits.state, waits.command) == (2, "waiting", "make other")


@pytest.mark.parametrize(
    "request_",
    [
        mail.Send(to=["alice"], content="x"),
        mail.Receive(wait_seconds=0),
        mail.Register(name="door"),
        mail.Redrive(message_ids=["x"]),
        run(),
        messages.CancelTask(task_id=1),
        housekeeping.Stop(),
    ],
    ids=lambda request: type(request).__name__,
)
async def test_a_door_may_do_nothing(request_: messages.Request) -> None:
    async with counter() as place:
        door = await visitor(place)
        assert await door.code(request_) == "NOT_AUTHORISED"


async def test_a_door_may_read_and_is_nobody_to_others() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        door = await visitor(place, agent="mallory")
        await alice.send("alice", content="hello")
        assert "mallory" not in await door.agents()
        assert [m.content for m in await door.stored()] == ["hello"]
        assert (await door.inbox("alice")).depth == 1
        looked = await door.ask(mail.Peek(agent="alice"))
        assert isinstance(looked, mail.Deliveries)
        assert [m.content for m in looked.messages] == ["hello"]
        assert isinstance(await door.ask(messages.ListTasks()), messages.Tasks)


async def test_a_bell_is_set_by_its_agent_and_by_a_person_and_by_nobody_else() -> None:
    async with counter() as place:
        alice, bob = await correspondent(place, "alice"), await correspondent(place, "bob")
        person = await correspondent(place, kind="cli")
        door = await visitor(place)
        assert not (await bell_of(alice, on=False)).on
        state = await bell_of(person, "alice", every_seconds=9.0)
        assert (state.agent, state.on, state.every_seconds, state.rings) == ("alice", False, 9, [])
        assert await bob.code(bell.SetBell(agent="alice", on=True)) == "NOT_AUTHORISED"
        assert await door.code(bell.SetBell(agent="alice", on=True)) == "NOT_AUTHORISED"
        assert await bob.code(bell.LookAtBell(agent="alice")) == "NOT_AUTHORISED"
        assert (await bell_of(door, "alice")).every_seconds == 9.0
        assert await person.code(bell.SetBell(agent="nobody", on=True)) == "UNKNOWN_AGENT"
        assert await person.code(bell.SetBell(agent="alice", every_seconds=-1)) == "BAD_REQUEST"


async def test_an_agent_looks_at_its_own_bell_without_naming_itself() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        await alice.send("alice")
        answer = await alice.ask(bell.LookAtBell(tell=True))
        assert isinstance(answer, bell.Doorstep)
        assert (answer.agent, answer.news) == ("alice", True)


@pytest.mark.parametrize(
    "request_",
    [
        bell.AwaitBell(agent="alice", wait_seconds=-1),
        bell.AwaitBell(agent="alice", wait_seconds=float("nan")),
        bell.NoteRing(agent="alice", cursor=0, way="pty", outcome="typed", detail="x" * 201),
        bell.NoteRing(agent="nobody", cursor=0, way="pty", outcome="typed"),
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_refused(request_: messages.Request) -> None:
    async with counter() as place:
        await correspondent(place, "alice")
        assert await (await visitor(place)).code(request_) == "BAD_REQUEST"
