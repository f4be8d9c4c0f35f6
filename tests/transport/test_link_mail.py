# pyright: reportUnknownLambdaType=false, reportPrivateUsage=false, reportPossiblyUnboundVariable=false
"""Mail whose receiver has gone: the broker always hears, after its answer, that nobody got it."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from signalpost.transport import link, mail, messages
from signalpost.transport.errors import BrokerUnavailable, DeadlineExceeded
from signalpost.transport.link import Link
from signalpost.transport.sockets import Dealer
from tests.transport.postman import SENT, letter
from tests.transport.stand_in_broker import PATIENCE, StandInBroker, fails, polite, town

RECEIVE = mail.Receive(wait_seconds=None)
ASK = mail.Send(to=["bob"], content="?", wait_for="reply")
TAKEN = mail.Deliveries(messages=[letter()])
REPLIED = mail.Sent(sent=SENT.sent, reply=letter())
PING = messages.Heartbeat()
KINDS = [(RECEIVE, TAKEN), (ASK, REPLIED)]


def quiet(request: messages.Request) -> messages.Reply | messages.Push | None:
    """Answer everything but what waits for mail."""
    return None if isinstance(request, mail.Receive | mail.Send) else polite(request)


def after(broker: StandInBroker, correlation: bytes) -> int:
    """How often a call was given up."""
    given_up = messages.CancelCall(correlation=correlation)
    return [request for _, request in broker.heard].count(given_up)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_BACKOFF", (0.0,) * 4)


@pytest.mark.parametrize(("request_", "answer"), KINDS)
async def test_an_answer_that_crosses_the_giving_up_is_given_up_again(
    request_: messages.Request, answer: messages.Reply
) -> None:
    async with town() as place:
        broker, here = place.broker(quiet), place.link()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: here.ask(request_, deadline=None))
            asked = await broker.hears(type(request_))
            tasks.cancel_scope.cancel()
        await broker.hears(messages.CancelCall)
        broker.say(asked, answer)
        await broker.hears(messages.CancelCall, 2)
        assert after(broker, asked) == 2


@pytest.mark.parametrize(("request_", "answer"), KINDS)
async def test_an_answer_that_came_before_the_cancelled_one_could_see_it_is_given_up(
    request_: messages.Request, answer: messages.Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town() as place:
        broker, here = place.broker(quiet), place.link()
        scope = anyio.CancelScope()

        def at_the_same_time(self: Link, correlation: bytes, came: messages.Reply) -> None:
            answered(self, correlation, came)
            if came == answer:
                scope.cancel()  # the answer is there, and who waits has not run since

        answered = Link._answered
        monkeypatch.setattr(Link, "_answered", at_the_same_time)

        async def ask() -> None:
            with scope:
                await here.ask(request_, deadline=None)
                got.append(request_)

        got: list[messages.Request] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            asked = await broker.hears(type(request_))
            broker.say(asked, answer)
        if not got:
            await broker.hears(messages.CancelCall)
        await here.ask(PING)
        assert after(broker, asked) == (0 if got else 1)


async def test_either_who_asked_gets_the_mail_or_the_broker_hears_that_nobody_did() -> None:
    async with town() as place:
        broker, here = place.broker(quiet), place.link()
        for turns in range(12):
            got: list[messages.Reply] = []

            async def ask(got: list[messages.Reply] = got) -> None:
                got.append(await here.ask(RECEIVE, deadline=None))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask)
                asked = await broker.hears(mail.Receive, turns + 1)
                broker.say(asked, TAKEN)
                for _ in range(turns):
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
            if not got:
                await hears_giving_up(broker, asked)
            await here.ask(PING)
            assert bool(got) != (after(broker, asked) > 0)


async def hears_giving_up(broker: StandInBroker, asked: bytes) -> None:
    with anyio.fail_after(PATIENCE):
        while not after(broker, asked):
            await broker.hears(messages.CancelCall, broker.heard_of(messages.CancelCall) + 1)


@pytest.mark.parametrize(
    "answer",
    [
        mail.Deliveries(messages=[]),
        mail.Deliveries(messages=[letter(lease=b"")]),
        SENT,
        mail.SettledAll(messages=[]),
        messages.Failed(code="INTERNAL", detail=""),
    ],
)
async def test_an_answer_without_leased_mail_is_not_worth_a_word(answer: messages.Reply) -> None:
    async with town() as place:
        broker, here = place.broker(quiet), place.link()
        await here.ask(PING)
        broker.say(b"?" * 16, answer)
        await here.ask(PING)
        await here.ask(PING)
        assert broker.heard_of(messages.CancelCall) == 0


async def test_the_same_answer_again_takes_nothing_from_who_has_it() -> None:
    async with town() as place:
        broker, here = place.broker(quiet), place.link()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: here.ask(RECEIVE, deadline=None))
            asked = await broker.hears(mail.Receive)
            broker.say(asked, TAKEN)
        broker.say(asked, TAKEN)
        await here.ask(PING)
        await here.ask(PING)
        assert after(broker, asked) == 0


async def test_another_answer_to_the_same_call_is_given_up() -> None:
    # A request sent again after a reconnection was served anew, under a new lease.
    async with town() as place:
        broker, here = place.broker(quiet), place.link()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: here.ask(RECEIVE, deadline=None))
            asked = await broker.hears(mail.Receive)
            broker.say(asked, TAKEN)
        broker.say(asked, mail.Deliveries(messages=[letter(lease=b"new")]))
        await broker.hears(messages.CancelCall)
        assert after(broker, asked) == 1


async def test_an_answer_after_the_deadline_is_given_up() -> None:
    async with town() as place:
        broker, here = place.broker(quiet), place.link()
        await here.ask(PING)
        with pytest.raises(DeadlineExceeded):
            await here.ask(RECEIVE, deadline=0.02)
        asked = await broker.hears(mail.Receive)
        await broker.hears(messages.CancelCall)
        broker.say(asked, TAKEN)
        await broker.hears(messages.CancelCall, 2)
        assert after(broker, asked) == 2


async def test_an_answer_to_a_call_that_ended_with_its_connection_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with town() as place:
        broker, here = place.broker(quiet), place.link()
        await here.ask(PING)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fails, here, RECEIVE)
            asked = await broker.hears(mail.Receive)
            here._lose(BrokerUnavailable("the broker takes no more requests"))
        await here.ask(PING)
        broker.say(asked, TAKEN)
        await broker.hears(messages.CancelCall)
        assert after(broker, asked) == 1


# ---------------------------------------------------------------- across a reconnection


async def test_the_giving_up_is_said_again_to_a_broker_that_may_not_have_heard_it() -> None:
    async with town() as place:
        first, here = place.broker(), place.link()
        await here.ask(PING)
        first.script = lambda _: None  # it hears, and does nothing any more
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: here.ask(RECEIVE, deadline=None))
            asked = await first.hears(mail.Receive)
            tasks.cancel_scope.cancel()
        await first.hears(messages.CancelCall)
        second = place.broker()
        first.die()
        await second.hears(messages.CancelCall)
        assert after(second, asked) == 1
        assert second.heard_of(mail.Receive) == 0


async def test_who_gives_up_between_two_connections_is_heard_by_the_next() -> None:
    async with town() as place:
        first, here = place.broker(quiet), place.link()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: here.ask(RECEIVE, deadline=None))
            asked = await first.hears(mail.Receive)
            second = place.broker(lambda _: None)
            first.die()
            greeted = await second.hears(messages.Hello)
            tasks.cancel_scope.cancel()
        await anyio.wait_all_tasks_blocked()
        assert second.heard_of(messages.CancelCall) == 0
        second.script = polite
        second.say(greeted, polite(messages.Hello(software="", kind="client")) or TAKEN)
        await second.hears(messages.CancelCall)
        assert after(second, asked) == 1
        assert second.heard_of(mail.Receive) == 0


async def test_a_connection_that_takes_no_giving_up_is_left_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with town() as place:
        broker, here = place.broker(quiet), place.link()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: here.ask(RECEIVE, deadline=None))
            asked = await broker.hears(mail.Receive)
            send = Dealer.send

            def once_not(*_: object) -> None:
                monkeypatch.setattr(Dealer, "send", send)
                raise BrokerUnavailable("the broker takes no more requests")

            monkeypatch.setattr(Dealer, "send", once_not)
            tasks.cancel_scope.cancel()
        await broker.hears(messages.CancelCall)
        assert after(broker, asked) == 1
        assert broker.heard_of(messages.Hello) == 2


# ---------------------------------------------------------------- posted


async def test_what_is_posted_is_sent_again_until_it_is_answered() -> None:
    async with town() as place:
        first, here = place.broker(), place.link()
        await here.ask(PING)
        first.script = lambda _: None
        answers: list[object] = []
        here.post(mail.Settle(messages=[]), answers.append)
        posted = await first.hears(mail.Settle)
        second = place.broker()
        first.die()
        assert await second.hears(mail.Settle) == posted
        await here.ask(PING)
        assert answers == [messages.Accepted()]


async def test_what_is_posted_and_cannot_be_asked_is_told_why() -> None:
    async with town() as place:
        here = place.link()
        told = anyio.Event()
        answers: list[object] = []

        def listen(answer: object) -> None:
            answers.append(answer)
            told.set()

        here.post(mail.Settle(messages=[]), listen)
        with anyio.fail_after(PATIENCE):
            await told.wait()
        assert isinstance(answers[0], BrokerUnavailable)
