from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from mcp.client.client import Client
from mcp.types import CallToolResult, TextContent

from signalpost.demo_agent import Agent, Unexpected
from signalpost.demo_post import Correspondent
from signalpost.demo_timeline import Note, Row

ROW = Row("bob", "builds", 0.0, 1.25, "success, exit code 0")
TEXT = "success, exit code 0, ran 1.2s"


class StandIn:
    """An MCP client whose bridge answers what it is told to."""

    def __init__(self, **answers: CallToolResult) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def call_tool(
        self, tool: str, arguments: dict[str, Any], progress_callback: object
    ) -> CallToolResult:
        self.asked.append((tool, arguments))
        return self.answers.get(tool, answer())


def answer(*, is_error: bool = False, **meta: object) -> CallToolResult:
    fields = {f"signalpost/{name}": value for name, value in meta.items()}
    return CallToolResult(content=[TextContent(text="text")], is_error=is_error, _meta=fields)


def sent(to: str, stage: str, *messages: dict[str, object]) -> CallToolResult:
    one = {"name": to, "message_id": "m1", "stage": stage}
    return answer(sent={"sent": [one], "refused": []}, messages=list(messages))


def message(sender: str, in_reply_to: str = "") -> dict[str, object]:
    payload = {"content": "hello", **({"in_reply_to": in_reply_to} if in_reply_to else {})}
    return {"id": "m2", "from": sender, "payload": payload}


def correspondent(client: StandIn, told: list[str] | None = None) -> Correspondent:
    heard = [] if told is None else told
    agent = Agent("bob", "builds", Path("/b"), "make")
    return Correspondent(agent, cast("Client", client), lambda who, what: heard.append(what))


def test_the_result_is_sent_and_its_reply_is_acknowledged() -> None:
    client = StandIn(send_message=sent("alice", "delivered", message("alice", "m1")))
    told: list[str] = []
    note = anyio.run(correspondent(client, told).send_result, "alice", ROW)
    assert note == Note("bob", "alice", "result", "replied", TEXT)
    (tool, asked), acknowledged = client.asked
    assert (tool, asked["to"], asked["content"]) == ("send_message", "alice", TEXT)
    assert (asked["type"], asked["wait_for"]) == ("result", "reply")
    assert acknowledged == ("acknowledge_message", {"message_ids": ["m2"]})
    assert told[-1] == "reply from alice: hello"


def test_mail_is_answered_with_its_id() -> None:
    client = StandIn(
        receive_message=answer(messages=[message("alice")]), send_message=sent("alice", "acked")
    )
    note = anyio.run(correspondent(client).answer_result, "alice", ROW)
    assert note == Note("bob", "alice", "status", "acked", f"seen; mine: {TEXT}")
    (_, received), (_, asked) = client.asked
    assert received["from"] == "alice"
    assert (asked["in_reply_to"], asked["wait_for"]) == ("m2", "acked")


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (sent("alice", "delivered"), "no reply from alice"),
        (sent("alice", "acked", message("carol", "m1")), "is from carol in reply to m1"),
        (sent("alice", "acked", message("alice", "m0")), "is from alice in reply to m0"),
        (answer(is_error=True), "bob: text"),
    ],
)
def test_a_reply_that_should_not_be_fails_the_demo(result: CallToolResult, said: str) -> None:
    with pytest.raises(Unexpected, match=said):
        anyio.run(correspondent(StandIn(send_message=result)).send_result, "alice", ROW)


@pytest.mark.parametrize("messages", [[], [message("carol")], [message("alice", "m0")]])
def test_mail_that_should_not_be_fails_the_demo(messages: list[dict[str, object]]) -> None:
    client = StandIn(receive_message=answer(messages=messages))
    with pytest.raises(Unexpected):
        anyio.run(correspondent(client).answer_result, "alice", ROW)


@pytest.mark.parametrize("stage", ["stored", "delivered", "expired"])
def test_a_reply_that_is_not_acknowledged_fails_the_demo(stage: str) -> None:
    client = StandIn(
        receive_message=answer(messages=[message("alice")]), send_message=sent("alice", stage)
    )
    with pytest.raises(Unexpected, match=f"its reply to alice is only {stage}"):
        anyio.run(correspondent(client).answer_result, "alice", ROW)
