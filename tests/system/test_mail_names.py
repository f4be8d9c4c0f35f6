"""Who is who: names held, given back, taken over, and agents without one."""

from __future__ import annotations

import json
from typing import Any

import anyio

from tests.system.bridge import Bridge, bridge
from tests.system.journal import Journal
from tests.system.letterbox import elsewhere, line, receive, settled
from tests.system.place import Place, within
from tests.system.shown import only


async def names(it: Bridge) -> dict[str, dict[str, Any]]:
    text = await it.text(it.call("list_agents"))
    return {agent["name"]: agent for agent in json.loads(text.partition("\n")[0])["agents"]}


@within(30)
async def test_a_second_client_of_the_same_name_is_another_agent_and_is_told(place: Place) -> None:
    async with bridge(place, "alice") as first, elsewhere(place, "alice") as second:
        await first.handshake()
        assert await names(first)
        told = (await second.text(second.call("list_agents"))).splitlines()
        assert told[1:] == ["You are alice~2 here: alice is held by another living client."]
        assert {"alice", "alice~2"} <= (await names(first)).keys()
        await line(first, "send_message", to="alice~2", content="hello")
        assert only(await second.text(receive(second))).sender == "alice"
        taken = await second.text(second.call("register_agent", name="alice"))
        assert taken.startswith("NAME_TAKEN: ")
        assert await settled(first) == []


@within(30)
async def test_a_new_bridge_of_the_same_client_takes_name_and_mail_over(place: Place) -> None:
    async with bridge(place, "alice") as old, place.client("bob") as bob:
        await old.handshake()
        await names(old)
        await bob.send("alice", "before")
        assert only(await old.text(receive(old))).body == "before"
        async with bridge(place, "alice") as new:
            await new.handshake()
            assert (await names(new))["alice"]["you"]
            again = only(await new.text(receive(new)))
            assert (again.body, again.attempt) == ("before", (1, True))
            superseded = await old.text(receive(old))
            assert superseded.startswith("NAME_TAKEN: another session of your client acts for")
            assert await settled(new) == [again.id]


@within(30)
async def test_calls_that_wait_at_a_bridge_whose_name_is_taken_over_are_answered(
    place: Place,
) -> None:
    async with bridge(place, "alice") as old, place.client("bob") as bob:
        await old.handshake()
        waiting = receive(old, timeout=600)
        asked = old.call("send_message", to="bob", content="?", wait_for="reply")
        async with bob.receive() as question, bridge(place, "alice") as new:
            assert question is not None
            await new.handshake()
            await names(new)
            assert (await old.text(waiting)).startswith("NAME_TAKEN: another session of your")
            told = json.loads((await old.text(asked)).splitlines()[0])
            assert (told["message_id"], told["stage"]) == (question.id, "delivered")
            await question.reply("42")
            assert only(await new.text(receive(new))).body == "42"


def in_thread(it: Bridge, thread: str, tool: str, **words: object) -> int:
    """Call a tool as Codex does, which names the conversation in every call."""
    meta = {"threadId": thread}
    return it.ask("tools/call", {"name": tool, "arguments": words, "_meta": meta})


@within(30)
async def test_an_unnamed_agent_has_its_mail_again_when_its_conversation_goes_on(
    place: Place,
) -> None:
    async with place.client("bob") as bob:
        async with bridge(place) as first:
            await first.handshake("codex-mcp-client")
            await first.text(in_thread(first, "one", "list_agents"))
            [label] = [a.name for a in await bob.agents() if a.name not in ("bob", "person")]
            assert label == f"{place.folder.name}/codex-mcp-client"
            first.close_stdin()
            await first.exit(5)
        await bob.send(label, "hello")
        async with bridge(place) as resumed:
            await resumed.handshake("codex-mcp-client")
            other = in_thread(resumed, "two", "receive_message", timeout=0)
            assert '"no_messages"' in await resumed.text(other)
            mine = in_thread(resumed, "one", "receive_message", timeout=10)
            assert only(await resumed.text(mine)).body == "hello"
            await resumed.text(in_thread(resumed, "one", "send_message", to="bob", content="hi"))
        async with bob.receive() as got:
            assert got is not None
            assert (got.sender, got.content) == (label, "hi")


@within(30)
async def test_a_name_given_by_the_environment_is_known_before_the_first_word(place: Place) -> None:
    given = place.environment(GPTQ_AGENT_NAME="old", SIGNALPOST_AGENT="new")
    async with place.client("bob") as bob, bridge(place, environment=given) as it:
        await it.handshake()
        journal = Journal(place)
        await it.answer(it.ask("tools/list", {}))
        await journal.until("agent_registered", agent="new")
        assert (await bob.send("new", "hello")).sent[0].presence == "online"
        assert only(await it.text(receive(it))).body == "hello"
        renamed = await line(it, "register_agent", name="newer", role="consumer")
        assert renamed == {
            "status": "registered",
            "name": "newer",
            "role": "consumer",
            "description": "",
        }
        assert [one.name for one in (await bob.send("new", "again")).sent] == ["newer"]
        assert [one.name for one in (await bob.send("any:role:consumer", "x")).sent] == ["newer"]


@within(30)
async def test_a_broker_that_was_killed_keeps_the_name_of_a_bridge_that_asks_for_nothing(
    place: Place,
) -> None:
    async with place.client("bob") as bob:

        async def presence() -> str:
            return next(a.presence for a in await bob.agents() if a.name == "alice")

        async with elsewhere(place, "alice") as first:
            await names(first)
            await bob.send("alice", "for the first")
            place.broker_process().kill()
            async with elsewhere(place, "alice") as second:
                told = await second.text(receive(second, 0))
                assert told.splitlines()[1] == (
                    "You are alice~2 here: alice is held by another living client."
                )
            assert await presence() == "online"
            assert only(await first.text(receive(first))).body == "for the first"
        assert await presence() == "gone"


@within(30)
async def test_a_bridge_that_dies_after_its_broker_is_gone(place: Place) -> None:
    async with place.client("bob") as bob, bridge(place, "alice") as alice:
        await alice.handshake()
        await names(alice)
        await bob.register("bob")  # answered when alice is on disk too
        place.broker_process().kill()
        await bob.ping()
        journal, bounced = Journal(place), list[str]()

        async def ask() -> None:
            bounced.append((await bob.send("alice", "?", wait_for="reply")).bounced)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await journal.until("message_sent", to="alice")
            alice.process.kill()
        assert bounced == ["alice has gone"]
