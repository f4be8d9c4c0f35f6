"""Messages that nobody could work on, and those that came too late."""

from __future__ import annotations

import json
from typing import Any

from tests.system.bridge import bridge
from tests.system.letterbox import line, receive
from tests.system.place import SIGNALPOST, Done, Place, within
from tests.system.scribes import scribe
from tests.system.shown import only


async def cli(place: Place, *words: str) -> Done:
    return await place.run(*SIGNALPOST, *words)


async def dead_letters(place: Place) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((await cli(place, "dead", "list", "--json")).stdout)
    return found


@within(30)
async def test_a_message_expires_when_nobody_takes_it_in_time(place: Place) -> None:
    async with place.client("boss") as boss, bridge(place, "alice") as alice:
        await alice.handshake()
        await line(alice, "list_agents")
        sent = await boss.send("alice", "soon", ttl_seconds=0.2, wait_for="acked", wait_seconds=10)
        assert sent.sent[0].stage == "expired"
        kept = await boss.send("alice", "later", ttl_seconds=600)
        shown = only(await alice.text(receive(alice)))
        assert shown.id == kept.sent[0].message_id
        assert [m.content for m in await boss.history(state="expired")] == ["soon"]
        assert (await boss.inboxes("alice"))[0].dead_letters == 0


@within(40)
async def test_what_a_model_refuses_five_times_is_a_dead_letter_that_a_person_puts_back(
    place: Place,
) -> None:
    async with place.client("boss") as boss, bridge(place, "alice") as alice:
        await alice.handshake()
        await line(alice, "list_agents")
        sent = (await boss.send("alice", "poison")).sent[0].message_id
        await boss.send("alice", "food")
        for attempt in range(1, 6):
            shown = only(await alice.text(receive(alice)))
            assert (shown.id, shown.attempt) == (sent, (attempt, attempt > 1))
            await line(alice, "acknowledge_message", message_ids=sent, outcome="nack")
        assert only(await alice.text(receive(alice))).body == "food"
        [letter] = await dead_letters(place)
        assert (letter["id"], letter["attempts"]) == (sent, 5)
        done = await cli(place, "dead", "redrive", sent)
        assert done.stdout.decode() == f"redriven {sent}\n"
        again = only(await alice.text(receive(alice)))
        assert (again.id, again.attempt) == (sent, (1, True))
        assert await dead_letters(place) == []


@within(60)
async def test_what_kills_five_receivers_is_a_dead_letter_and_blocks_nobody(place: Place) -> None:
    journal = place.fifo("journal")
    async with place.client("boss") as boss, place.client("worker") as worker:
        sent = (await boss.send("worker", "poison")).sent[0].message_id
        for _ in range(5):
            victim = scribe(place, "hold", journal.path, "worker")
            assert json.loads(await journal.line())["id"] == sent
            victim.kill()
        await boss.send("worker", "food")
        async with worker.receive() as got:
            assert got is not None
            assert got.content == "food"
    [letter] = await dead_letters(place)
    assert (letter["id"], letter["attempts"]) == (sent, 5)
    assert "died" in letter["reason"]
    purged = await cli(place, "dead", "purge", "--all", "--yes")
    assert purged.stdout.decode() == f"purged {sent}\n"
    assert await dead_letters(place) == []
    assert place.stored("SELECT content FROM bodies") == [("food",)]
