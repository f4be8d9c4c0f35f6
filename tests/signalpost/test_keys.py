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
        b"\x1b[M !!",
        b"\x1b[32;3;4M",
        b"\x1b[?1u",
        b"\x1b[97;1:3u",
        b"\x1b[1;1:3A",
        b"\x1b]11;rgb:0/0/0\x07",
        b"\x1bP>|xterm\x1b\\",
        b"\x1b[?2026;2$y",
    ],
)
def test_what_a_terminal_says_by_itself_is_not_typed(answer: bytes) -> None:
    keys = after(b"x", b"\r")
    assert not keys.heard(answer, 9.0)
    assert (keys.half_typed, keys.last) == (False, 1.0)


def test_what_a_terminal_says_may_come_in_pieces() -> None:
    answer = b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\"
    for at in range(2, len(answer)):
        keys = Keys()
        assert not keys.heard(answer[:at], 0.0)
        assert keys.half_typed
        assert not keys.heard(answer[at:], 0.1)
        assert not keys.half_typed


def test_a_piece_that_is_not_gone_on_with_was_typed() -> None:
    keys = after(b"\x1bP", b"rint")
    assert keys.half_typed
    assert not after(b"\x1bP", b"rint", b"\r").half_typed


def test_escape_and_later_a_bracket_are_two_keys() -> None:
    assert not after(b"\x1b", b"[\x7f").half_typed


def test_a_paste_in_pieces_is_one() -> None:
    assert after(b"\x1b[200~one\r", b"two\r").half_typed
    assert after(b"\x1b[200~one\r", b"two\r\x1b[201", b"~").half_typed
    assert not after(b"\x1b[200~one\r", b"two\r\x1b[201~", b"\r").half_typed


@pytest.mark.parametrize("text", ["é", "€", "🙂", "né"])
def test_a_character_of_several_bytes_is_taken_back_at_once(text: str) -> None:
    data = text.encode()
    assert after(data[:1], data[1:]).half_typed
    assert not after(data[:1], data[1:], b"\x7f" * len(text)).half_typed
    assert after(text.encode("utf-8")[:1]).half_typed


def test_a_character_of_eight_bits_is_typed_too() -> None:
    assert after(b"\xa9").half_typed
    assert not after(b"\xa9", b"\x7f").half_typed


@pytest.mark.parametrize(
    ("keys", "half_typed"),
    [
        (b"\x1b[97u", True),
        (b"\x1b[97;2u\x1b[97;2:3u", True),
        (b"\x1b[97u\x1b[127u", False),
        (b"\x1b[97u\x1b[13u", False),
        (b"\x1b[97u\x1b[57414u", False),
        (b"\x1b[97;129u\x1b[13;129u", False),
        (b"\x1b[97u\x1b[99;5u", False),
        (b"\x1b[13;2u", True),
        (b"\x1b[106;5u", True),
        (b"\x1b[92u\x1b[13u", True),
        (b"\x1b[171u", True),
        (b"\x1b[27u", False),
        (b"\x1b[57441;2u", False),
        (b"a\x1b[97;1:3u\r", False),
    ],
)
def test_keys_of_kittys_protocol_are_keys(keys: bytes, half_typed: bool) -> None:
    found = after(keys)
    assert (found.half_typed, found.last) == (half_typed, 0.0)


def test_return_behind_an_arrow_sends_also_when_both_come_at_once() -> None:
    assert not after(b"\x1b[A\r").half_typed
    assert after(b"\r\x1b[A").half_typed


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
