"""Objects as one line of JSON that is harmless to show to a model. Pure.

Objects only: Gemini CLI takes a text that is JSON for structured content, and
shows an error in place of a result that is an array or a plain value there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

# JSON itself escapes only quotes, backslashes and the controls below the space.
_ESCAPED = re.compile(
    "[\x7f-\x9f"  # DEL and the controls above ASCII, that end of line among them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction
    "\u2028\u2029"  # more ends of lines
    "\ud800-\udfff"  # half a surrogate pair
    "\U000e0000-\U000e0fff]"  # tags and selectors: text that people do not see and models do
)


def json_line(value: Mapping[str, object]) -> str:
    """Return ``value`` as compact JSON; what could do harm is in it as ``\\u`` escapes."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _ESCAPED.sub(_escape, written)


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
