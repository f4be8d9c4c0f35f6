from __future__ import annotations

import logging

import anyio
import pytest
from anyio import create_task_group, fail_after, wait_all_tasks_blocked

from signalpost.actors.supervisor import Mailbox, Supervisor, TooManyRestarts


class Counter:
    """Adds up what it gets; words make it fail."""

    def __init__(self) -> None:
        self.total = 0
        self.failures: list[Exception] = []

    async def run(self, mailbox: Mailbox[str]) -> None:
        while (envelope := await mailbox.next(None)) is not None:
            self.total += int(envelope)

    def failed(self, error: Exception) -> None:
        self.failures.append(error)


# ---------------------------------------------------------------- mailbox


async def test_envelopes_come_out_in_the_order_of_arrival() -> None:
    mailbox = Mailbox[str]()
    for word in "abc":
        mailbox.put(word)
    assert len(mailbox) == 3
    assert [await mailbox.next(None) for _ in range(3)] == ["a", "b", "c"]
    assert len(mailbox) == 0


async def test_an_empty_mailbox_is_waited_for() -> None:
    mailbox = Mailbox[str]()
    got: list[str | None] = []

    async def take() -> None:
        got.append(await mailbox.next(None))

    with fail_after(5):
        async with create_task_group() as tasks:
            tasks.start_soon(take)
            await wait_all_tasks_blocked()
            mailbox.put("a")
    assert got == ["a"]


async def test_the_deadline_ends_the_wait() -> None:
    mailbox = Mailbox[str]()
    with fail_after(5):
        assert await mailbox.next(anyio.current_time() - 1) is None
        assert await mailbox.next(anyio.current_time() + 0.01) is None
    mailbox.put("a")
    assert await mailbox.next(anyio.current_time() - 1) == "a"


# ---------------------------------------------------------------- supervisor


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.CRITICAL, "signalpost.actors.supervisor")
    return caplog


async def test_an_actor_is_made_once_on_first_use() -> None:
    made: list[Counter] = []

    def make() -> Counter:
        made.append(Counter())
        return made[-1]

    async with create_task_group() as tasks:
        supervisor = Supervisor[str](tasks)
        mailbox = supervisor.mailbox("one", make)
        assert supervisor.mailbox("one", make) is mailbox
        assert supervisor.mailbox("two", make) is not mailbox
        mailbox.put("5")
        await wait_all_tasks_blocked()
        assert [actor.total for actor in made] == [5, 0]
        tasks.cancel_scope.cancel()


async def test_a_failed_actor_goes_on_with_its_state_and_its_mail(
    caplog: pytest.LogCaptureFixture,
) -> None:
    actor = Counter()
    async with create_task_group() as tasks:
        mailbox = Supervisor[str](tasks).mailbox("queue:a", lambda: actor)
        for word in ("1", "no number", "2"):
            mailbox.put(word)
        await wait_all_tasks_blocked()
        assert actor.total == 3
        assert [type(error) for error in actor.failures] == [ValueError]
        tasks.cancel_scope.cancel()
    assert "actor queue:a failed" in caplog.text


async def test_an_actor_that_keeps_failing_is_given_up(quiet: pytest.LogCaptureFixture) -> None:
    actor = Counter()
    with pytest.raises(ExceptionGroup) as caught, fail_after(5):
        async with create_task_group() as tasks:
            mailbox = Supervisor[str](tasks, clock=lambda: 0.0).mailbox("queue:a", lambda: actor)
            for _ in range(4):
                mailbox.put("x")
    assert len(actor.failures) == 4
    assert [(type(e), str(e)) for e in caught.value.exceptions] == [(TooManyRestarts, "queue:a")]


async def test_failures_far_apart_are_forgiven(quiet: pytest.LogCaptureFixture) -> None:
    actor, times = Counter(), iter(range(0, 100, 2))
    async with create_task_group() as tasks:
        clock = lambda: float(next(times))
        mailbox = Supervisor[str](tasks, clock=clock).mailbox("queue:a", lambda: actor)
        for word in [*"xxxxxxxxxx", "1"]:
            mailbox.put(word)
        await wait_all_tasks_blocked()
        assert actor.total == 1
        tasks.cancel_scope.cancel()


async def test_one_actor_that_fails_leaves_the_others_alone(
    quiet: pytest.LogCaptureFixture,
) -> None:
    good, bad = Counter(), Counter()
    async with create_task_group() as tasks:
        supervisor = Supervisor[str](tasks)
        supervisor.mailbox("bad", lambda: bad).put("x")
        mailbox = supervisor.mailbox("good", lambda: good)
        await wait_all_tasks_blocked()
        mailbox.put("1")
        await wait_all_tasks_blocked()
        assert (good.total, good.failures, len(bad.failures)) == (1, [], 1)
        tasks.cancel_scope.cancel()
