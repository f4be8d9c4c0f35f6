from __future__ import annotations

import anyio
import pytest

from signalpost.transport import mail, messages
from signalpost.transport.calls import Calls
from signalpost.transport.errors import BrokerUnavailable
from tests.transport.postman import letter

PING = messages.Heartbeat()


def test_correlations_are_never_the_same() -> None:
    made = [calls.make(PING).correlation for calls in (Calls(), Calls()) for _ in range(100)]
    assert len(set(made)) == 200
    assert {len(correlation) for correlation in made} == {16}


def test_only_the_first_answer_counts() -> None:
    call = Calls().make(PING)
    call.finish(messages.Accepted())
    call.finish(messages.Cleared(count=1))
    assert call.answer == messages.Accepted()


def test_a_failure_ends_every_open_call() -> None:
    calls = Calls()
    made = [calls.make(PING) for _ in range(3)]
    for call in made:
        calls.keep(call)
    assert calls.take(made[0].correlation) is made[0]
    calls.fail(BrokerUnavailable("gone"))
    assert [call.answer is None for call in made] == [True, False, False]
    assert calls.all() == []


@pytest.mark.parametrize(
    ("request_", "lasting"),
    [
        (PING, True),
        (messages.Bye(), False),
        (messages.CancelCall(correlation=b""), False),
        (mail.Receive(), True),
        (mail.Extend(messages=[]), False),
        (mail.Settle(messages=[]), True),
        (mail.Settle(messages=[], outcome="nack"), False),
        (mail.Settle(messages=[], outcome="return"), False),
    ],
)
def test_only_what_outlives_a_broker_is_worth_starting_one(
    request_: messages.Request, lasting: bool
) -> None:
    calls = Calls()
    calls.keep(calls.make(request_))
    assert calls.any_lasting is lasting


def test_a_listener_is_told_the_first_answer() -> None:
    told: list[object] = []
    call = Calls().make(PING, listener=told.append)
    call.finish(messages.Accepted())
    call.finish(messages.Cleared(count=1))
    assert told == [messages.Accepted()]


def test_mail_that_nobody_waits_for_is_told_from_what_was_handed_out() -> None:
    calls = Calls()
    waiting, gone = calls.make(mail.Receive()), calls.make(mail.Receive())
    calls.keep(waiting)
    taken = mail.Deliveries(messages=[letter()])
    assert calls.answer(waiting.correlation, taken)
    assert calls.answer(waiting.correlation, taken)
    assert calls.answer(gone.correlation, messages.Accepted())
    assert not calls.answer(gone.correlation, taken)


def test_what_was_handed_out_is_not_remembered_for_ever() -> None:
    calls = Calls()
    taken = mail.Deliveries(messages=[letter()])
    made = [calls.make(mail.Receive()) for _ in range(1001)]
    for call in made:
        calls.keep(call)
        assert calls.answer(call.correlation, taken)
    assert [calls.answer(made[n].correlation, taken) for n in (0, 1, 1000)] == [False, True, True]


async def test_a_call_is_waited_for_without_a_poll() -> None:
    calls = Calls()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(calls.wanted)
            await anyio.wait_all_tasks_blocked()
            calls.keep(calls.make(PING))
        await calls.wanted()
