"""The tasks that an earlier broker life left: settled, put back, or told to whom they belong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import recovery
from .archive import Archive
from .events import finished_event
from .history import row_of
from .moment import Moment
from .recovery import Settled
from .revival import revive
from .services import Events
from .store import SqliteStore
from .task import Task
from .task_mail import TaskMail

REMEMBERED = 5000
"""So many ended tasks of earlier lives answer a request that is sent again."""


class Resumption:
    """Takes up what is in the store, before the first request is served."""

    def __init__(
        self,
        *,
        store: SqliteStore,
        archive: Archive,
        task_mail: TaskMail,
        events: Events,
        clock: Callable[[], Moment],
        output_path: Callable[[int], str],
        run_dir: Path,
    ) -> None:
        self._store = store
        self._archive = archive
        self._task_mail = task_mail
        self._events = events
        self._clock = clock
        self._output_path = output_path
        self._run_dir = run_dir

    async def run(
        self,
        restore: Callable[[Task], None],
        adopt: Callable[[Task, str], None],
        settled: Settled,
    ) -> set[int]:
        """Put back what waited or goes on, settle what has ended, and forget its records.

        Return the tasks that go on although the store does not know them as open.

        :param restore: puts a task back into its queue
        :param adopt: puts a task back into its slot; gets its cookie too
        :param settled: what became of started tasks, as far as their records tell
        """
        await self._post_untaken()
        outcomes, living = settled
        unknown = set(living)
        for row in await self._store.open_tasks():
            record = living.get(row.id)
            task = revive(
                row, outcomes.get(row.id), self._output_path(row.id), self._clock(), record
            )
            unknown.discard(row.id)
            if record is not None:
                adopt(task, record.cookie)
            elif task.is_open:
                restore(task)
            else:
                self._settle(task)
        await self._store.committed()
        for row in await self._store.recent(REMEMBERED):
            if not row.is_open:
                self._archive.recover(row)
        for task_id in outcomes:
            recovery.forget(self._run_dir, task_id)
        return unknown

    def _settle(self, task: Task) -> None:
        self._store.put(row_of(task))
        name, fields = finished_event(task)
        self._events.write(name, **fields)
        self._archive.finished(task)
        self._task_mail.ended(task)

    async def _post_untaken(self) -> None:
        """Post the results that nobody took before the earlier life ended."""
        posted = set(await self._store.mail.task_ids())
        for row in await self._store.undelivered():
            if row.agent_id and row.id not in posted:
                self._task_mail.left(row.agent_id, self._archive.look_back(row))
