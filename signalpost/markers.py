"""A block of ours between two marker lines in a text that belongs to a person. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .transport.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Markers:
    """The first and the last line of the block, in the comments of the text's format."""

    begin: str
    end: str

    def put(self, text: str, block: str) -> str:
        """Return ``text`` with ``block`` in place of each one there, else at its end.

        :raises BadRequest: one of the marker lines stands there alone
        """
        places = self._places(text)
        for begin, end in reversed(places):
            text = text[:begin] + self._around(block, _newline(text[begin:])) + text[end:]
        if places:
            return text
        newline = _newline(text)
        gap = "" if text.endswith("\n") or not text else newline
        return text + gap + (newline if text else "") + self._around(block, newline)

    def remove(self, text: str) -> str:
        """Return ``text`` without the block, and without the empty line before it.

        :raises BadRequest: one of the marker lines stands there alone
        """
        for begin, end in reversed(self._places(text)):
            before, after = text[:begin], text[end:]
            for newline in ("\r\n", "\n"):
                if before.endswith(newline * 2):
                    before = before.removesuffix(newline)
                    break
            text = before + after
        return text

    def _around(self, block: str, newline: str) -> str:
        return newline.join([self.begin, *block.strip("\n").split("\n"), self.end]) + newline

    def _places(self, text: str) -> list[tuple[int, int]]:
        """Return where each block begins and ends."""
        places: list[tuple[int, int]] = []
        opened, at = -1, 0
        for line in text.split("\n"):
            word = line.strip(" \t\r\ufeff")
            if word == self.begin and opened < 0:
                opened = at
            elif word == self.end and opened >= 0:
                places.append((opened, min(at + len(line) + 1, len(text))))
                opened = -1
            elif word in (self.begin, self.end):
                self._refuse(word)
            at += len(line) + 1
        if opened >= 0:
            self._refuse(self.begin)
        return places

    def _refuse(self, alone: str) -> None:
        raise BadRequest(
            f"the line {alone} stands there alone, so nobody can tell what is Signalpost's. Put"
            f" back the missing one ({self.begin} … {self.end}), or remove this one."
        )


def _newline(text: str) -> str:
    """Return how the first line of a text ends."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


MARKDOWN = Markers("<!-- signalpost: begin -->", "<!-- signalpost: end -->")
