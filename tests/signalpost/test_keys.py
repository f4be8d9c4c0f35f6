from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.keys import Keys

CHARACTERS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1)


def after(*pieces: bytes) -> Keys:
    keys = Keys()
    for number, piece in enumerate(pieces):
        keys.heard(piece, float(number))
    return keys


def test_nothing_typed_is_no_half_typed_line() -> None:
    assert not Keys().half_typed


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\x03"])
def test_a_line_is_half_typed_until_it_is_sent_or_given_up(end: bytes) -> None:
    assert after(b"make te").half_typed
    assert not after(b"make te", b"st" + end).half_typed


def test_a_line_that_is_taken_back_whole_is_none() -> None:
    assert after(b"ab\x7f").half_typed
    assert not after(b"ab\x7f", b"\x7f\x7f\x7f").half_typed
    assert after(b"ab\x7f\x7f\x7fc").half_typed


def test_a_line_that_goes_on_below_is_not_sent() -> None:
    assert after(b"first\\", b"\r").half_typed
    assert after(b"first", b"\x1b\r").half_typed


@pytest.mark.parametrize("key", [b"\x1b[A", b"\x1bOA", b"\t", b"\x12", b"\x19"])
def test_what_a_line_editor_may_have_written_counts_as_half_typed(key: bytes) -> None:
    assert after(key).half_typed
    assert not after(key, b"\r").half_typed


def test_a_paste_is_half_typed_also_when_it_holds_a_return() -> None:
    assert after(b"\x1b[200~one\rtwo\r\x1b[201~").half_typed


def test_escape_alone_writes_nothing() -> None:
    assert not after(b"\x1b").half_typed


@pytest.mark.parametrize(
    "answer",
    [
        b"\x1b[24;80R",
        b"\x1b[?62;4c",
        b"\x1b[I",
        b"\x1b[O",
        b"\x1b[<0;3;4M",
        b"\x1b]11;rgb:0/0/0\x07",
        b"\x1bP>|xterm\x1b\\",
        b"\x1b[?2026;2$y",
    ],
)
def test_what_a_terminal_says_by_itself_is_not_typed(answer: bytes) -> None:
    keys = after(b"x", b"\r")
    assert not keys.heard(answer, 9.0)
    assert (keys.half_typed, keys.last) == (False, 1.0)


@given(CHARACTERS)
def test_whatever_is_typed_stands_there_until_return(text: str) -> None:
    keys = after(text.encode())
    assert keys.half_typed
    if not text.endswith("\\"):
        keys.heard(b"\r", 1.0)
        assert not keys.half_typed


@given(st.binary(max_size=200))
def test_no_bytes_are_too_strange(data: bytes) -> None:
    keys = after(data, b"x\r")
    assert not keys.half_typed or b"\x1b" in data
