"""The command line of a bridge: ``signalpost mcp``, however that program is started. Pure."""

from __future__ import annotations

from collections.abc import Sequence

_NAME = "signalpost"


def program_of_bridge(words: Sequence[str]) -> str:
    """Return the path of a bridge's program, or of the Python that has it as a module.

    Empty: this is the command line of something else.
    """
    before = words[: words.index("mcp")] if "mcp" in words else ()
    if not before or before[-1].rpartition("/")[2] != _NAME:
        return ""
    return before[-3] if len(before) > 2 and before[-2] == "-m" else before[-1]
