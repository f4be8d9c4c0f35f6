"""What a program shows, as far as a notice may get in its way. Pure.

Nothing is drawn here. A dialog counts as open from the moment its words are
shown until the person strikes a key: whoever answers it does so with one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import inf

DIALOGS = (
    "[\u276f\u203a\u25cf>] ?1\\.",
    r"\[[yY]/[nN]\]",
    r"\([yY]/[nN]\)",
    r"(?i)press enter to (continue|confirm)",
    r"(?i)enter to (select|confirm|submit)\b",
    r"(?i)password( for [^:]*)?:\s*$",
)
"""What a question looks like that only a person may answer, in the programs that we know."""
KEPT = 8192
"""Bytes of output that are looked at."""
_CODES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]|[\x00-\x08\x0b-\x1f]"
)
_MOVES = re.compile(r"\x1b\[[0-9;]*[CG]")
_PASTE_ON, _PASTE_OFF = b"\x1b[?2004h", b"\x1b[?2004l"
_LONGEST = len(_PASTE_ON) - 1


class Screen:
    """Follows what is shown. Times are those of one clock, in seconds."""

    def __init__(self, dialogs: Sequence[str] = DIALOGS) -> None:
        self.last = -inf
        """When something was shown last."""
        self.takes_pastes = False
        """Whether the program tells a paste from typing."""
        self._dialogs = [re.compile(pattern) for pattern in dialogs]
        self._shown = b""

    @property
    def asks(self) -> bool:
        """Whether a dialog is open."""
        text = _CODES.sub("", _MOVES.sub(" ", self._shown.decode(errors="replace")))
        return any(pattern.search(text) for pattern in self._dialogs)

    def showed(self, data: bytes, now: float) -> None:
        """Take note of what the program wrote."""
        self.last = now
        seam = self._shown[-_LONGEST:] + data
        on, off = seam.rfind(_PASTE_ON), seam.rfind(_PASTE_OFF)
        if on != off:
            self.takes_pastes = on > off
        self._shown = (self._shown + data)[-KEPT:]

    def struck(self) -> None:
        """The person has struck a key: what was asked before is answered."""
        self._shown = b""
