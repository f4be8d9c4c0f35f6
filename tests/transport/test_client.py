"""The client as programs use it, against a broker that a test makes up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest

from signalpost.transport import endpoint, link, messages
from signalpost.transport.caller import Caller
from signalpost.transport.client import Client, Identity, connect
from signalpost.transport.errors import BadRequest, BrokerUnavailable, ProtocolMismatch, TooLarge
from signalpost.transport.frames import MAX_ENVIRONMENT
from tests.transport.stand_in_broker import PATIENCE, town

CALLER = Caller(environment={b"A": b"b"}, umask=0o022, limits={}, nice=0, parent="")


async def test_a_block_opens_a_session_and_says_bye() -> None:
    async with town() as place:
        broker = place.broker()
        with anyio.fail_after(PATIENCE):
            async with connect("alice", data_dir=place.folder, start=False) as client:
                assert client.welcome is not None
                assert client.published == broker.published
            await broker.hears(messages.Bye)
        hello = broker.heard[0][1]
        assert isinstance(hello, messages.Hello)
        assert (hello.agent, hello.kind) == ("alice", "client")


@pytest.mark.parametrize(
    "error", [ValueError("mine"), BadRequest("ours"), ExceptionGroup("both", [KeyError(1)])]
)
async def test_an_error_of_the_block_leaves_it_as_it_is(error: Exception) -> None:
    async with town() as place:
        broker = place.broker()
        with anyio.fail_after(PATIENCE), pytest.raises(type(error)) as caught:
            async with connect(data_dir=place.folder, start=False):
                raise error
        assert caught.value is error
        await broker.hears(messages.Bye)


async def test_no_broker_is_an_error_of_its_own_not_a_group() -> None:
    async with town() as place:
        with anyio.fail_after(PATIENCE), pytest.raises(BrokerUnavailable, match="signalpost"):
            async with connect(data_dir=place.folder, start=False):
                pass


async def test_a_block_that_is_cancelled_says_bye_too() -> None:
    async with town() as place:
        broker = place.broker()
        with anyio.CancelScope() as scope, anyio.fail_after(PATIENCE):
            async with connect(data_dir=place.folder, start=False):
                scope.cancel()
                await anyio.sleep_forever()
        await broker.hears(messages.Bye)


async def test_closing_never_starts_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    async def ensure(folder: Path, _: Sequence[str] = ()) -> endpoint.Published:
        asked.append(folder)
        raise BrokerUnavailable("no")

    monkeypatch.setattr(link, "ensure_broker", ensure)
    async with town() as place:
        client = Client(Identity(), data_dir=place.folder)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.run)
            with anyio.fail_after(PATIENCE):
                await client.close()
                with pytest.raises(BrokerUnavailable):
                    await client.ping()
                assert len(asked) == 1
                await client.close()
            tasks.cancel_scope.cancel()
        assert len(asked) == 1


async def test_too_large_an_environment_is_refused_before_anything_is_sent() -> None:
    async with town() as place:
        broker = place.broker()
        async with connect(data_dir=place.folder, start=False) as client:
            big = Caller({b"A": bytes(MAX_ENVIRONMENT)}, 0o022, {}, 0, "")
            with pytest.raises(TooLarge, match="script"):
                await client.run_task("make", "/", caller=big)
            with pytest.raises(TooLarge):
                await client.run_task("x" * (2 * MAX_ENVIRONMENT), "/", caller=CALLER)
            with pytest.raises(TooLarge):
                env_vars = {"A": "x" * (2 * MAX_ENVIRONMENT)}
                await client.run_task("make", "/", env_vars=env_vars, caller=CALLER)
            with pytest.raises(BadRequest, match="UTF-8"):
                await client.run_task("make", "/\udcff", caller=CALLER)
            await client.ping()
        assert broker.heard_of(messages.RunTask) == 0


async def test_an_answer_of_another_kind_is_a_broken_contract() -> None:
    async with town() as place:
        place.broker()
        async with connect(data_dir=place.folder, start=False) as client:
            with anyio.fail_after(PATIENCE), pytest.raises(ProtocolMismatch, match="Accepted"):
                await client.queues()
