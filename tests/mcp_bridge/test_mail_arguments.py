"""Arguments of the messaging tools become a typed call, or a refusal that says what to do."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.mcp_bridge import mail_calls as calls
from signalpost.mcp_bridge.arguments import read_call
from signalpost.mcp_bridge.mail_arguments import READERS
from signalpost.transport.errors import BadRequest

SEND: dict[str, object] = {"to": "bob", "content": "hi"}


def test_what_is_left_out_has_its_default() -> None:
    assert read_call("register_agent", {"name": "a"}) == calls.RegisterAgent("a", "both", "")
    assert read_call("send_message", SEND) == calls.SendMessage(("bob",), "hi", "task")
    assert read_call("receive_message", {}) == calls.ReceiveMessage(5, "", "", 1, True)
    acknowledged = read_call("acknowledge_message", {"message_ids": ["x"]})
    assert acknowledged == calls.AcknowledgeMessage(("x",), "ack")
    assert read_call("list_agents", None) == calls.ListAgents()
    assert read_call("unregister_agent", {}) == calls.UnregisterAgent(False)


def test_everything_can_be_said() -> None:
    assert read_call(
        "send_message",
        {
            "to": ["bob", "any:role:consumer", "bob"],
            "content": "",
            "type": "ping",
            "metadata": {"a": 1},
            "in_reply_to": "id0",
            "ttl_seconds": 60,
            "wait_for": "reply",
            "wait_seconds": 3,
        },
    ) == calls.SendMessage(
        ("bob", "any:role:consumer"), "", "ping", {"a": 1}, "id0", 60, "reply", 3
    )
    receive = {"timeout": 0, "from": "bob", "in_reply_to": "id0", "max_messages": 20, "ack": False}
    assert read_call("receive_message", receive) == calls.ReceiveMessage(0, "bob", "id0", 20, False)


def test_a_receive_can_look_or_read_on_instead() -> None:
    look = {"peek": True, "from": "bob", "max_messages": 3, "timeout": 9}
    assert read_call("receive_message", look) == calls.PeekMessages("bob", "", 3)
    read = {"message_id": "id1", "offset": 16384}
    assert read_call("receive_message", read) == calls.ReadMessage("id1", 16384)


def test_empty_text_counts_as_left_out_where_it_may_be() -> None:
    filled = {"from": "", "in_reply_to": "", "message_id": "", "peek": None}
    assert read_call("receive_message", filled) == calls.ReceiveMessage()
    assert read_call("send_message", {**SEND, "in_reply_to": ""}) == calls.SendMessage(
        ("bob",), "hi"
    )


@pytest.mark.parametrize(
    ("to", "one"),
    [
        ("bob", True),
        (["bob"], True),
        ("any:role:both", True),
        ("*", False),
        ("role:consumer", False),
        (["bob", "carol"], False),
    ],
)
def test_a_message_is_for_one_or_for_many(to: object, one: bool) -> None:
    call = read_call("send_message", {**SEND, "to": to})
    assert isinstance(call, calls.SendMessage)
    assert call.is_for_one is one


@pytest.mark.parametrize(
    ("tool", "arguments", "reason"),
    [
        ("register_agent", {}, "name is missing. Pass the name that others"),
        ("register_agent", {"name": ""}, "name: agent name is empty. Use 1-64"),
        ("register_agent", {"name": "a\x1b"}, "name: agent name may not contain '\\x1b'. Use"),
        ("register_agent", {"name": "a" * 65}, "name: agent name has 65 characters. Use at most"),
        ("register_agent", {"name": "a", "role": "boss"}, 'role is "boss". Pass one of: publisher'),
        ("send_message", {"to": "bob"}, "content is missing. Pass the text of the message."),
        ("send_message", {"content": "x"}, "to is missing. Pass a name from list_agents"),
        ("send_message", {**SEND, "to": ""}, "to: agent name is empty"),
        ("send_message", {**SEND, "to": []}, "to names nobody. Pass a name from list_agents"),
        ("send_message", {**SEND, "to": [3]}, "to must be a string, not 3"),
        ("send_message", {**SEND, "to": "role:boss"}, 'to has "role:boss". Pass a name'),
        ("send_message", {**SEND, "to": "some:role:both"}, 'to has "some:role:both". Pass'),
        (
            "send_message",
            {**SEND, "to": "bob,carol"},
            'to has "bob,carol". Pass several names as an',
        ),
        ("send_message", {**SEND, "content": 3}, "content must be a string, not 3"),
        ("send_message", {**SEND, "content": "\ud800"}, "content contains half of a surrogate"),
        ("send_message", {**SEND, "type": "order"}, 'type is "order". Pass one of: task, result'),
        ("send_message", {**SEND, "metadata": "{}"}, 'metadata must be a JSON object, not "{}"'),
        ("send_message", {**SEND, "metadata": {"a": "\ud800"}}, "metadata is "),
        ("send_message", {**SEND, "metadata": {"a": float("inf")}}, "metadata is "),
        ("send_message", {**SEND, "ttl_seconds": 0}, "ttl_seconds is 0. Pass"),
        ("send_message", {**SEND, "wait_for": "read"}, 'wait_for is "read". Pass one of: stored'),
        ("send_message", {**SEND, "wait_seconds": -1}, "wait_seconds is -1. Pass"),
        ("send_message", {**SEND, "from": "eve"}, 'send_message has no argument "from". It takes'),
        ("receive_message", {"timeout": -1}, "timeout is -1. Pass a number of seconds, 0 or more"),
        ("receive_message", {"max_messages": 21}, "max_messages is 21. Pass a whole number from 1"),
        ("receive_message", {"from": "*"}, "from: agent name may not contain '*'"),
        ("receive_message", {"ack": "no"}, 'ack must be true or false, not "no"'),
        ("receive_message", {"offset": 5}, "offset is 5 without message_id. Pass"),
        ("receive_message", {"message_id": "a\nb"}, 'message_id has "a'),
        ("acknowledge_message", {}, "message_ids is missing. Pass the id of a message"),
        ("acknowledge_message", {"message_ids": []}, "message_ids has 0 ids. Pass 1 to 100"),
        ("acknowledge_message", {"message_ids": [""]}, 'message_ids has "". Pass an id'),
        ("acknowledge_message", {"message_ids": "x", "outcome": "return"}, 'outcome is "return".'),
        ("unregister_agent", {"force": 1}, "force must be true or false, not 1"),
    ],
)
def test_a_wrong_call_is_refused_with_the_remedy(
    tool: str, arguments: dict[str, object], reason: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        read_call(tool, arguments)
    assert str(refused.value).startswith(reason)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.data(), st.sampled_from(sorted(READERS)))
def test_garbage_raises_nothing_but_bad_request(data: st.DataObject, tool: str) -> None:
    names = st.sampled_from([*READERS[tool][1], "x"])
    with suppress(BadRequest):
        read_call(tool, data.draw(st.dictionaries(names, _JSON)))
