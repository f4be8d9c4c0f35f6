from __future__ import annotations

from tests.actors.counter import counter
from tests.actors.letters_kept import message


async def test_mail_whose_agent_was_removed_as_the_broker_died_is_a_dead_letter() -> None:
    async with counter() as place:
        orphan = message(7, agent_id=99, recipient="gone")
        place.store.mail.keep(orphan)
        await place.room.restore()
        await place.store.mail.committed()
        (row,) = await place.store.mail.by_request(orphan.request_id)
        assert (row.state, row.reason) == ("dead", "gone was unregistered")
        assert place.room.inboxes.dead[99] == 1
