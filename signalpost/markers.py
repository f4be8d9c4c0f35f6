"""A block of ours between two marker lines in a text that belongs to a person. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Markers:
    """The first and the last line of the block, in the comments of the text's format."""

    begin: str
    end: str

    def put(self, text: str, block: str) -> str:
        """Return ``text`` with ``block`` in place of the one there, else at its end."""
        newline = "\r\n" if "\r\n" in text else "\n"
        ours = newline.join([self.begin, *block.strip("\n").split("\n"), self.end]) + newline
        place = self._place(text)
        if place is not None:
            return text[: place[0]] + ours + text[place[1] :]
        if not text:
            return ours
        gap = "" if text.endswith("\n") else newline
        return text + gap + newline + ours

    def remove(self, text: str) -> str:
        """Return ``text`` without the block, and without the empty line before it."""
        place = self._place(text)
        if place is None:
            return text
        before, after = text[: place[0]], text[place[1] :]
        for newline in ("\r\n", "\n"):
            if before.endswith(newline * 2):
                before = before.removesuffix(newline)
                break
        return before + after

    def found(self, text: str) -> str | None:
        """Return the block as it is, with its markers; None: there is none."""
        place = self._place(text)
        return text[place[0] : place[1]] if place is not None else None

    def _place(self, text: str) -> tuple[int, int] | None:
        begin = text.find(self.begin)
        end = text.find(self.end, begin + 1)
        if begin < 0 or end < 0:
            return None
        line_end = text.find("\n", end)
        return begin, len(text) if line_end < 0 else line_end + 1


MARKDOWN = Markers("<!-- signalpost: begin -->", "<!-- signalpost: end -->")
TOML = Markers("# signalpost: begin", "# signalpost: end")
