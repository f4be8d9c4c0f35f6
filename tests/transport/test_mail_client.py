"""The client's requests about agents and mail, as the broker hears them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from signalpost.transport import letters, mail, messages
from signalpost.transport.client import Client
from signalpost.transport.errors import (
    BadRequest,
    InboxFull,
    ProtocolMismatch,
    TooLarge,
    UnknownAgent,
)
from signalpost.transport.frames import MAX_PAYLOAD
from signalpost.transport.letters import Held, Refusal, Settled
from signalpost.transport.link import SILENCE_SECONDS, Link
from tests.transport.postman import SENT, answering, asked, letter, post_town
from tests.transport.stand_in_broker import Answer

Call = Callable[[Client], Awaitable[object]]

HELD = Held("m1", b"t1")
SETTLED = [Settled("m1")]
AGENT = letters.AgentState(
    name="bob",
    role="both",
    description="",
    presence="idle",
    client="codex",
    pid=7,
    working_directory="/src",
    since=1.0,
    depth=0,
)
INBOX = letters.InboxState(agent="bob", depth=0, max_size=9, in_flight=0, oldest_age=None)
STORED = letters.StoredMessage(
    id="m1",
    sender="bob",
    to="alice",
    kind="task",
    content="build it",
    metadata=b"",
    in_reply_to="",
    sent_at=1.0,
    state="dead",
    attempts=5,
    delivered_at=None,
    ended_at=None,
    reason="5 failed attempts",
)
REGISTERED = mail.Registered(name="al", role="consumer", description="d", inbox_bound=7)
ALL_SETTLED = mail.SettledAll(messages=SETTLED)
KEPT = mail.StoredMessages(messages=[STORED])
TAKEN = mail.Deliveries(messages=[letter()], acknowledged=SETTLED)
PEEKED = mail.Deliveries(messages=[letter(lease=b"")])

CALLS: list[tuple[Call, messages.Request, Answer, object]] = [
    (
        lambda c: c.register("al", role="consumer", description="d", inbox_bound=7),
        mail.Register(name="al", role="consumer", description="d", inbox_bound=7),
        REGISTERED,
        REGISTERED,
    ),
    (
        lambda c: c.unregister(force=True),
        mail.Unregister(force=True),
        messages.Accepted(),
        None,
    ),
    (lambda c: c.agents(), mail.ListAgents(), mail.Agents(agents=[AGENT]), [AGENT]),
    (
        lambda c: c.inboxes("bob"),
        mail.InboxStatus(agent="bob"),
        mail.Inboxes(inboxes=[INBOX]),
        [INBOX],
    ),
    (
        lambda c: c.send(
            "bob",
            "héllo",
            kind="error",
            metadata={"a": ["é", 1]},
            in_reply_to="m0",
            ttl_seconds=5,
            wait_for="acked",
            wait_seconds=3,
            park_seconds=2,
        ),
        mail.Send(
            to=["bob"],
            content="héllo",
            kind="error",
            metadata='{"a":["é",1]}'.encode(),
            in_reply_to="m0",
            ttl_seconds=5,
            wait_for="acked",
            wait_seconds=3,
            park_seconds=2,
        ),
        SENT,
        SENT,
    ),
    (
        lambda c: c.send(("bob", "role:consumer"), ""),
        mail.Send(to=["bob", "role:consumer"], content="", park_seconds=0),
        SENT,
        SENT,
    ),
    (
        lambda c: c.take(
            wait_seconds=3, sender="bob", in_reply_to="m0", max_messages=9, acknowledge=[HELD]
        ),
        mail.Receive(
            wait_seconds=3, sender="bob", in_reply_to="m0", max_messages=9, acknowledge=[HELD]
        ),
        TAKEN,
        TAKEN,
    ),
    (
        lambda c: c.settle([HELD], "nack"),
        mail.Settle(messages=[HELD], outcome="nack"),
        ALL_SETTLED,
        SETTLED,
    ),
    (lambda c: c.extend([HELD]), mail.Extend(messages=[HELD]), ALL_SETTLED, SETTLED),
    (
        lambda c: c.peek("bob", sender="eve", in_reply_to="m0", max_messages=4),
        mail.Peek(agent="bob", sender="eve", in_reply_to="m0", max_messages=4),
        PEEKED,
        PEEKED.messages,
    ),
    (lambda c: c.read_message("m1"), mail.ReadMessage(message_id="m1"), KEPT, STORED),
    (
        lambda c: c.history("green", agent="bob", state="dead", limit=3, before=9.0),
        mail.History(search="green", agent="bob", state="dead", limit=3, before=9.0),
        KEPT,
        [STORED],
    ),
    (lambda c: c.redrive(["m1"]), mail.Redrive(message_ids=["m1"]), ALL_SETTLED, SETTLED),
    (lambda c: c.purge(["m1"]), mail.Purge(message_ids=["m1"]), ALL_SETTLED, SETTLED),
]


@pytest.mark.parametrize(("call", "request_", "answer", "result"), CALLS)
async def test_a_call_is_one_request_and_returns_its_answer(
    call: Call, request_: messages.Request, answer: Answer, result: object
) -> None:
    async with post_town(answering((type(request_), answer))) as (client, broker, _):
        assert await call(client) == result
        assert asked(broker, type(request_)) == [request_]


@pytest.mark.parametrize("call", [call for call, *_ in CALLS])
async def test_an_answer_of_another_kind_is_a_broken_contract(call: Call) -> None:
    pong = messages.Cleared(count=1)
    script = answering(*((type(request), pong) for _, request, *_ in CALLS))
    async with post_town(script) as (client, _, _):
        with pytest.raises(ProtocolMismatch, match="got Cleared"):
            await call(client)


def test_every_request_about_mail_has_a_call() -> None:
    made = {type(request) for _, request, *_ in CALLS}
    assert made == set(mail.Request.__args__)


# ---------------------------------------------------------------- refusals


async def test_the_refusal_of_the_one_recipient_is_an_error() -> None:
    refused = mail.Sent(sent=[], refused=[Refusal("bob", "INBOX_FULL", "1000 of 1000 wait")])
    async with post_town(answering((mail.Send, refused))) as (client, _, _):
        with pytest.raises(InboxFull, match="1000 of 1000"):
            await client.send("bob", "hello")
        assert await client.send(["bob", "eve"], "hello") == refused


async def test_refusals_of_the_broker_are_raised_as_what_they_are() -> None:
    failed = messages.Failed(code="UNKNOWN_AGENT", detail="nobody is called bop; bob is near")
    async with post_town(answering((mail.Send, failed))) as (client, _, _):
        with pytest.raises(UnknownAgent, match="bob is near"):
            await client.send("bop", "hello")


async def test_a_message_that_is_not_kept_is_said_to_be_so() -> None:
    none = mail.StoredMessages(messages=[])
    async with post_town(answering((mail.ReadMessage, none))) as (client, _, _):
        with pytest.raises(BadRequest, match="no message m7"):
            await client.read_message("m7")


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"content": "x" * (letters.MAX_CONTENT + 1)}, TooLarge, "262145 bytes"),
    ({"content": "é" * (letters.MAX_CONTENT // 2 + 1)}, TooLarge, "the limit is 262144"),
    ({"metadata": {"a": "x" * letters.MAX_METADATA}}, TooLarge, "the limit is 16384"),
    ({"metadata": {"a": float("nan")}}, BadRequest, "finite numbers"),
    ({"metadata": {"a": object()}}, BadRequest, "cannot be written as JSON"),
    ({"metadata": ["a"]}, BadRequest, "of type list"),
    ({"metadata": {1: "a"}}, BadRequest, "the key 1"),
    ({"metadata": {"a": "\udc80"}}, BadRequest, "lone surrogate"),
    ({"content": "ab\ud800"}, BadRequest, "lone surrogate at character 2"),
    ({"content": {"a": 1}}, BadRequest, "of type dict"),
    ({"kind": "shout"}, BadRequest, "Use one of: task, result, status, error, ping"),
    ({"wait_for": "read"}, BadRequest, "stored, delivered, acked, reply"),
    ({"wait_seconds": -1}, BadRequest, "wait_seconds is -1"),
    ({"wait_seconds": float("nan")}, BadRequest, "wait_seconds is nan"),
    ({"park_seconds": float("inf")}, BadRequest, "park_seconds is inf"),
    ({"ttl_seconds": 0}, BadRequest, "ttl_seconds is 0"),
    ({"to": ""}, BadRequest, "a recipient is empty"),
    ({"to": []}, BadRequest, "a recipient is empty"),
    ({"to": "b\udcffb"}, BadRequest, "not UTF-8"),
    ({"in_reply_to": "\udcff"}, BadRequest, "not UTF-8"),
]


@pytest.mark.parametrize(("given", "error", "says"), WRONG)
async def test_what_cannot_be_sent_is_refused_before_anything_is(
    given: dict[str, Any], error: type[Exception], says: str
) -> None:
    words: dict[str, Any] = {"to": "bob", "content": "hello", **given}
    async with post_town(answering((mail.Send, SENT))) as (client, broker, _):
        with pytest.raises(error, match=says):
            await client.send(**words)
        await client.ping()
        assert asked(broker, mail.Send) == []


async def test_what_is_just_within_its_limit_is_sent() -> None:
    metadata = {"a": "x" * (letters.MAX_METADATA - len('{"a":""}'))}
    async with post_town(answering((mail.Send, SENT))) as (client, broker, _):
        await client.send("bob", "x" * letters.MAX_CONTENT, metadata=metadata)
        assert len(asked(broker, mail.Send)) == 1


OTHER: Any = "king"
MISTAKES: list[Call] = [
    lambda c: c.take(wait_seconds=-1),
    lambda c: c.settle([HELD], OTHER),
    lambda c: c.register("al", role=OTHER),
    lambda c: c.history(state=OTHER),
]


@pytest.mark.parametrize("call", MISTAKES)
async def test_a_wrong_word_or_time_is_a_bad_request(call: Call) -> None:
    async with post_town(answering()) as (client, broker, _):
        before = len(broker.heard)
        with pytest.raises(BadRequest):
            await call(client)
        assert len(broker.heard) == before


# ---------------------------------------------------------------- deadlines


WAITS: list[tuple[Call, float | None]] = [
    (lambda c: c.take(wait_seconds=7), 7),
    (lambda c: c.take(wait_seconds=None), None),
    (lambda c: c.send("bob", "", park_seconds=20), 20),
    (lambda c: c.send(["bob"], "", wait_seconds=9), 0),
    (lambda c: c.send("bob", "", wait_for="acked", wait_seconds=9, park_seconds=2), 11),
    (lambda c: c.send("bob", "", wait_for="acked"), None),
    (lambda c: c.agents(), 0),
]


@pytest.mark.parametrize(("call", "waits"), WAITS)
async def test_a_call_outlasts_what_the_broker_may_take(
    call: Call, waits: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadlines: list[float | None] = []
    ask = Link.ask

    async def noting(
        self: Link, request: messages.Request, *, deadline: float | None, progress: None
    ) -> messages.Reply:
        deadlines.append(deadline)
        return await ask(self, request, deadline=deadline, progress=progress)

    answers = (mail.Send, SENT), (mail.Receive, TAKEN), (mail.ListAgents, mail.Agents(agents=[]))
    async with post_town(answering(*answers)) as (client, _, _):
        monkeypatch.setattr(Link, "ask", noting)
        await call(client)
        monkeypatch.undo()
    assert deadlines == [None if waits is None else waits + SILENCE_SECONDS]


def test_a_full_message_fits_into_a_request() -> None:
    send = mail.Send(
        to=["bob"], content="\0" * letters.MAX_CONTENT, metadata=b"x" * letters.MAX_METADATA
    )
    assert len(msgspec.msgpack.encode(send)) < MAX_PAYLOAD
