"""When a notice is typed into a program, and what becomes of it. Pure: no terminal, no clock.

               news                 calm                   after a moment
    IDLE ────────────> DUE ─────────────────> PASTED ──────────────────────> TYPED
     ^  ^               ^                        │ the person types             │ time to see
     │  │               └── later, more patient ─┴──────────── not read ────────┤
     │  └──────────────────────── read: the inbox has moved ───────────────────┤
     └──────────────────────────── given up, the reason is told ───────────────┘

*Calm*: the program has shown nothing for a while, the person has struck no key,
no line is half typed, no dialog is open. One notice per high-water mark: newer
news joins the one that is due. A notice is text alone; what it is about stays in
the inbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

from .keys import Keys
from .screen import Screen

_PASTE_BEGIN, _PASTE_END = b"\x1b[200~", b"\x1b[201~"
Stage = Literal["idle", "due", "pasted", "typed", "looking"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How patient a typist is. Seconds."""

    quiet: float = 0.8
    """The program shows nothing for so long."""
    still: float = 3.0
    """The person strikes no key for so long."""
    submit: float = 0.15
    """Between the text and Return: a program that gets both at once takes Return for text."""
    verify: float = 20.0
    """For the inbox to move."""
    attempts: int = 3
    patience: float = 300.0
    """For a calm moment; then it is given up."""


@dataclass(frozen=True, slots=True)
class News:
    """What there is to tell."""

    cursor: int
    text: str


@dataclass(frozen=True, slots=True)
class Type:
    """Write this into the program."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Look:
    """See whether the inbox has moved, and tell by :meth:`Typist.looked`."""

    cursor: int


@dataclass(frozen=True, slots=True)
class Note:
    """Tell the broker what became of the ring."""

    cursor: int
    outcome: Literal["typed", "read", "gave_up"]
    detail: str = ""


Effect = Type | Look | Note


class Typist:
    """Types notices. ``keys`` and ``screen`` are kept up to date by whoever owns it."""

    def __init__(self, keys: Keys, screen: Screen, manners: Manners) -> None:
        self._keys = keys
        self._screen = screen
        self._manners = manners
        self._news: News | None = None
        self._stage: Stage = "idle"
        self._attempts = 0
        self._since = 0.0
        self._not_before = 0.0
        self._typed_at = 0.0
        self._told = 0

    @property
    def stage(self) -> Stage:
        """What it is about to do."""
        return self._stage

    def rang(self, news: News, now: float, *, moved: bool = False) -> list[Effect]:
        """There is something to tell; what was due before is told with it.

        ``moved``: the inbox has moved since the ring before, so a notice that was typed is read.
        """
        fresh = self._news is None or self._stage == "idle"
        self._news = news
        if fresh:
            self._begin(now)
        elif moved and self._stage == "typed":
            return self._end(news, Note(self._told, "read"), now)
        return []

    def _begin(self, now: float) -> None:
        self._stage, self._attempts = "due", 0
        self._since, self._not_before = now, now

    def deadline(self) -> float:
        """When :meth:`advance` next has something to do, or before; infinity: not by itself."""
        match self._stage:
            case "idle" | "looking":
                return inf
            case "due":
                given_up = self._since + self._manners.patience
                return given_up if self._hindered() else min(given_up, self._calm_at())
            case "pasted":
                return self._typed_at + self._manners.submit
            case "typed":
                return self._typed_at + self._manners.verify

    def advance(self, now: float) -> list[Effect]:
        """Do what is due."""
        if self._news is None or now < self.deadline():
            return []
        match self._stage:
            case "due" if self._hindered() or now < self._calm_at():
                return self._give_up(self._hindrance())
            case "due":
                return self._paste(self._news, now)
            case "pasted":
                return self._submit(now)
            case "typed":
                self._stage = "looking"
                return [Look(self._told)]
            case "idle" | "looking":
                return []

    def looked(self, *, moved: bool, unread: int, now: float) -> list[Effect]:
        """Take note of what was found after :class:`Look`."""
        if self._stage != "looking" or self._news is None:
            return []
        if moved:
            news = self._news if unread else None
            return self._end(news, Note(self._told, "read"), now)
        if self._attempts >= self._manners.attempts:
            why = f"typed {self._attempts} times, and the inbox did not move"
            return self._end(self._news, Note(self._told, "gave_up", why), now)
        self._stage = "due"
        self._since = self._not_before = now + self._manners.verify * self._attempts
        return []

    def _end(self, news: News | None, note: Note, now: float) -> list[Effect]:
        """A notice is through; what is newer has one of its own."""
        if news is not None and news.cursor > self._told:
            self._begin(now)
        else:
            self._rest()
        return [note]

    # ------------------------------------------------------------ inside

    def _hindered(self) -> bool:
        return self._keys.half_typed or self._screen.asks

    def _hindrance(self) -> str:
        if self._screen.asks:
            return "a dialog is open"
        if self._keys.half_typed:
            return "a line is half typed"
        return "the program was never quiet"

    def _calm_at(self) -> float:
        manners = self._manners
        return max(
            self._screen.last + manners.quiet, self._keys.last + manners.still, self._not_before
        )

    def _paste(self, news: News, now: float) -> list[Effect]:
        text = news.text.encode()
        if self._screen.takes_pastes:
            text = _PASTE_BEGIN + text + _PASTE_END
        self._stage, self._typed_at = "pasted", now
        self._told = news.cursor
        self._attempts += 1
        return [Type(text)]

    def _submit(self, now: float) -> list[Effect]:
        if self._keys.last >= self._typed_at:
            return self._give_up("the person began to type beside it")
        first = self._attempts == 1
        self._stage, self._typed_at = "typed", now
        return [Type(b"\r"), *([Note(self._told, "typed")] if first else [])]

    def _give_up(self, why: str) -> list[Effect]:
        cursor = self._told if self._news is None else self._news.cursor
        note = Note(cursor, "gave_up", why)
        self._rest()
        return [note]

    def _rest(self) -> None:
        self._news, self._stage = None, "idle"
