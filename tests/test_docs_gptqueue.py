"""The README tells those who come from gptqueue what became of everything that had a name there."""

from __future__ import annotations

import pytest

from tests.test_docs import README, rows, section

NAMES = """
name role description to content type metadata in_reply_to timeout agent session_id
idempotency_key max_batch ttl_seconds REDIS_URL REDIS_HOST REDIS_PORT GPTQ_AGENT_NAME
GPTQ_QUEUE_BOUND gptq:registry gptq:q:NAME gptq:meta:NAME gptq:heartbeat:NAME check-queue.sh
gptqueue-pty claim_tasks acknowledge_tasks renew_claim dlq_status dlq_requeue close_session
find_agents get_agent_details set_agent_profile get_delivery_status bind_runtime
get_runtime_status actor_register actor_status custody_claim custody_release custody_status
"""
"""Arguments, variables, keys, programs and its later tools."""


@pytest.mark.parametrize(
    "tool",
    [
        "register_agent",
        "send_message",
        "receive_message",
        "list_agents",
        "get_queue_status",
        "unregister_agent",
    ],
)
def test_who_comes_from_gptqueue_finds_each_of_its_tools(tool: str) -> None:
    old = [row[0] for row in rows(section(README, "Coming from gptqueue"))]

    assert any(f"`{tool}`" in cell for cell in old)


@pytest.mark.parametrize(
    "name",
    NAMES.split(),
)
def test_who_comes_from_gptqueue_finds_what_else_had_a_name_there(name: str) -> None:
    old = [row[0] for row in rows(section(README, "Coming from gptqueue"))]

    assert any(f"`{name}`" in cell for cell in old)
