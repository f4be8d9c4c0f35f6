"""Who runs inside whose turn, and who would wait for ever. Pure.

A task may ask for tasks. One for a queue that it or an ancestor holds runs at
once inside that turn. One for another queue waits there while its ancestors
keep their slots; if those it would wait for are waiting, directly or not, for
one of these slots, nobody could ever go on, and the request is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..transport.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Turn:
    """An open task: its queue, and the task it was asked from."""

    task_id: int
    queue_name: str
    parent: int | None


class Turns:
    """Every open task of the broker, and how they hang together."""

    def __init__(self, epoch: str) -> None:
        self._epoch = epoch
        self._open: dict[int, Turn] = {}
        self._adopted: dict[str, int] = {}

    def join(self, task_id: int, queue_name: str, parent: int | None) -> None:
        """A task was accepted."""
        self._open[task_id] = Turn(task_id, queue_name, parent)

    def rejoin(self, task_id: int, queue_name: str, parent: int | None) -> None:
        """A task of an earlier broker life is back; who asked for it may have ended with that."""
        self.join(task_id, queue_name, parent if parent in self._open else None)

    def adopt(self, task_id: int, cookie: str) -> None:
        """An open task has its cookie from an earlier broker life."""
        self._adopted[cookie] = task_id

    def leave(self, task_id: int) -> None:
        """A task has ended."""
        self._open.pop(task_id, None)

    def cookie(self, task_id: int) -> str:
        """Return the value of ``SIGNALPOST_TASK`` inside a task."""
        return f"{task_id}:{self._epoch}"

    def parent_of(self, cookie: str) -> int | None:
        """Return the open task a cookie names; None when it is of another broker life."""
        number, _, epoch = cookie.partition(":")
        task_id = self._adopted.get(cookie)
        if task_id is None and epoch == self._epoch and number.isdecimal():
            task_id = int(number)
        return task_id if task_id in self._open else None

    def holder(self, parent: int | None, queue_name: str) -> int | None:
        """Return the nearest of ``parent`` and its ancestors that is a task of ``queue_name``."""
        found = (t.task_id for t in self._ancestry(parent) if t.queue_name == queue_name)
        return next(found, None)

    def queue_of(self, task_id: int) -> str | None:
        """Return the queue of an open task."""
        turn = self._open.get(task_id)
        return turn.queue_name if turn is not None else None

    def open_ids(self) -> list[int]:
        """Return the ids of all open tasks."""
        return list(self._open)

    def children(self, task_id: int) -> list[Turn]:
        """Return the open tasks that ``task_id`` asked for."""
        return [t for t in self._open.values() if t.parent == task_id]

    def check(self, parent: int | None, queue_name: str) -> None:
        """Refuse a request from inside ``parent`` that could never get its turn.

        :raises BadRequest: the cycle, queue by queue
        """
        held = {turn.queue_name for turn in self._ancestry(parent)}
        chain = self._path(queue_name, held, [queue_name])
        if chain:
            first = next(iter(self._ancestry(parent)))
            raise BadRequest(
                f"task {first.task_id} (queue {first.queue_name}) would wait for ever: "
                + " waits for ".join([first.queue_name, *chain])
                + ". Run the inner command directly, or in the queue it is already in."
            )

    def _ancestry(self, task_id: int | None) -> Iterator[Turn]:
        while task_id is not None:
            turn = self._open.get(task_id)
            if turn is None:
                return
            yield turn
            task_id = turn.parent

    def _path(self, queue_name: str, goals: set[str], walked: list[str]) -> list[str]:
        """Return the queues from ``queue_name`` to one of ``goals``, along who waits for whom."""
        for following in sorted(self._waits_of(queue_name)):
            if following in goals:
                return [*walked, following]
            if following not in walked:
                found = self._path(following, goals, [*walked, following])
                if found:
                    return found
        return []

    def _waits_of(self, queue_name: str) -> set[str]:
        """Return the queues in which tasks wait or run that were asked for from inside this one."""
        return {
            turn.queue_name
            for turn in self._open.values()
            if turn.queue_name != queue_name
            and any(a.queue_name == queue_name for a in self._ancestry(turn.parent))
        }
