"""The client as programs use it, against a broker that a test makes up."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest

from signalpost.transport import endpoint, mail, messages, reach
from signalpost.transport.caller import Caller
from signalpost.transport.client import Client, Identity, connect
from signalpost.transport.errors import BadRequest, BrokerUnavailable, ProtocolMismatch, TooLarge
from signalpost.transport.frames import MAX_ENVIRONMENT
from tests.transport.postman import answering, named, post_town
from tests.transport.stand_in_broker import PATIENCE, StandInBroker, town

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


async def hello_of(**given: str) -> messages.Hello:
    async with town() as place:
        broker = place.broker()
        async with connect(data_dir=place.folder, start=False, **given):  # type: ignore[arg-type]
            pass
        hello = broker.heard[0][1]
        assert isinstance(hello, messages.Hello)
        return hello


async def test_others_are_told_which_program_it_is_and_where_it_works() -> None:
    hello = await hello_of()
    assert (hello.client, hello.working_directory) == (Path(sys.argv[0]).name, str(Path.cwd()))
    hello = await hello_of(client="builder", working_directory="/src")
    assert (hello.client, hello.working_directory) == ("builder", "/src")


async def test_a_folder_that_is_gone_or_no_text_keeps_nobody_from_connecting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / "\udcff"
    odd.mkdir()
    monkeypatch.chdir(odd)
    assert (await hello_of()).working_directory.endswith("/\ufffd")
    odd.rmdir()
    assert (await hello_of()).working_directory == ""


async def test_the_client_knows_under_which_name_it_acts() -> None:
    registered = mail.Registered(name="al", role="both", description="", inbox_bound=9)
    script = answering(
        (messages.Hello, named("alice~2")),
        (mail.Register, registered),
    )
    async with post_town(script) as (client, broker, _):
        assert client.agent == "alice~2"
        await client.register("al")
        assert client.agent == "al"
        broker.script = answering((messages.Hello, named("al")))
        broker.say(bytes(16), messages.Rehello())
        await broker.hears(messages.Hello, 2)
        assert [h.agent for h in hellos(broker)] == ["alice", "al"]
        await client.unregister()
        assert client.agent == ""


async def test_a_client_whose_place_was_taken_knows_and_does_not_take_it_back() -> None:
    async with post_town(answering((messages.Hello, named("alice")))) as (client, broker, _):
        assert not client.superseded
        broker.script = answering()
        broker.say(bytes(16), mail.Superseded(agent="alice"))
        await client.ping()
        await client.ping()
        assert (client.superseded, client.agent) == (True, "")
        broker.say(bytes(16), messages.Rehello())
        await broker.hears(messages.Hello, 2)
        assert [h.agent for h in hellos(broker)] == ["alice", ""]


def hellos(broker: StandInBroker) -> list[messages.Hello]:
    return [request for _, request in broker.heard if isinstance(request, messages.Hello)]


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

    monkeypatch.setattr(reach, "ensure_broker", ensure)
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
