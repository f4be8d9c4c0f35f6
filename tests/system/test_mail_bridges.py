"""Bridges that write each other and a program: nothing shown in vain is lost."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest

from tests.system.bridge import Bridge, bridge
from tests.system.letterbox import line, receive
from tests.system.place import Place, within
from tests.system.shown import only


@asynccontextmanager
async def pair(place: Place) -> AsyncGenerator[tuple[Bridge, Bridge], None]:
    """Two bridges whose agents know each other."""
    async with bridge(place, "alice") as alice, bridge(place, "bob") as bob:
        for it in (alice, bob):
            await it.handshake()
            await it.text(it.call("list_agents"))
        yield alice, bob


@within(30)
async def test_two_bridges_ask_and_answer_each_other(place: Place) -> None:
    async with pair(place) as (alice, bob):
        asked = alice.call("send_message", to="bob", content="2+2?", wait_for="reply")
        question = only(await bob.text(receive(bob)))
        assert (question.sender, question.body) == ("alice", "2+2?")
        sent = await line(bob, "send_message", to="alice", content="4", in_reply_to=question.id)
        text = await alice.text(asked)
        told = json.loads(text.partition("\n")[0])
        reply = only(text)
        assert (told["message_id"], told["reply"]) == (question.id, reply.id)
        assert (reply.id, reply.body) == (sent["message_id"], "4")
        assert reply.envelope["payload"]["in_reply_to"] == question.id
        nothing = await line(alice, "receive_message", timeout=0)
        assert nothing["acknowledged"] == [reply.id]
        assert (await line(bob, "receive_message", timeout=0))["acknowledged"] == []
    assert place.stored("SELECT state FROM messages") == [("done",), ("done",)]


@within(30)
async def test_a_bridge_and_a_program_ask_and_answer_each_other(place: Place) -> None:
    async with bridge(place, "alice") as alice, place.client("worker") as worker:
        await alice.handshake()
        asked = alice.call("send_message", to="worker", content="1+1?", wait_for="reply")
        async with worker.receive() as question:
            assert question is not None
            await question.reply("2")
        assert only(await alice.text(asked)).body == "2"
        waiting = receive(alice)
        async with anyio.create_task_group() as tasks:

            async def answer() -> None:
                got = only(await alice.text(waiting))
                await line(alice, "send_message", to="worker", content="no", in_reply_to=got.id)

            tasks.start_soon(answer)
            assert (await worker.ask("alice", "ready?")).content == "no"


@within(30)
async def test_a_question_bounces_when_the_one_who_is_asked_dies(place: Place) -> None:
    async with pair(place) as (alice, bob):
        asked = alice.call("send_message", to="bob", content="?", wait_for="reply")
        await bob.text(receive(bob))
        bob.process.kill()
        told = json.loads(await alice.text(asked))
        assert told["stage"] == "delivered"
        assert told["bounced"].startswith("bob has gone")


@within(30)
async def test_what_a_cancelled_receive_took_is_offered_again_uncounted(place: Place) -> None:
    async with pair(place) as (alice, bob):
        waiting = receive(bob)
        await bob.text(bob.call("list_agents"))
        bob.cancel(waiting)
        await bob.text(bob.call("list_agents"))
        sent = await line(alice, "send_message", to="bob", content="hello")
        taken = receive(bob)
        assert only(await bob.text(taken)).attempt == (1, False)  # the first took nothing
        bob.cancel(taken)  # it came too late to be read
        again = only(await bob.text(receive(bob)))
        assert (again.id, again.attempt) == (sent["message_id"], (1, True))
        assert (await line(bob, "receive_message", timeout=0))["acknowledged"] == [again.id]


@pytest.mark.parametrize(("how", "attempt"), [("killed", 2), ("ended", 1)])
@within(30)
async def test_what_a_bridge_had_shown_last_is_offered_to_the_next_one(
    place: Place, how: str, attempt: int
) -> None:
    async with pair(place) as (alice, bob):
        sent = await line(alice, "send_message", to="bob", content="hello")
        assert only(await bob.text(receive(bob))).attempt == (1, False)
        if how == "killed":
            bob.process.kill()
        else:
            bob.close_stdin()
        await bob.exit(5)
        async with bridge(place, "bob") as next_one:
            await next_one.handshake()
            text = await next_one.text(receive(next_one))
            assert "You are" not in text
            again = only(text)
            assert (again.id, again.attempt) == (sent["message_id"], (attempt, True))
            await next_one.text(receive(next_one, timeout=0))
    rows = place.stored("SELECT state, attempts, deliveries FROM messages")
    assert rows == [("done", attempt - 1, 2)]


@within(30)
async def test_a_message_shown_beside_another_receive_is_offered_again(place: Place) -> None:
    async with pair(place) as (alice, bob):
        first, second = receive(bob), receive(bob)
        await bob.text(bob.call("list_agents"))
        for content in ("one", "two"):
            await line(alice, "send_message", to="bob", content=content)
        seen = {only(await bob.text(each)).body for each in (first, second)}
        assert seen == {"one", "two"}
        for content in ("one", "two"):
            again = only(await bob.text(receive(bob)))
            assert (again.body, again.attempt) == (content, (1, True))
