"""Keeps what may be secrets out of what is shown of a person's files. Pure."""

from __future__ import annotations

import re

_SECRET = re.compile(
    # With bounds: no name is longer, and a long word would be tried from each of its letters.
    r"""(["']?(?<![\w.-])[\w.-]{0,60}(?:key|token|secret|passw|credential|authori[sz]ation)[\w.-]{0,60}"""
    r"""["']?[ \t]{0,9}[:=][ \t]{0,9})"""
    r"""("(?:[^"\\\n]|\\.)*"|'[^'\n]*')""",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """Return ``text`` with dots for the values of names that speak of keys, tokens and the like."""
    return _SECRET.sub(r'\1"…"', text)
