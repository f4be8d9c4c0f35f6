"""A message for one of many goes to somebody who can take it."""

from __future__ import annotations

from tests.actors.correspondent import Correspondent, correspondent
from tests.actors.counter import Counter, counter

ANY = "any:role:consumer"


async def consumer(place: Counter, name: str, bound: int | None = None) -> Correspondent:
    it = await correspondent(place, name)
    await it.register(name, role="consumer", inbox_bound=bound)
    return it


async def taken_by(sender: Correspondent) -> list[str]:
    return [one.name for one in (await sender.send(ANY)).sent]


async def test_the_least_mail_decides_among_those_who_have_room() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        await consumer(place, "full", bound=1)
        await consumer(place, "roomy")
        await alice.send("full")
        await alice.send("roomy")
        await alice.send("roomy")
        assert await taken_by(alice) == ["roomy"]


async def test_the_least_mail_decides_among_those_who_are_there() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        await (await consumer(place, "gone")).leave()
        busy = await consumer(place, "busy")
        await alice.send("busy")
        await busy.receive()
        assert await taken_by(alice) == ["busy"]
        await busy.leave()
        assert await taken_by(alice) == ["gone"]


async def test_when_every_inbox_is_full_the_message_is_refused() -> None:
    async with counter() as place:
        alice = await correspondent(place, "alice")
        await consumer(place, "full", bound=1)
        await alice.send("full")
        answer = await alice.send(ANY)
        assert [(one.name, one.code) for one in answer.refused] == [("full", "INBOX_FULL")]
