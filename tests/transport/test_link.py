# pyright: reportPrivateUsage=false, reportUnknownLambdaType=false, reportPossiblyUnboundVariable=false
"""A link to brokers that a test makes up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anyio
import msgspec
import pytest

from signalpost.transport import endpoint, link, messages, reach
from signalpost.transport.errors import (
    BadRequest,
    BrokerUnavailable,
    DeadlineExceeded,
    SignalpostError,
)
from signalpost.transport.sockets import Dealer
from tests.transport.stand_in_broker import PATIENCE, WELCOME, Answer, Town, fails, polite, town

RUN = messages.RunTask(command="make", working_directory="/")
PING = messages.Heartbeat()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_BACKOFF", (0.0,) * 4)


def started_by(place: Town, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Have brokers started in this process; return the list of who asked for one."""
    asked: list[Path] = []

    async def ensure(folder: Path, _: Sequence[str] = ()) -> endpoint.Published:
        asked.append(folder)
        return place.broker().published

    monkeypatch.setattr(reach, "ensure_broker", ensure)
    return asked


# ---------------------------------------------------------------- the plain way


async def test_nothing_is_dialled_before_the_first_request() -> None:
    async with town() as place:
        broker, here = place.broker(), place.link()
        await anyio.wait_all_tasks_blocked()
        assert (broker.heard, here.welcome) == ([], None)
        with anyio.fail_after(PATIENCE):
            assert await here.ask(PING) == messages.Accepted()
        assert [type(r) for _, r in broker.heard] == [messages.Hello, messages.Heartbeat]
        assert broker.tokens == [bytes(12), WELCOME.session]
        assert here.welcome == WELCOME


async def test_answers_come_to_who_asked_in_any_order() -> None:
    async with town() as place:
        broker, here = place.broker(), place.link()
        answers: list[messages.Reply] = []

        async def ask(command: str) -> None:
            asked = messages.RunTask(command=command, working_directory="/")
            answers.append(await here.ask(asked, deadline=None))

        async with anyio.create_task_group() as tasks:
            for command in ("one", "two"):
                tasks.start_soon(ask, command)
            second = await broker.hears(messages.RunTask, 2)
            first = await broker.hears(messages.RunTask)
            broker.say(second, messages.Cleared(count=2))
            broker.say(b"?" * 16, messages.Cleared(count=0))
            broker.say(second, messages.Cleared(count=3))
            broker.say(first, messages.Cleared(count=1))
        assert answers == [messages.Cleared(count=2), messages.Cleared(count=1)]


async def test_a_refusal_is_raised_as_what_it_is() -> None:
    def refuse(request: messages.Request) -> Answer | None:
        if isinstance(request, messages.Hello):
            return WELCOME
        return messages.Failed(code="BAD_REQUEST", detail="no such thing")

    async with town() as place:
        place.broker(refuse)
        error = await fails(place.link())
        assert (type(error), str(error)) == (BadRequest, "no such thing")


async def test_news_reach_the_open_call_only() -> None:
    report = messages.TaskReport(
        task_id=1,
        state="running",
        queue_name="q",
        command="make",
        working_directory="/",
        owner="me",
        output="/o",
        created_at=0,
    )
    async with town() as place:
        broker, here = place.broker(), place.link()
        told: list[messages.TaskProgress] = []

        async def ask() -> None:
            await here.ask(RUN, deadline=None, progress=told.append)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            asked = await broker.hears(messages.RunTask)
            news = messages.TaskProgress(report=report)
            broker.say(b"?" * 16, news)
            broker.say(asked, news)
            broker.say(asked, report)
            broker.say(asked, news)
        await here.ask(PING)
        assert told == [news]


# ---------------------------------------------------------------- giving up


async def test_a_cancelled_wait_gives_its_request_up() -> None:
    async with town() as place:
        broker, here = place.broker(), place.link()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: here.ask(RUN, deadline=None))
            asked = await broker.hears(messages.RunTask)
            tasks.cancel_scope.cancel()
        await broker.hears(messages.CancelCall)
        assert broker.heard[-1][1] == messages.CancelCall(correlation=asked)


async def test_no_answer_in_time_is_said_and_gives_the_request_up() -> None:
    async with town() as place:
        broker, here = place.broker(), place.link()
        await here.ask(PING)
        with pytest.raises(DeadlineExceeded, match=r"within 0\.05 s; it may still take effect"):
            await here.ask(RUN, deadline=0.05)
        await broker.hears(messages.CancelCall)


# ---------------------------------------------------------------- brokers that go


async def test_what_is_unanswered_is_sent_again_under_its_correlation() -> None:
    async with town() as place:
        first, here = place.broker(), place.link()
        answers: list[messages.Reply] = []

        async def ask() -> None:
            answers.append(await here.ask(RUN, deadline=None))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            asked = await first.hears(messages.RunTask)
            await here.ask(PING)
            second = place.broker()
            first.die()
            assert await second.hears(messages.RunTask) == asked
            assert second.heard_of(messages.Heartbeat) == 0  # that one was answered
            second.say(asked, messages.Cleared(count=7))
        assert answers == [messages.Cleared(count=7)]


async def test_a_broker_that_knows_us_no_more_is_greeted_again() -> None:
    async with town() as place:
        broker, here = place.broker(), place.link()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: here.ask(RUN, deadline=None))
            asked = await broker.hears(messages.RunTask)
            broker.say(asked, messages.Rehello())
            assert await broker.hears(messages.RunTask, 2) == asked
            assert broker.heard_of(messages.Hello) == 2
            assert broker.tokens[2] == WELCOME.session
            tasks.cancel_scope.cancel()


async def test_a_broker_that_dies_again_and_again_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with town() as place:
        asked: list[Path] = []

        async def ensure(folder: Path, _: Sequence[str] = ()) -> endpoint.Published:
            asked.append(folder)
            broker = place.broker()

            def die(_: messages.Request) -> None:
                broker.die()

            broker.script = die
            return broker.published

        monkeypatch.setattr(reach, "ensure_broker", ensure)
        error = await fails(place.link(start=True), RUN)
        assert isinstance(error, BrokerUnavailable)
        assert "ends again and again" in str(error)
        assert len(asked) == len(link._BACKOFF)


async def test_without_a_broker_a_request_fails_and_the_next_finds_the_one_that_came() -> None:
    async with town() as place:
        here = place.link()
        assert "no broker runs" in str(await fails(here))
        place.broker()
        with anyio.fail_after(PATIENCE):
            assert await here.ask(PING) == messages.Accepted()


async def test_only_what_is_worth_it_starts_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    async with town() as place:
        asked = started_by(place, monkeypatch)
        here = place.link(start=True)
        await here.bye()
        assert asked == []
        await here.ask(PING)
        assert len(asked) == 1
        place.brokers[0].script = lambda _: None
        place.brokers[0].router.close()
        place.brokers[0].die()
        with pytest.raises(SignalpostError):
            await here.bye()
        assert len(asked) == 1


# ---------------------------------------------------------------- brokers that do not answer


async def test_a_broker_that_never_welcomes_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "HELLO_SECONDS", 0.05)
    async with town() as place:
        broker = place.broker(lambda _: None)
        error = await fails(place.link())
        assert isinstance(error, BrokerUnavailable)
        assert f"pid {broker.published.pid}) does not answer" in str(error)


async def test_a_broker_that_falls_silent_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "FIRST_BEAT_SECONDS", 0.5)
    monkeypatch.setattr(link, "SILENCE_SECONDS", 0.2)
    async with town() as place:
        soon = msgspec.structs.replace(WELCOME, heartbeat_seconds=0.05)

        def beating(request: messages.Request) -> Answer | None:
            return soon if isinstance(request, messages.Hello) else polite(request)

        silent, here = place.broker(beating), place.link()
        await here.ask(PING)
        silent.script = lambda _: None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: here.ask(RUN, deadline=None))
            asked = await silent.hears(messages.RunTask)
            other = place.broker()
            assert await other.hears(messages.RunTask) == asked
            tasks.cancel_scope.cancel()


async def test_a_connection_that_takes_no_more_ends_requests_not_the_link(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link, "FIRST_BEAT_SECONDS", 0.5)
    async with town() as place:
        broker, here = place.broker(), place.link()
        await here.ask(PING)

        def send(*_: object) -> None:
            raise BrokerUnavailable("the broker takes no more requests")

        errors: list[SignalpostError] = []

        async def ask() -> None:
            errors.append(await fails(here, RUN))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await broker.hears(messages.RunTask)
            patch = monkeypatch.context()
            with patch as patched:
                patched.setattr(Dealer, "send", send)
                with anyio.fail_after(PATIENCE):
                    while not errors:
                        await anyio.wait_all_tasks_blocked()
        assert isinstance(errors[0], BrokerUnavailable)
        with anyio.fail_after(PATIENCE):
            assert await here.ask(PING) == messages.Accepted()
