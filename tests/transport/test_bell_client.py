"""The client's requests about doorbells, as the broker hears them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from signalpost.transport import bell, messages
from signalpost.transport.client import Client
from signalpost.transport.errors import BadRequest
from tests.transport.postman import answering, asked, post_town

Call = Callable[[Client], Awaitable[object]]

STEP = bell.Doorstep(agent="bob", unread=2, cursor=9, news=True)
STATE = bell.BellState(agent="bob", on=False, every_seconds=9.0, rings=[])
CALLS: list[tuple[Call, messages.Request, object]] = [
    (
        lambda c: c.look_at_bell("bob", event="prompt", way="hook:prompt", tell=True),
        bell.LookAtBell(agent="bob", event="prompt", way="hook:prompt", tell=True),
        STEP,
    ),
    (
        lambda c: c.look_at_bell(thread="t", event="session_start", source="clear"),
        bell.LookAtBell(thread="t", event="session_start", source="clear"),
        STEP,
    ),
    (
        lambda c: c.await_bell("bob", way="pty", after=7, wait_seconds=3),
        bell.AwaitBell(agent="bob", way="pty", after=7, wait_seconds=3),
        STEP,
    ),
    (
        lambda c: c.await_agent("bob", thread="t"),
        bell.AwaitAgent(agent="bob", thread="t"),
        STEP,
    ),
    (
        lambda c: c.note_ring("bob", 9, "pty", "gave_up", "a dialog is open"),
        bell.NoteRing(
            agent="bob", cursor=9, way="pty", outcome="gave_up", detail="a dialog is open"
        ),
        None,
    ),
    (
        lambda c: c.set_bell("bob", on=False, every_seconds=9),
        bell.SetBell(agent="bob", on=False, every_seconds=9),
        STATE,
    ),
]


@pytest.mark.parametrize(("call", "request_", "wanted"), CALLS)
async def test_each_call_is_one_request_and_returns_what_it_is_answered(
    call: Call, request_: messages.Request, wanted: object
) -> None:
    steps = [(kind, STEP) for kind in (bell.LookAtBell, bell.AwaitBell, bell.AwaitAgent)]
    script = answering(*steps, (bell.SetBell, STATE))
    async with post_town(script) as (client, broker, _):
        assert await call(client) == wanted
        assert asked(broker, type(request_)) == [request_]


REFUSED: list[Call] = [
    lambda c: c.look_at_bell(event="sneeze"),  # type: ignore[arg-type]
    lambda c: c.look_at_bell(way="drum"),  # type: ignore[arg-type]
    lambda c: c.await_bell(way="drum"),  # type: ignore[arg-type]
    lambda c: c.await_bell(wait_seconds=-1),
    lambda c: c.note_ring("bob", 1, "drum", "typed"),  # type: ignore[arg-type]
    lambda c: c.note_ring("bob", 1, "pty", "lost"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("call", REFUSED)
async def test_words_that_are_none_are_refused_here(call: Call) -> None:
    async with post_town(answering()) as (client, _, _):
        with pytest.raises(BadRequest, match=r"[Uu]se"):
            await call(client)
