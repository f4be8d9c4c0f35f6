"""What is known of tasks that are not open any more: in memory, in the store, in their logs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import anyio.to_thread
from msgspec.structs import replace

from ..transport import messages
from ..transport.errors import BadRequest
from .history import report_of, row_of
from .moment import Moment
from .output import Output
from .row import TaskRow
from .store import SqliteStore
from .task import Call, Task

RECENT = 200
TAIL_BYTES = 32 * 1024
_NO_ID = 2**63
"""SQLite has no greater numbers."""


class Archive:
    """Answers for ended tasks, those of earlier broker lives among them."""

    def __init__(
        self,
        store: SqliteStore,
        output: Output,
        clock: Callable[[], Moment],
        gone: Callable[[], bool],
        delivered: Callable[[int, int], None],
    ) -> None:
        self._store = store
        self._output = output
        self._clock = clock
        self._gone = gone
        self._delivered = delivered
        self._recent: OrderedDict[int, Task] = OrderedDict()
        self._recovered: dict[bytes, TaskRow] = {}

    def look(self) -> bool:
        """Tell whether what we keep here is lost, since our files were removed."""
        return self._gone()

    def recover(self, row: TaskRow) -> None:
        """Remember a task that ended in an earlier life, for a caller that asks again for it."""
        self._recovered[row.request_id] = row

    def recovered(self, request_id: bytes) -> messages.TaskReport | None:
        """Return the result of a request that an earlier life has served, if it did.

        It counts as delivered: who sends the request again is who waits for it.
        """
        row = self._recovered.get(request_id)
        if row is None:
            return None
        self._note_delivery(row)
        return self.look_back(row)

    def look_back(self, row: TaskRow) -> messages.TaskReport:
        """Return a stored task with the end of its output, which is read from its log."""
        tail = self._output.tail(row.id, TAIL_BYTES)
        return report_of(row, str(self._output.path(row.id)), tail)

    def finished(self, task: Task) -> None:
        """Keep a task that has just ended at hand, an adopted one for its caller too."""
        self._recent[task.id] = task
        if task.adopted:
            self.recover(row_of(task))
        while len(self._recent) > RECENT:
            self._recent.popitem(last=False)

    async def report(self, task_id: int, call: Call) -> messages.TaskReport:
        """Return an ended task to a call that asks for it, with the end of its output.

        :raises BadRequest: there is no such task
        """
        task = self._recent.get(task_id)
        row = row_of(task) if task is not None else await self._stored(task_id)
        if row is None:
            raise BadRequest(
                f"there is no task {task_id}. See the newest: signalpost list, or get_queue_status."
            )
        if call.brings_home(row.principal, row.agent_id):
            self._note_delivery(row)
        if task is not None:
            return task.report(self._clock())
        return await anyio.to_thread.run_sync(self.look_back, row)

    async def newest_ended(self, limit: int) -> list[messages.TaskReport]:
        """Return the newest ended tasks, newest first, without their output.

        What is not on disk yet is at hand here: a full disk does not hinder looking.
        """
        rows = {row.id: row for row in await self._store.recent(limit)}
        rows.update((task.id, row_of(task)) for task in self._recent.values())
        ended = sorted((r for r in rows.values() if not r.is_open), key=lambda r: -r.id)
        return [report_of(row, str(self._output.path(row.id))) for row in ended[:limit]]

    async def clear_logs(self, principal: str | None) -> int:
        """Delete the logs of ended tasks of one principal, or of everyone (None)."""
        ids: list[int] = []
        for task_id in self._output.ids():
            row = await self._row(task_id)
            if row is not None and not row.is_open and principal in (None, row.principal):
                ids.append(task_id)
        return await anyio.to_thread.run_sync(self._output.delete, ids)

    async def _row(self, task_id: int) -> TaskRow | None:
        task = self._recent.get(task_id)
        return row_of(task) if task is not None else await self._stored(task_id)

    async def _stored(self, task_id: int) -> TaskRow | None:
        return await self._store.task(task_id) if 0 < task_id < _NO_ID else None

    def _note_delivery(self, row: TaskRow) -> None:
        """The owner gets the result: it is not posted, and is done if it was."""
        if (task := self._recent.get(row.id)) is not None:
            task.delivered = True
        if not row.delivered:
            self._store.put(replace(row, delivered=True))
        self._delivered(row.agent_id, row.id)
