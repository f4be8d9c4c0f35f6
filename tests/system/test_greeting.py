"""An agent without a name is there before its first call, in real processes."""

from __future__ import annotations

import anyio
import pytest

from signalpost.hook_log import log_path
from signalpost.transport.bell import Doorstep
from tests.system.bridge import bridge
from tests.system.place import Place, within
from tests.system.test_hooks import begin, begin_inside, context, ended, hook
from tests.system.test_nested_clients import native

SESSION = "9ffa0fb4-9442-4bec-ab7b-adf8503dbeaa"
"""That of the hook's input."""
LIMIT_SECONDS = 10.0
"""So long a hook of :func:`begin` would wait."""


async def come(place: Place, thread: str = "") -> Doorstep:
    """Wait as a door does until the agent of this process, or of a conversation, has come."""
    async with place.client(kind="door") as door:
        return await door.await_agent(thread=thread)


async def known(place: Place) -> list[str]:
    async with place.client(kind="cli") as person:
        return [agent.name for agent in await person.agents() if agent.name != "person"]


@within(60)
async def test_it_can_be_written_to_once_its_client_has_listed_the_tools(place: Place) -> None:
    async with bridge(place, environment=place.environment(CLAUDE_CODE_SESSION_ID=SESSION)) as it:
        await it.handshake()
        await it.answer(it.ask("tools/list", {}))
        name = (await come(place, SESSION)).agent
        assert await known(place) == [name]
        async with place.client("bob") as bob:
            await bob.send(name, "hello")
        assert "hello" in await it.text(it.call("receive_message"))


@within(60)
async def test_a_client_that_only_looks_leaves_nobody_behind(place: Place) -> None:
    async with bridge(place) as it:
        await it.handshake("opencode")
        await it.answer(it.ask("tools/list", {}))
        assert (await come(place)).agent.endswith("/opencode")
        it.close_stdin()
        assert await it.exit(5) == 0
        assert await known(place) == []


async def check_that_it_is_told(place: Place) -> None:
    """Have a hook begin while its client's bridge comes, and say who the agent is."""
    async with bridge(place, environment=place.environment(CLAUDE_CODE_SESSION_ID=SESSION)) as it:
        process = begin(place, "session-start")
        await it.handshake()
        await it.answer(it.ask("tools/list", {}))
        name = (await come(place, SESSION)).agent
        with anyio.fail_after(20):
            said = context(await ended(process))
    assert said == f"You are the Signalpost agent {name}. No unread mail waits."


@within(60)
async def test_the_hook_of_a_start_waits_for_the_agent_that_comes_beside_it(place: Place) -> None:
    async with place.client(kind="cli") as person:
        await person.info()
    await check_that_it_is_told(place)


@within(60)
async def test_it_waits_for_the_broker_too_that_the_bridge_starts(place: Place) -> None:
    await check_that_it_is_told(place)
    assert not log_path(place.state).exists()


@pytest.mark.parametrize("broker", [False, True])
@within(60)
async def test_where_a_client_has_no_bridge_a_start_waits_for_nothing(
    place: Place, broker: bool
) -> None:
    if broker:
        async with place.client(kind="cli") as person:
            await person.info()
    with anyio.fail_after(LIMIT_SECONDS / 2):
        assert await ended(begin_inside(place, native(place, "claude"), "session-start")) == b""


@within(60)
async def test_what_it_could_not_say_the_next_prompt_of_the_session_does(place: Place) -> None:
    assert await ended(begin_inside(place, native(place, "claude"), "session-start")) == b""
    async with bridge(place, environment=place.environment(CLAUDE_CODE_SESSION_ID=SESSION)) as it:
        await it.handshake()
        await it.answer(it.ask("tools/list", {}))
        name = (await come(place, SESSION)).agent
        said = context(await hook(place, "prompt", session_id=SESSION))
        assert said == f"You are the Signalpost agent {name}. No unread mail waits."
        assert await hook(place, "prompt", session_id=SESSION) == b""
