"""Text of strangers becomes harmless, and harmless text stays as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalpost.transport.safe_text import last_lines, one_line, safe_text

_SCARY = st.text(alphabet=st.sampled_from("ab \n\r\t\x1b[]0;m\x07\\PK\x9b\x9d\x9c\u202e\ud800\0"))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"plain\ttext\n", "plain\ttext\n"),
        (b"caf\xe9", "caf\ufffd"),
        ("half \ud83d pair", "half \ufffd pair"),
        (b"\x1b[1;31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07after", "after"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b]52;c;never ended\nnext line", "\nnext line"),
        (b"\x1bPdevice\x1b\\x", "x"),
        ("\x9b31mred \x9dtitle\x9cafter", "red after"),
        (b"\x1b(Bcharset\x1b7", "charset"),
        (b"\x1b\x1b[31m[31mx", "[31mx"),
        (b"bell\x07 back\x08space nul\0 del\x7f", "bell backspace nul del"),
        (b"one\r\ntwo\r\r\nthree", "one\ntwo\nthree"),
        (b"10%\r50%\r100%\ndone", "100%\ndone"),
        (b"10%\r100%\r", "100%"),
        (b"10%\r\x1b[K100%", "100%"),
        ("form\x0cfeed\u2028line", "form\nfeed\nline"),
        ("user\u202etxt.exe\u2066x\u2069", "usertxt.exex"),
        ("hi\U000e0041\U000e0042", "hi"),
        ("hi\U000e0100\U000e01ef", "hi"),
    ],
)
def test_what_could_do_harm_is_removed(raw: bytes | str, expected: str) -> None:
    assert safe_text(raw) == expected


@given(st.one_of(st.binary(), st.text(), _SCARY))
def test_nothing_harmful_is_ever_left(raw: bytes | str) -> None:
    text = safe_text(raw)
    text.encode()
    assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]
    assert not [c for c in text if unicodedata.bidirectional(c)[-1:] in ("E", "O", "I", "F")]


@given(st.one_of(st.binary(), st.text(), _SCARY))
def test_safe_text_is_left_alone(raw: bytes | str) -> None:
    once = safe_text(raw)
    assert safe_text(once) == once


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_ascii_without_controls_is_unchanged(text: str) -> None:
    assert safe_text(text) == text


@given(st.one_of(st.binary(), _SCARY), st.integers(1, 40))
def test_one_line_is_one_line_within_its_limit(raw: bytes | str, most: int) -> None:
    line = one_line(raw, most)
    assert len(line) <= most
    assert "\n" not in line


def test_one_line_says_that_it_was_cut() -> None:
    assert one_line("a b\n c", 10) == "a b c"
    assert one_line("abcdef", 4) == "abc…"


def test_last_lines_takes_the_end() -> None:
    assert last_lines("1\n2\n3\n", 2, 100) == "2\n3"
    assert last_lines("1\n2", 5, 100) == "1\n2"
    assert last_lines("1\n2", 0, 100) == ""
    assert last_lines("\n\n", 5, 100) == ""


def test_last_lines_cuts_in_front_and_says_so() -> None:
    assert last_lines("aaaa\nbbbb\ncccc", 9, 14) == "aaaa\nbbbb\ncccc"
    assert last_lines("aaaa\nbbbb\ncccc", 9, 10) == "…bb\ncccc"
    assert last_lines("x" * 50 + "end", 9, 8) == "…xxend"
    assert last_lines("é" * 10, 9, 8) == "…éé"


@given(st.text(), st.integers(0, 9), st.integers(3, 30))
def test_last_lines_never_exceeds_its_limits(text: str, count: int, most: int) -> None:
    kept = last_lines(safe_text(text), count, most)
    assert len(kept.encode()) <= most
    assert len(kept.split("\n")) <= max(count, 1)
