from __future__ import annotations

import json
from collections import OrderedDict
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.transport import mail_input
from signalpost.transport.errors import BadRequest, TooLarge
from signalpost.transport.letters import MAX_METADATA

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=9,
)
ANYTHING = st.recursive(
    VALUES | st.floats() | st.binary(max_size=3) | st.just("\ud800") | st.just(object()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_metadata_are_written_as_the_json_they_are(members: dict[str, object]) -> None:
    assert json.loads(mail_input.metadata(members)) == members


@given(ANYTHING)
def test_whatever_is_given_as_metadata_is_json_or_refused(given: object) -> None:
    try:
        written = mail_input.metadata(given)
    except (BadRequest, TooLarge):
        return
    assert written == b"" if given is None else isinstance(json.loads(written), dict)


def test_any_mapping_will_do() -> None:
    assert mail_input.metadata(OrderedDict({"a": 1})) == b'{"a":1}'
    assert mail_input.metadata(MappingProxyType({"a": 1})) == b'{"a":1}'
    assert mail_input.metadata({}) == b"{}"


def test_metadata_that_hold_themselves_or_go_too_deep_are_refused() -> None:
    loop: dict[str, object] = {}
    loop["again"] = loop
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for endless in (loop, {"a": deep}):
        with pytest.raises(BadRequest, match="cannot be written as JSON"):
            mail_input.metadata(endless)


def test_metadata_are_measured_as_they_are_sent() -> None:
    room = MAX_METADATA - len('{"a":""}')
    assert len(mail_input.metadata({"a": "x" * room})) == MAX_METADATA
    with pytest.raises(TooLarge, match="16385 bytes as JSON"):
        mail_input.metadata({"a": "x" * (room + 1)})


def test_a_single_name_and_several_are_lists_on_the_wire() -> None:
    assert mail_input.recipients("bob") == ["bob"]
    assert mail_input.recipients(("bob", "*")) == ["bob", "*"]
    for nobody in ("", [], ["bob", ""]):
        with pytest.raises(BadRequest, match="a recipient is empty"):
            mail_input.recipients(nobody)


@pytest.mark.parametrize("given", [0, 0.5, 1e9, None])
def test_times_that_can_be_waited_pass(given: float | None) -> None:
    mail_input.seconds("wait_seconds", given)
    if given != 0:
        mail_input.lifetime(given)
