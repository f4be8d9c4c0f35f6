"""Requests about mail on the wire, sound, damaged and made up."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.transport import frames, letters, mail
from signalpost.transport.errors import ProtocolMismatch

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SECONDS = st.none() | st.floats(allow_nan=False)
HELD = st.lists(st.builds(letters.Held, TEXT, st.binary(max_size=16)), max_size=3)
NAMES = st.lists(TEXT, max_size=3)


def one_of(words: object) -> st.SearchStrategy[Any]:
    return st.sampled_from(get_args(words))


REQUESTS: dict[type[msgspec.Struct], st.SearchStrategy[Any]] = {
    mail.Register: st.builds(
        mail.Register,
        name=TEXT,
        role=one_of(letters.Role),
        description=TEXT,
        inbox_bound=st.none() | st.integers(-(2**63), 2**64 - 1),
    ),
    mail.Unregister: st.builds(mail.Unregister, force=st.booleans()),
    mail.ListAgents: st.builds(mail.ListAgents),
    mail.Send: st.builds(
        mail.Send,
        to=NAMES,
        content=TEXT,
        kind=one_of(letters.Kind),
        metadata=st.binary(max_size=20),
        in_reply_to=TEXT,
        ttl_seconds=SECONDS,
        wait_for=one_of(letters.Goal),
        wait_seconds=SECONDS,
        park_seconds=st.floats(allow_nan=False),
    ),
    mail.Receive: st.builds(
        mail.Receive,
        wait_seconds=SECONDS,
        sender=TEXT,
        in_reply_to=TEXT,
        max_messages=st.integers(-(2**63), 2**63),
        acknowledge=HELD,
    ),
    mail.Settle: st.builds(mail.Settle, messages=HELD, outcome=one_of(letters.Outcome)),
    mail.Extend: st.builds(mail.Extend, messages=HELD),
    mail.Peek: st.builds(mail.Peek, agent=TEXT, sender=TEXT, max_messages=st.integers(0, 99)),
    mail.ReadMessage: st.builds(mail.ReadMessage, message_id=TEXT),
    mail.InboxStatus: st.builds(mail.InboxStatus, agent=TEXT),
    mail.History: st.builds(
        mail.History,
        search=TEXT,
        agent=TEXT,
        state=st.none() | one_of(letters.State),
        limit=st.integers(0, 99),
        before=SECONDS,
    ),
    mail.Redrive: st.builds(mail.Redrive, message_ids=NAMES),
    mail.Purge: st.builds(mail.Purge, message_ids=NAMES),
}
ANY = st.one_of(*REQUESTS.values())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | TEXT | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def read(payload: bytes) -> object:
    """Return what the broker hears: a request, or the one error that it may be."""
    try:
        return frames.request_decoder().decode(payload)
    except ProtocolMismatch as error:
        return error


def test_every_request_about_mail_is_tried_here() -> None:
    assert set(REQUESTS) == set(get_args(mail.Request))


@given(ANY)
def test_a_request_arrives_as_it_was_sent(request: mail.Request) -> None:
    assert frames.request_decoder().decode(frames.encode_request(request)) == request


@pytest.mark.parametrize("kind", REQUESTS)
@given(st.data())
def test_a_damaged_request_is_a_mismatch_or_another_request(
    kind: type[msgspec.Struct], data: st.DataObject
) -> None:
    sound = frames.encode_request(data.draw(REQUESTS[kind]))
    place = data.draw(st.integers(0, len(sound)))
    cut = data.draw(st.integers(0, 4))
    harm = data.draw(st.binary(max_size=12))
    assert isinstance(read(sound[:place] + harm + sound[place + cut :]), msgspec.Struct | Exception)


@pytest.mark.parametrize("kind", REQUESTS)
@given(st.data())
def test_a_wrong_field_is_a_mismatch_or_fits(
    kind: type[msgspec.Struct], data: st.DataObject
) -> None:
    sound = msgspec.msgpack.decode(
        frames.encode_request(data.draw(REQUESTS[kind])), type=dict[str, object]
    )
    fields = st.sampled_from([*kind.__struct_fields__, "priority"])
    changed = data.draw(st.dictionaries(fields, VALUES, min_size=1, max_size=3))
    answer = read(msgspec.msgpack.encode({**sound, **changed}))
    assert isinstance(answer, kind | ProtocolMismatch)
    if "priority" in changed:
        assert isinstance(answer, ProtocolMismatch)


@given(st.binary(max_size=60), st.integers(0, 400))
def test_damaged_mail_is_a_mismatch_or_another_answer(harm: bytes, place: int) -> None:
    delivery = letters.Delivery(
        id="m1", sender="bob", to="al", kind="task", content="hi", sent_at=1, lease=b"t"
    )
    for answer in (
        mail.Deliveries(messages=[delivery], acknowledged=[letters.Settled("m0", "X", "y")]),
        mail.Sent(sent=[letters.SentMessage("bob", "m2", "acked", "idle")], reply=delivery),
    ):
        sound = frames.encode(answer)
        assert frames.answer_decoder().decode(sound) == answer
        at = min(place, len(sound))
        try:
            frames.answer_decoder().decode(sound[:at] + harm + sound[at + len(harm) :])
        except ProtocolMismatch as error:
            assert "payload" in str(error)  # noqa: PT017 - both ways are right


def test_nobody_can_say_who_a_message_is_from() -> None:
    forged = {"type": "send", "to": ["bob"], "content": "hi", "sender": "eve"}
    assert "unknown field `sender`" in str(read(msgspec.msgpack.encode(forged)))


def test_mail_that_fills_a_reply_fits_into_one() -> None:
    full = letters.Delivery(
        id="m", sender="b", to="a", kind="task", content="x" * letters.MAX_CONTENT, sent_at=1
    )
    batch = mail.Deliveries(messages=[full] * 16)
    assert len(frames.encode(batch)) < frames.MAX_ANSWER
