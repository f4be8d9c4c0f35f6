"""What a person has typed into a program, as far as a notice may get in its way. Pure.

    EMPTY ── a character ──> HALF TYPED ── Return, Ctrl-C ──> EMPTY
      ^                          │
      └── all of it taken back ──┘

Unknown is half typed: after an arrow, a Tab or another command of a line editor
nobody can tell what stands there. Two keys that insert a line and send nothing
are known: a backslash before Return, and Return with Alt.
"""

from __future__ import annotations

import re
from math import inf

_ANSWERS = re.compile(
    rb"\x1b\[[?>=]?[0-9;]*[cnRtuy]"  # what a terminal says of itself
    rb"|\x1b\[\?[0-9;]*\$y"
    rb"|\x1b\[[IO]"  # it has the focus, or has lost it
    rb"|\x1b\[<[0-9;]*[Mm]|\x1b\[M..."  # the mouse
    rb"|\x1b[\]P_^][^\x1b\x07]*(?:\x07|\x1b\\)",
    re.DOTALL,
)
_PASTE = re.compile(rb"\x1b\[200~(.*?)\x1b\[201~", re.DOTALL)
_TAKES_BACK = b"\x7f\x08"
_CLEARS = b"\x03"
_SENDS = b"\r\n"


class Keys:
    """Follows what is typed. Times are those of one clock, in seconds."""

    def __init__(self) -> None:
        self.last = -inf
        """When a key was struck last."""
        self._typed = 0
        self._unknown = False
        self._before = 0

    @property
    def half_typed(self) -> bool:
        """Whether a line stands there that was not sent."""
        return self._unknown or self._typed > 0

    def heard(self, data: bytes, now: float) -> bool:
        """Take note of what came from the terminal; False: no person has typed any of it."""
        keys = _ANSWERS.sub(b"", data)
        if not keys:
            return False
        self.last = now
        for part, pasted in _parts(keys):
            if pasted:
                self._typed += len(part)
            else:
                self._strike(part)
        return True

    def _strike(self, keys: bytes) -> None:
        if keys.startswith(b"\x1b") and len(keys) > 1:
            self._unknown = True  # an arrow, or a key with Alt
            keys = b""
        for key in keys:
            self._one(key)
            self._before = key

    def _one(self, key: int) -> None:
        if key in _CLEARS or (key in _SENDS and self._before != ord("\\")):
            self._typed, self._unknown = 0, False
        elif key in _TAKES_BACK:
            self._typed = max(0, self._typed - 1)
        elif key == 0x1B:
            return  # Escape alone writes nothing
        elif key < 0x20:
            self._unknown = True
        else:
            self._typed += 1


def _parts(keys: bytes) -> list[tuple[bytes, bool]]:
    """Split into what was struck and what was pasted, in order."""
    parts: list[tuple[bytes, bool]] = []
    at = 0
    for paste in _PASTE.finditer(keys):
        parts += [(keys[at : paste.start()], False), (paste[1], True)]
        at = paste.end()
    return [(part, pasted) for part, pasted in [*parts, (keys[at:], False)] if part]
