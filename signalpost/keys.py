"""What a person has typed into a program, as far as a notice may get in its way. Pure.

    EMPTY ── a character ──> HALF TYPED ── Return, Ctrl-C ──> EMPTY
      ^                          │
      └── all of it taken back ──┘

Unknown is half typed: after an arrow, a Tab or another command of a line editor
nobody can tell what stands there. Keys that insert a line and send nothing are
known: a backslash before Return, and Return with Alt, Shift or Control.

What a terminal says by itself is not typed. That, like a key, may come in pieces.
"""

from __future__ import annotations

import re
from math import inf

_WORD = re.compile(
    rb"[^\x1b]+"
    rb"|\x1b\[M...|\x1b\[(?!M)[0-?]*[ -/]*[@-~]"
    rb"|\x1b[\]P_^X][^\x1b\x07]*(?:\x07|\x1b\\)"
    rb"|\x1bO[ -~]"
    rb"|\x1b[^\x1b\[\]OP_^X]"
    rb"|\x1b(?=\x1b)",
    re.DOTALL,
)
"""Some characters, a key that is written with Escape, or something that a terminal says."""
_ANSWER = re.compile(
    rb"\x1b\[[?>=]?[0-9;]*[cnRty]|\x1b\[\?[0-9;]*(?:u|\$y)"  # what a terminal says of itself
    rb"|\x1b\[[IO]"  # it has the focus, or has lost it
    rb"|\x1b\[<[0-9;]*[Mm]|\x1b\[[0-9;]+M|\x1b\[M..."  # the mouse
    rb"|\x1b[\]P_^X].*"
    rb"|\x1b\[[0-9:]*;[0-9]*:3[;0-9:]*[A-Za-z~]",  # a key was let go
    re.DOTALL,
)
_NUMBERED = re.compile(rb"\x1b\[([0-9]+)[0-9:]*(?:;([0-9]*)[0-9:]*)?(?:;[0-9:]*)?u")
"""A key as kitty's protocol writes it: its number, and 1 more than the sum of what is held."""
_SHIFT, _CONTROL, _LOCKS = 1, 4, 64 + 128
_ENTER, _KEYPAD_ENTER, _ESCAPE, _BACKSPACE = 13, 57414, 27, 127
_SILENT = (*range(57358, 57364), *range(57428, 57455))
"""Shift and its like, locks, and keys for music."""
_NO_CHARACTERS = 57344
"""The numbers from here on belong to other keys."""
_PASTE_BEGIN, _PASTE_END = b"\x1b[200~", b"\x1b[201~"
_TAKES_BACK = b"\x7f\x08"
_CLEARS = b"\x03"
_SENDS = b"\r\n"
_TOGETHER_SECONDS = 0.25
"""The pieces of one word come within so long; one that is not gone on with was typed."""


class Keys:
    """Follows what is typed. Times are those of one clock, in seconds."""

    def __init__(self) -> None:
        self.last = -inf
        """When a key was struck last."""
        self._typed = 0
        self._unknown = False
        self._before = 0
        self._pasting = False
        self._piece = b""
        """The beginning of a word."""
        self._came = -inf
        """When it came."""

    @property
    def half_typed(self) -> bool:
        """Whether a line stands there that was not sent."""
        return self._unknown or self._typed > 0 or self._pasting or len(self._piece) > 1

    def heard(self, data: bytes, now: float) -> bool:
        """Take note of what came from the terminal; False: no person has typed any of it."""
        struck = [self._take(word) for word in self._words(data, now)]
        if not any(struck) and self._piece != b"\x1b":
            return False
        self.last = now
        return True

    def _words(self, data: bytes, now: float) -> list[bytes]:
        """Return the words; the one that is only begun is kept until more of it comes."""
        if self._piece and now - self._came > _TOGETHER_SECONDS:
            self._give_up_piece()
        data = self._piece + data
        words: list[bytes] = []
        at = 0
        while found := _WORD.match(data, at):
            words.append(found[0])
            at = found.end()
        self._piece, self._came = data[at:], now
        return words

    def _give_up_piece(self) -> None:
        if len(self._piece) > 1:
            self._unknown, self._pasting = True, False
        self._piece = b""

    def _take(self, word: bytes) -> bool:
        """Take note of a word; return whether a person has typed it."""
        if self._pasting or word == _PASTE_BEGIN:
            self._typed += 0 if word in (_PASTE_BEGIN, _PASTE_END) else len(word)
            self._pasting = word != _PASTE_END
        elif _ANSWER.fullmatch(word):
            return False
        elif numbered := _NUMBERED.fullmatch(word):
            self._strike_numbered(int(numbered[1]), int(numbered[2] or 1))
        elif word.startswith(b"\x1b") and len(word) > 1:
            self._unknown, self._before = True, 0  # an arrow, or a key with Alt
        else:
            for key in word:
                self._strike(key)
        return True

    def _strike(self, key: int) -> None:
        if key in _CLEARS or (key in _SENDS and self._before != ord("\\")):
            self._typed, self._unknown = 0, False
        elif key in _TAKES_BACK:
            self._typed = max(0, self._typed - 1)
        elif key < 0x20:
            self._unknown = self._unknown or key != _ESCAPE  # which alone writes nothing
        elif not (0x80 <= key < 0xC0 and self._before >= 0x80):  # else more of a character
            self._typed += 1
        self._before = key

    def _strike_numbered(self, key: int, modifiers: int) -> None:
        held = (modifiers - 1) & ~_LOCKS
        if key in (_ENTER, _KEYPAD_ENTER) and not held:
            self._strike(_ENTER)
        elif key == _BACKSPACE and not held:
            self._strike(_BACKSPACE)
        elif (key, held) == (ord("c"), _CONTROL):
            self._strike(_CLEARS[0])
        elif 0x20 < key < _NO_CHARACTERS and not held & ~_SHIFT and key != _BACKSPACE:
            self._typed, self._before = self._typed + 1, key
        elif key != _ESCAPE and key not in _SILENT:
            self._unknown = True
