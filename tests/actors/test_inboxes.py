"""What inboxes weigh: those with mail, and those that it has left."""

from __future__ import annotations

import tracemalloc

from anyio.lowlevel import checkpoint

from signalpost.actors.agent import Agent
from signalpost.actors.inbox import Inbox
from signalpost.actors.inbox_actor import Work
from signalpost.actors.inboxes import RESTING, Inboxes
from signalpost.actors.message import Message
from signalpost.actors.moment import Moment
from tests.actors.counter import Counter, counter
from tests.actors.inbox_words import a_message

COUNT = 500


async def test_an_inbox_with_a_message_takes_less_than_five_kibibytes() -> None:
    async with counter() as place:
        await post(place, range(10, 20))
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        await post(place, range(20, 20 + COUNT))
        place.events.written.clear()
        used = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        assert used / COUNT <= 5120, f"{used / COUNT:.0f} bytes per inbox"


async def test_of_inboxes_that_their_mail_has_left_only_the_last_few_stay() -> None:
    numbers = range(10, 10 + 2 * RESTING)
    async with counter() as place:
        inboxes = place.room.inboxes
        await post(place, numbers)
        assert all(inboxes.look(agent(number)) for number in numbers)
        for number in numbers:
            inboxes.tell(agent(number), end)
        await checkpoint()
        await place.store.committed()
        await checkpoint()
        assert vars(inboxes)["_where"] == inboxes.dead == {}
        assert [*vars(inboxes)["_actors"]] == [*numbers[-RESTING:]]


async def test_an_agent_that_becomes_another_without_dead_letters_is_not_counted_among_them() -> (
    None
):
    async with counter() as place:
        inboxes: Inboxes = place.room.inboxes
        inboxes.absorb(agent(2), agent(3))
        assert not inboxes.dead
        inboxes.dead[2] = 5
        inboxes.absorb(agent(2), agent(3))
        assert inboxes.dead == {3: 5}


def agent(number: int) -> Agent:
    return Agent(number, f"agent-{number}")


def end(inbox: Inbox, now: Moment) -> None:
    for message in inbox.open_messages():
        inbox.replied(b"", message.id, now)


def put(message: Message) -> Work:
    return lambda inbox, now: inbox.put(message, None, now)


async def post(place: Counter, numbers: range) -> None:
    """Have a message lie in the inbox of each agent, on disk."""
    for number in numbers:
        message = a_message(agent_id=number, content="x" * 100 + str(number))
        place.room.inboxes.tell(agent(number), put(message))
    await checkpoint()
    await place.store.committed()
    await checkpoint()
