"""Keeps what may be secrets out of what is shown of a person's files. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SPEAKS = "(?:key|token|secret|passw|credential|authori[sz]ation)"
_SECRET = re.compile(
    # With bounds: no name is longer, and a long word would be tried from each of its letters.
    rf"""(["']?(?<![\w.-])[\w.-]{{0,60}}{_SPEAKS}[\w.-]{{0,60}}"""
    r"""["']?[ \t]{0,9}[:=][ \t]{0,9})"""
    r"""("(?:[^"\\\n]|\\.)*"|'[^'\n]*')""",
    re.IGNORECASE,
)
_NAME = re.compile(_SPEAKS, re.IGNORECASE)


def masked(text: str) -> str:
    """Return ``text`` with dots for the values of names that speak of keys, tokens and the like."""
    return _SECRET.sub(r'\1"…"', text)


def masked_words(words: Sequence[str]) -> str:
    """Return the words of a command in one line, with dots for what follows such a name."""
    shown: list[str] = []
    hides_next = False
    for word in words:
        name, equals, _ = word.partition("=")
        speaks = _NAME.search(name) is not None
        if hides_next and not word.startswith("-"):
            shown.append("…")
        else:
            shown.append(f"{name}=…" if equals and speaks else word)
        hides_next = speaks and not equals and word.startswith("-")
    return " ".join(shown)
