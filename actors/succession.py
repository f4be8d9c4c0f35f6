"""When the next task of a queue may begin by itself, as soon as the one before it is dead.

    the actor rests ──offer──> offered ──withdraw──> the actor acts
                                  ├── has begun: that is the first thing it hears
                                  └── settle: the death is what it hears

Only while the actor rests: nothing is asked of the queue then that might change
whose turn is next. Whatever comes, the right is taken back before it is looked
at; it then comes before the begin of the task or after it, never at once. Only
where it is the death itself it is left: two ways to one end, and the shorter is
the faster.
"""

from __future__ import annotations

from collections.abc import Callable

from .attendant import Attendant
from .queue import Queue
from .services import Handover, Runner


class Succession:
    """Of one queue. ``on_begun`` gets the number of the task that made room by its death."""

    def __init__(
        self, queue: Queue, attendant: Attendant, runner: Runner, on_begun: Callable[[int], None]
    ) -> None:
        self._queue = queue
        self._attendant = attendant
        self._runner = runner
        self._on_begun = on_begun
        self._pair: tuple[int, int] | None = None
        self._handover: Handover | None = None
        self._offered = False

    def offer(self) -> None:
        """Let the next task begin by itself, if there is no doubt that it is the next."""
        if self._offered:
            return
        self._prepare(self._find())
        if self._handover is not None:
            self._handover.offer()
            self._offered = True

    def withdraw(self) -> int | None:
        """Let nobody begin by himself; return who is dead, and made room for one that has begun."""
        if self._pair is None or self._handover is None or not self._offered:
            return None
        self._offered = False
        if self._handover.withdraw():
            return None
        holder, _ = self._pair
        self._prepare(None)
        return holder

    def settle(self, dead: int) -> bool:
        """It is dead. Tell whether its successor begins now, which nothing may come before."""
        if self._pair is None or self._handover is None or not self._offered:
            return False
        if self._pair[0] != dead:
            return False
        self._offered = False
        self._handover.leave()
        self._prepare(None)
        return True

    def _find(self) -> tuple[int, int] | None:
        running, upcoming = self._queue.running(), self._queue.upcoming()
        # With more slots it would have to be told whose death it was, and nested tasks
        # keep the slot of the one they are in.
        if self._queue.width != 1 or len(running) != 1 or running[0].inside is not None:
            return None
        if upcoming is None or not self._attendant.may_begin(upcoming):
            return None
        return running[0].id, upcoming.id

    def _prepare(self, pair: tuple[int, int] | None) -> None:
        if pair == self._pair:
            return
        if self._handover is not None:
            self._handover.close()
        self._pair, self._handover = None, None
        if pair is not None:
            self._handover = self._runner.handover(*pair, lambda: self._on_begun(pair[0]))
            self._pair = pair if self._handover is not None else None
