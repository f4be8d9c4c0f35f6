"""Text that cannot be passed on is refused, and values are shown harmlessly."""

from __future__ import annotations

import pytest

from signalpost.mcp_bridge import given
from signalpost.transport.errors import BadRequest


@pytest.mark.parametrize("text", ["", "ls -l", "grüße 😀", "tab\tand\nnewline"])
def test_text_is_returned_unchanged(text: str) -> None:
    assert given.text(text, "command") == text


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (5, "command must be a string, not 5"),
        (None, "command must be a string, not null"),
        (["a"], 'command must be a string, not ["a"]'),
        ("a\0b", "command contains a NUL"),
        ("a\ud800b", "command contains half of a surrogate pair"),
    ],
)
def test_what_no_process_can_take_is_refused(value: object, reason: str) -> None:
    with pytest.raises(BadRequest) as refused:
        given.text(value, "command")
    assert str(refused.value).startswith(reason)


def test_values_are_shown_in_one_short_harmless_line() -> None:
    assert given.shown("a\x1b[31mb") == '"a\\u001b[31mb"'
    assert given.shown("x" * 500).endswith("…")
    assert len(given.shown("x" * 500)) == 80
    assert given.shown("\ud800") == '"\ufffd"'
    assert given.shown({1, 2}) == "a set"
