"""Bytes or text of strangers become text that is harmless to show to a model. Pure.

Removed: escape sequences of terminals, control characters but newline and tab,
marks that turn the direction of writing, invisible tag characters and
the selectors that can carry text as they do. What is not Unicode becomes
U+FFFD. A line that a progress bar wrote over and over
with carriage returns is shown as it stood at the end.
"""

from __future__ import annotations

import re

# Each alternative ends at a newline at the latest: an unfinished sequence eats one line at most.
_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, …
    r"|\x1b[ -/]*[0-~]"  # the short ones
)
_BREAKS = re.compile("\r+\n|[\x0b\x0c\x85\u2028\u2029]")
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # controls; tab, newline and CR are dealt with elsewhere
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction
    "\U000e0000-\U000e0fff]"  # tags and selectors: text that people do not see and models do
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
_CUT = "…"


def safe_text(data: bytes | str) -> str:
    """Return ``data`` as harmless text; what is harmless already comes back unchanged."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    if text.isascii() and text.isprintable():
        return text  # as nearly all is
    text = _SURROGATES.sub("\ufffd", text)
    text = _BREAKS.sub("\n", _SEQUENCES.sub("", text))
    if "\r" in text:
        text = "\n".join(_as_it_stood(line) for line in text.split("\n"))
    return _UNWANTED.sub("", text)


def one_line(data: bytes | str, most: int) -> str:
    """Return ``data`` as harmless text in one line of at most ``most`` characters."""
    line = _SPACES.sub(" ", safe_text(data)).strip()
    return line if len(line) <= most else line[: most - 1] + _CUT


def last_lines(text: str, count: int, most_bytes: int) -> str:
    """Return the last ``count`` lines of ``text``, cut in front to ``most_bytes`` of UTF-8."""
    kept = "\n".join(text.rstrip().split("\n")[-count:]) if count > 0 else ""
    encoded = kept.encode()
    if len(encoded) <= most_bytes:
        return kept
    room = max(0, most_bytes - len(_CUT.encode()))
    return _CUT + encoded[len(encoded) - room :].decode("utf-8", "ignore")


def _as_it_stood(line: str) -> str:
    """Return what was written last over a line."""
    return next((part for part in reversed(line.split("\r")) if part.strip()), "")
