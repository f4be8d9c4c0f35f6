"""One line of JSON, whatever is in it, and nothing raw that could do harm."""

from __future__ import annotations

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from signalpost.mcp_bridge.json_line import json_line

SCARY = st.text(
    alphabet=st.sampled_from(
        'ab"\\\n\r\t\x1b[m\x7f\x85\x9b\u2028\u202e\u2066\ud800\udfff\U000e0041😀\0'
    )
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | SCARY | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCARY, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(SCARY, VALUE, max_size=3)


def test_it_is_compact_and_readable() -> None:
    assert json_line({"name": "Zoë", "ids": [1, 2]}) == '{"name":"Zoë","ids":[1,2]}'


def test_what_could_do_harm_is_escaped() -> None:
    written = json_line({"x": "\x1b[2J\u202e\u2028\ud800\U000e0041\x85"})
    assert written == r'{"x":"\u001b[2J\u202e\u2028\ud800\udb40\udc41\u0085"}'


@given(OBJECTS)
def test_it_says_exactly_what_it_was_given(value: dict[str, object]) -> None:
    assert json.loads(json_line(value)) == json.loads(json.dumps(value))


@given(OBJECTS)
def test_nothing_in_it_is_raw(value: dict[str, object]) -> None:
    line = json_line(value)
    line.encode()
    assert len(line.splitlines()) == 1
    assert not [c for c in line if unicodedata.category(c) in ("Cc", "Cs")]
    assert not [c for c in line if unicodedata.bidirectional(c)[-1:] in ("E", "O", "I", "F")]
    assert not [c for c in line if "\U000e0000" <= c <= "\U000e0fff"]
