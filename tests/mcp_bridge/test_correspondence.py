"""What a bridge keeps for one agent between two calls."""

from __future__ import annotations

import anyio

from signalpost.mcp_bridge.correspondence import Correspondence
from signalpost.transport.letters import Held
from tests.mcp_bridge.stand_in import StandIn

LINE = "You are alice~2 here: alice is held by another living client."


def test_another_name_is_told_once_and_when_names_are_shown() -> None:
    post = Correspondence(StandIn(agent="alice~2"), "alice")
    told = [post.naming(always=always) for always in (False, False, True, False)]
    assert told == [LINE, "", LINE, ""]


def test_a_further_name_is_told_again() -> None:
    broker = StandIn(agent="alice")
    post = Correspondence(broker, "alice")
    assert post.naming(always=True) == ""
    broker.agent = "alice~2"
    assert post.naming(always=False) == LINE
    broker.agent = "alice~3"
    assert post.naming(always=False) == LINE.replace("~2", "~3")


def test_a_name_that_the_agent_took_itself_is_the_wished_one() -> None:
    post = Correspondence(StandIn(agent="alice~2"), "alice")
    post.named("alice~2")
    assert post.naming(always=True) == ""


async def test_one_waits_until_an_answer_is_written_or_given_up() -> None:
    for is_written in (True, False):
        post = Correspondence(StandIn(), "")
        with anyio.fail_after(5):
            await post.until_written()
            post.deliveries.took(post.deliveries.begin(1), [Held("a")])
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(post.until_written)
                await anyio.wait_all_tasks_blocked()
                if is_written:
                    post.deliveries.written(1)
                else:
                    post.deliveries.cancelled(1)
                post.changed()
