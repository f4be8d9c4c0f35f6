"""A thousand agents at one broker."""

from __future__ import annotations

import anyio
import anyio.to_thread
import psutil

from signalpost.transport import mail
from tests.system.crowd import Crowd
from tests.system.place import Place, within
from tests.system.wire import wire

AGENTS = 1000
MOST_MEGABYTES = 400.0


def megabytes(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / 1024**2


def named(answer: mail.Sent) -> set[tuple[str, str]]:
    """Return to whom which message was sent."""
    return {(one.name, one.message_id) for one in answer.sent}


@within(60)
async def test_a_broadcast_reaches_a_thousand_agents_and_is_acknowledged_by_each(
    place: Place,
) -> None:
    broker = await place.serve()
    empty = megabytes(broker.pid)
    async with place.client("boss", start=False) as boss:
        with Crowd(place.broker().endpoint, AGENTS) as crowd:
            await anyio.to_thread.run_sync(crowd.wait_for_mail)
            waiting = megabytes(broker.pid)
            presences = {agent.name: agent.presence for agent in await boss.agents()}
            assert [presences[name] for name in crowd.names] == ["idle"] * AGENTS
            sent = await boss.send("*", "x" * 1024)
            assert sorted(one.name for one in sent.sent) == sorted(crowd.names)
            assert sent.refused == []
            got = await anyio.to_thread.run_sync(crowd.got)
            assert all(message.content == "x" * 1024 for some in got.values() for message in some)
            assert {(name, m.id) for name, some in got.items() for m in some} == named(sent)
            assert sum(map(len, got.values())) == AGENTS
            await anyio.to_thread.run_sync(crowd.acknowledge, got)
        again = await boss.send("*", "y" * 1024)  # whether anybody is there or not
        assert len(again.sent) == AGENTS
        full = megabytes(broker.pid)
    print(  # noqa: T201 - what this run has seen
        f"RSS of the broker in MB: empty {empty:.0f}, {AGENTS} waiting {waiting:.0f},"
        f" {2 * AGENTS} messages {full:.0f}"
    )
    for answer, state in ((sent, "done"), (again, "ready")):
        kept = place.stored(f"SELECT recipient, id FROM messages WHERE state = '{state}'")
        assert {*kept} == named(answer)
        assert len(kept) == AGENTS
    assert max(waiting, full) < MOST_MEGABYTES


@within(60)
async def test_a_broadcast_is_whole_though_the_broker_is_killed_in_the_middle(place: Place) -> None:
    await place.serve()
    with Crowd(place.broker().endpoint, AGENTS) as crowd:
        await anyio.to_thread.run_sync(crowd.wait_for_mail)
    for number in range(6):
        async with place.client("boss") as boss:
            await boss.ping()
            family = place.family()
            async with anyio.create_task_group() as tasks:
                if number % 2:
                    tasks.start_soon(kill_when_stored, place, AGENTS * number)
                else:
                    tasks.start_soon(kill_after, place, 0.04 + 0.02 * number)
                sent = await boss.send("*", str(number))
                assert sorted(one.name for one in sent.sent) == sorted(crowd.names)
                assert sent.refused == []
            await family.all_dead(5)
    kept = place.stored("SELECT content, count(*) FROM bodies GROUP BY content")
    assert kept == [(str(number), AGENTS) for number in range(6)]


@within(60)
async def test_of_a_broadcast_in_the_middle_of_which_the_broker_dies_all_is_stored_or_nothing(
    place: Place,
) -> None:
    first = await place.serve()
    with Crowd(place.broker().endpoint, AGENTS) as crowd:
        await anyio.to_thread.run_sync(crowd.wait_for_mail)
    first.kill()
    await anyio.to_thread.run_sync(first.wait)
    for number in range(8):
        broker = await place.serve()
        async with wire(place, "boss", count=10 * number) as boss:
            boss.send(mail.Send(to=["*"], content=str(number)))
            await anyio.sleep(0.02 * 1.35**number)  # it is about then that they are written
            broker.kill()  # and nobody sends again what was not answered
            await anyio.to_thread.run_sync(broker.wait)
    kept = dict(place.stored("SELECT content, count(*) FROM bodies GROUP BY content"))
    print(f"stored: {kept}")  # noqa: T201 - what this run has seen
    assert set(kept.values()) <= {AGENTS}


async def kill_after(place: Place, seconds: float) -> None:
    """Kill the broker when it is about to write."""
    broker = place.broker_process()
    await anyio.sleep(seconds)
    broker.kill()


async def kill_when_stored(place: Place, count: int) -> None:
    """Kill the broker when it has stored more than so many, before it can say so."""
    broker = place.broker_process()

    def watch() -> None:
        while place.stored("SELECT max(seq) FROM messages")[0][0] <= count:
            pass
        broker.kill()

    await anyio.to_thread.run_sync(watch)
