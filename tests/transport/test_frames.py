from __future__ import annotations

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signalpost.transport import frames, messages
from signalpost.transport.errors import BadRequest, ProtocolMismatch, TooLarge

AUTHORITY = b"authority 12"
CORRELATION = b"correlation 16 b"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
REQUESTS = st.builds(
    messages.RunTask,
    command=TEXT,
    working_directory=TEXT,
    environment=st.dictionaries(st.binary(max_size=9), st.binary(max_size=9), max_size=3),
    env_vars=st.dictionaries(TEXT, TEXT, max_size=3),
    timeout_seconds=st.floats(allow_nan=False),
    limits=st.dictionaries(TEXT, st.integers(-1, 2**63 - 1), max_size=3),
    wait_seconds=st.none() | st.floats(allow_nan=False),
) | st.builds(messages.CancelCall, correlation=st.binary(max_size=20))


# ---------------------------------------------------------------- headers


def test_a_header_has_32_bytes_and_gives_its_parts_back() -> None:
    head = frames.header(AUTHORITY, CORRELATION)
    assert len(head) == frames.HEADER_BYTES == 32
    assert frames.major_of(head) == frames.VERSION
    assert frames.authority_of(head) == AUTHORITY
    assert frames.correlation_of(head) == CORRELATION


def test_nobody_s_session_and_correlation_are_zeros_of_the_right_length() -> None:
    head = frames.header(frames.NO_SESSION, frames.NO_CORRELATION)
    assert head == frames.VERSION + bytes(28)


def test_frames_of_this_protocol_pass() -> None:
    frames.check([frames.header(AUTHORITY, CORRELATION), b""])


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([], "expected 2 frames, got 0"),
        ([bytes(32)], "got 1"),
        ([bytes(32), b"", b""], "got 3"),
        ([b"", b""], "header of 32 bytes, got 0"),
        ([bytes(33), b""], "got 33"),
        ([b"SP02" + bytes(28), b""], "expected version b'SP01', got b'SP02'"),
        ([bytes(32), b""], "version"),
    ],
)
def test_other_frames_are_refused(parts: list[bytes], says: str) -> None:
    with pytest.raises(ProtocolMismatch, match=says):
        frames.check(parts)


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_garbage_frames_are_refused_and_do_no_more_harm(parts: list[bytes]) -> None:
    with pytest.raises(ProtocolMismatch):
        frames.check(parts)


# ---------------------------------------------------------------- payloads


@given(REQUESTS)
def test_a_request_arrives_as_it_was_sent(request: messages.Request) -> None:
    assert frames.request_decoder().decode(frames.encode_request(request)) == request


@given(st.binary(max_size=4000), st.lists(TEXT, max_size=4), TEXT)
def test_an_answer_arrives_as_it_was_sent(tail: bytes, names: list[str], text: str) -> None:
    report = messages.TaskReport(
        task_id=1,
        state="failed",
        queue_name=text,
        command=text,
        working_directory=text,
        owner=text,
        output=text,
        created_at=1.5,
        tail=tail,
        killed_leftovers=[messages.Leftover(name, 7) for name in names],
    )
    states = [messages.QueueState(queue_name=text, width=1, running=[report], waiting=[])]
    for message in (report, messages.Queues(queues=states), messages.TaskProgress(report=report)):
        assert frames.answer_decoder().decode(frames.encode(message)) == message


@given(st.binary(max_size=200))
@example(b"\x81\xa4type\xa5hello\x00")
@example(b"\x91" * 100_000)
@example(frames.encode_request(messages.CancelTask(task_id=1)) + b"\0")
@example(b"\x82\xa4type\xaccancel_task\xa7task_id\xcf" + b"\xff" * 8 + b"\xc1")
def test_garbage_is_a_mismatch_and_nothing_else(payload: bytes) -> None:
    for decoder in (frames.request_decoder(), frames.answer_decoder()):
        with pytest.raises(ProtocolMismatch):
            decoder.decode(payload)


SHAPES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | TEXT | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["task_id", "command", "working_directory", "env_vars", "environment", "limits", "lines"]


@given(
    st.sampled_from(["hello", "run_task", "task_status", "cancel_call", "list_tasks", "stop"]),
    st.dictionaries(st.sampled_from(FIELDS), SHAPES),
)
def test_wrong_fields_are_a_mismatch_and_nothing_else(tag: str, given: dict[str, object]) -> None:
    payload = msgspec.msgpack.encode({"type": tag, **given})
    try:
        request = frames.request_decoder().decode(payload)
    except ProtocolMismatch:
        return
    assert msgspec.to_builtins(request)["type"] == tag


@given(st.binary(min_size=1, max_size=60), st.integers(0, 200))
def test_a_damaged_request_is_a_mismatch_or_another_request(harm: bytes, place: int) -> None:
    sound = frames.encode_request(
        messages.RunTask(command="make", working_directory="/src", env_vars={"A": "1"})
    )
    place = min(place, len(sound))
    damaged = sound[:place] + harm + sound[place + len(harm) :]
    try:
        frames.request_decoder().decode(damaged)
    except ProtocolMismatch as error:
        assert "payload" in str(error)  # noqa: PT017 - both ways are right


@pytest.mark.parametrize("text", [b"\xa1\xff", b"\xa2\xc3\x28", b"\xa3\xed\xa0\x80"])
def test_a_text_that_is_not_utf_8_is_a_mismatch(text: bytes) -> None:
    payload = b"\x82\xa4type\xa5hello\xa5agent" + text
    with pytest.raises(ProtocolMismatch, match="malformed payload"):
        frames.request_decoder().decode(payload)


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ProtocolMismatch, match="unknown field `priority`"):
        frames.request_decoder().decode(msgspec.msgpack.encode({"type": "bye", "priority": 1}))


def test_each_side_hears_only_what_is_meant_for_it() -> None:
    with pytest.raises(ProtocolMismatch):
        frames.request_decoder().decode(frames.encode(messages.Accepted()))
    with pytest.raises(ProtocolMismatch):
        frames.answer_decoder().decode(frames.encode_request(messages.Bye()))


# ---------------------------------------------------------------- sizes


def test_a_full_environment_fits() -> None:
    full = {b"A": bytes(frames.MAX_ENVIRONMENT)}
    request = messages.RunTask(command="make", working_directory="/src", environment=full)
    assert frames.request_decoder().decode(frames.encode_request(request)) == request


def test_what_is_too_large_is_refused_before_it_is_sent() -> None:
    huge = messages.RunTask(command="x" * frames.MAX_PAYLOAD, working_directory="/")
    with pytest.raises(TooLarge, match=f"the limit is {frames.MAX_PAYLOAD}. Shorten"):
        frames.encode_request(huge)


def test_what_is_too_large_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(ProtocolMismatch, match=f"is over {frames.MAX_PAYLOAD}"):
        frames.request_decoder().decode(bytes(frames.MAX_PAYLOAD + 1))
    with pytest.raises(ProtocolMismatch, match=f"is over {frames.MAX_ANSWER}"):
        frames.answer_decoder().decode(bytes(frames.MAX_ANSWER + 1))


def test_an_answer_may_be_larger_than_any_request() -> None:
    failed = messages.Failed(code="INTERNAL", detail="x" * 2 * frames.MAX_PAYLOAD)
    assert frames.answer_decoder().decode(frames.encode(failed)) == failed


def test_a_name_that_is_no_text_is_refused_before_it_is_sent() -> None:
    with pytest.raises(BadRequest, match=r"udcff.*not UTF-8"):
        frames.encode_request(messages.RunTask(command="make", working_directory="/src/\udcff"))
