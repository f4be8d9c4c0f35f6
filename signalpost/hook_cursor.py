"""The hooks of Cursor. Pure.

A conversation is called ``conversation_id``, a folder stands in
``workspace_roots``. ``beforeSubmitPrompt`` cannot add a text. A turn that a
person has broken off says so in ``status``, and is not taken up again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, cast

from msgspec.structs import replace

from .hook_contract import Contract, Given, Heard, text_of
from .hook_names import Word


class Cursor(Contract):
    """Cursor, as documented; not seen."""

    client = "cursor-vscode"
    events: ClassVar[Mapping[str, Word]] = {
        "sessionStart": "session-start",
        "beforeSubmitPrompt": "prompt",
        "postToolUse": "tools",
        "stop": "stop",
        "sessionEnd": "session-end",
    }
    tells = frozenset({"session-start", "tools"})

    def hear(self, word: Word, given: Given) -> Heard | None:
        """Return what Cursor has said."""
        heard = super().hear(word, given)
        if heard is None:
            return None
        count = given.get("loop_count")
        return replace(
            heard,
            session=text_of(given, "conversation_id") or heard.session,
            working_directory=heard.working_directory or _first_root(given),
            stop_hook_active=isinstance(count, int) and count > 0,
            broken_off=text_of(given, "status") in ("aborted", "error"),
        )

    def context(self, heard: Heard, text: str) -> Given:
        """Return the answer that puts a text before the model."""
        return {"additional_context": text}

    def hold(self, reason: str) -> Given:
        """Return the answer that makes the reason the next message."""
        return {"followup_message": reason}


def _first_root(given: Given) -> str:
    roots = given.get("workspace_roots")
    if not isinstance(roots, list) or not roots:
        return ""
    first = cast("list[object]", roots)[0]
    return first if isinstance(first, str) else ""


CONTRACT = Cursor()
