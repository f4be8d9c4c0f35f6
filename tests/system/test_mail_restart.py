"""The broker is killed: whoever waits goes on, and everything is as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from signalpost.actors.message import MAX_ATTEMPTS
from signalpost.transport import mail
from signalpost.transport.client import Client
from signalpost.transport.errors import DeadlineExceeded
from signalpost.transport.letters import Delivery, Held
from tests.system.bridge import bridge
from tests.system.letterbox import line, receive, settled
from tests.system.place import Place, within
from tests.system.puppet import puppet
from tests.system.shown import only
from tests.system.wire import wire


async def kill(place: Place) -> None:
    """Kill the broker and return when it is dead."""
    family = place.family()
    place.broker_process().kill()
    await family.all_dead(5)


async def take(client: Client, count: int = 32) -> list[Delivery]:
    return (await client.take(wait_seconds=0, max_messages=count)).messages


async def both(client: Client) -> list[Delivery]:
    """Take two messages and return them by content."""
    found: list[Delivery] = []
    while len(found) < 2:
        found += (await client.take(wait_seconds=None, max_messages=2)).messages
    return sorted(found, key=lambda message: message.content)


async def fail(client: Client) -> None:
    """Have the oldest message fail until it is dead."""
    for _ in range(MAX_ATTEMPTS):
        [got] = await take(client, 1)
        await client.settle([Held(got.id, got.lease)], "nack")


async def on_disk(client: Client) -> None:
    """Return when all that has happened is stored, deliveries among it."""
    await client.send("person", "so far")


@within(30)
async def test_those_who_wait_for_mail_get_it_from_the_next_broker(place: Place) -> None:
    async with (
        bridge(place, "alice") as alice,
        puppet(place, "worker") as worker,
        place.client("boss") as boss,
    ):
        await alice.handshake()
        await alice.text(alice.call("list_agents"))
        waiting, also = receive(alice), worker.ask("take", wait_seconds=None)
        await worker.ask("ping").result()
        await alice.text(alice.call("list_agents"))
        await kill(place)
        for name in ("alice", "worker"):
            await boss.send(name, "after")
        shown = only(await alice.text(waiting))
        assert (shown.body, shown.attempt) == ("after", (1, False))
        [got] = (await also.result())["messages"]
        assert got["content"] == "after"
        assert await settled(alice) == [shown.id]


@within(30)
async def test_a_question_survives_the_broker_and_gets_its_reply_or_its_deadline(
    place: Place,
) -> None:
    async with puppet(place, "boss") as boss, place.client("worker") as worker:
        asked = boss.ask("send", to="worker", content="?", wait_for="reply")
        hopeless = boss.ask("ask", to="worker", content="??", wait_seconds=3)
        [question, _] = await both(worker)
        await on_disk(worker)
        await kill(place)
        [again, other] = await both(worker)
        assert (again.id, again.attempt, again.redelivered) == (question.id, 1, True)
        sent = await worker.send("boss", "!", in_reply_to=again.id)
        answer = await asked.result()
        assert answer["reply"]["id"] == sent.sent[0].message_id
        assert answer["sent"][0]["message_id"] == question.id
        with pytest.raises(DeadlineExceeded, match=other.id):
            await hopeless.result()


@within(30)
async def test_everything_is_as_it_was(place: Place) -> None:
    async with place.client("boss") as boss, place.client("first") as worker:
        await worker.register("worker", role="consumer", description="works", inbox_bound=9)
        for number in range(4):
            await boss.send("worker", str(number), ttl_seconds=3600, metadata={"n": number})
        [poison] = await take(worker, 1)
        for _ in range(5):
            await worker.settle([Held(poison.id)], "nack")
            [poison] = await take(worker, 1)
        assert poison.content == "1"
        [done] = await take(worker, 1)
        await worker.settle([Held(done.id, done.lease)])
        agents, inboxes = await boss.agents(), await boss.inboxes("worker")
        await kill(place)
        after = await boss.agents()
        assert {a.name: (a.role, a.description, a.depth) for a in after} == {
            a.name: (a.role, a.description, a.depth) for a in agents
        }
        [was], [now] = inboxes, await boss.inboxes("worker")
        assert (now.depth, now.max_size, now.dead_letters) == (2, 9, 1)
        assert (was.depth, was.max_size, was.dead_letters, was.in_flight) == (2, 9, 1, 1)
        assert [one.name for one in (await boss.send("first", "4")).sent] == ["worker"]
        left = await take(worker)
        assert [(m.content, m.attempt, m.redelivered) for m in left] == [
            ("1", 1, True),  # it was leased
            ("3", 1, False),
            ("4", 1, False),
        ]
        stale = await worker.settle([Held(poison.id, poison.lease)])
        assert [s.code for s in stale] == ["STALE_LEASE"]
        assert [m.content for m in await boss.history(state="dead")] == ["0"]
        assert [m.content for m in await boss.history(state="done")] == ["2"]


@within(30)
async def test_a_send_repeated_after_the_restart_is_the_same_message(place: Place) -> None:
    async with place.client("worker") as worker:
        request = mail.Send(to=["worker"], content="once")
        ids: list[str] = []
        async with wire(place, "boss") as before:
            sent = await before.reply(before.send(request))
            assert isinstance(sent, mail.Sent), sent
            ids.append(sent.sent[0].message_id)
        [got] = await take(worker, 1)
        await worker.settle([Held(got.id, got.lease)])
        await kill(place)
        await worker.ping()
        async with wire(place, "boss") as after:  # it numbers its requests from 1, too
            sent = await after.reply(after.send(request))
            assert isinstance(sent, mail.Sent), sent
            ids.append(sent.sent[0].message_id)
            assert sent.sent[0].stage == "acked"
        assert ids == [got.id, got.id]
        assert await take(worker) == []
    assert place.stored("SELECT count(*) FROM messages") == [(1,)]


@within(30)
async def test_two_brokers_later_a_bridge_still_has_its_name_and_its_mail(place: Place) -> None:
    async with bridge(place, "alice") as alice, place.client("boss") as boss:
        await alice.handshake()
        await alice.text(alice.call("list_agents"))
        for number in range(2):
            await boss.send("alice", str(number))
            shown = only(await alice.text(receive(alice)))
            await on_disk(boss)
            await kill(place)
            again = only(await alice.text(receive(alice)))
            assert again.body == str(number)
            assert (again.id, again.attempt) == (shown.id, (1, True))
            nothing = await line(alice, "receive_message", timeout=0)
            assert nothing["acknowledged"] == [shown.id]


@within(30)
async def test_a_dead_letter_that_was_put_back_does_not_expire_with_the_broker(
    place: Place,
) -> None:
    async with (
        place.client("boss") as boss,
        place.client("worker") as worker,
        place.client(kind="cli") as person,
    ):
        sent = await boss.send("worker", "dead", ttl_seconds=0.5)
        await fail(worker)
        over = await boss.send("worker", "over", ttl_seconds=0.5, wait_for="acked")
        assert over.sent[0].stage == "expired", "and so would the other one have"
        assert not (await person.redrive([sent.sent[0].message_id]))[0].code
        await kill(place)
        assert [message.content for message in await take(worker)] == ["dead"]


@within(30)
async def test_mail_whose_agent_was_removed_as_the_broker_died_becomes_dead_letters(
    place: Place,
) -> None:
    async with place.client("boss") as boss, place.client(kind="cli") as person:
        async with place.client("worker"):
            sent = await boss.send("worker", "left")
        await kill(place)
        with closing(sqlite3.connect(place.state / "queue.db")) as store, store:
            store.execute("DELETE FROM agents WHERE name = 'worker'")  # the first half of it
        [letter] = await person.history(state="dead")
        assert (letter.id, letter.reason) == (sent.sent[0].message_id, "worker was unregistered")
        async with place.client("worker") as again:
            assert not (await person.redrive([letter.id]))[0].code
            assert [message.content for message in await take(again)] == ["left"]
            assert [(i.depth, i.dead_letters) for i in await person.inboxes("worker")] == [(1, 0)]


@within(30)
async def test_mail_that_expired_while_no_broker_ran_is_no_fault(place: Place) -> None:
    async with place.client("boss") as boss:
        async with place.client("worker"):
            await boss.send("worker", "over", ttl_seconds=60)
        await kill(place)
        with closing(sqlite3.connect(place.state / "queue.db")) as store, store:
            store.execute("UPDATE messages SET expires_at = sent_at")
        assert [inbox.depth for inbox in await boss.inboxes("worker")] == [0]
        assert "Traceback" not in place.broker_log()
