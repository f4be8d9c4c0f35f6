# pyright: reportUnknownLambdaType=false
"""Brokers that make room, or do not, for a client they do not understand."""

from __future__ import annotations

import anyio
import pytest

from signalpost.transport import link, messages
from signalpost.transport.errors import ProtocolMismatch
from tests.transport.stand_in_broker import Answer, fails, polite, town

RUN = messages.RunTask(command="make", working_directory="/")


def refusing(code: str) -> Answer:
    return messages.Failed(code=code, detail="you are too new")


async def test_a_broker_of_another_version_that_stays_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link, "_MAKE_ROOM_SECONDS", 0.05)
    async with town() as place:
        place.broker(lambda _: refusing("PROTOCOL"))
        assert isinstance(await fails(place.link()), ProtocolMismatch)


@pytest.mark.parametrize("code", ["PROTOCOL", "SHUTTING_DOWN"])
async def test_a_broker_that_makes_room_is_waited_for(code: str) -> None:
    async with town() as place:
        old = place.broker(lambda _: refusing(code))
        here = place.link()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: here.ask(RUN, deadline=None))
            await old.hears(messages.Hello)
            place.broker()
            old.die()
            await place.brokers[1].hears(messages.RunTask)
            tasks.cancel_scope.cancel()


@pytest.mark.parametrize("parts", [(b"x", b"y"), (b"SP01" + bytes(28), b"\xc1")])
async def test_a_broker_that_talks_nonsense_is_reported(
    parts: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "_MAKE_ROOM_SECONDS", 0.05)
    async with town() as place:
        broker = place.broker()

        def nonsense(request: messages.Request) -> Answer | None:
            if isinstance(request, messages.Hello):
                return polite(request)
            broker.router.post(broker.identity, *parts)
            return None

        broker.script = nonsense
        error = await fails(place.link())
        assert isinstance(error, ProtocolMismatch)
        assert "stand-in" in str(error)
