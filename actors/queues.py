"""All queues of a broker: which actor serves which name, made on first use."""

from __future__ import annotations

from collections.abc import Callable

from anyio.abc import TaskGroup

from ..transport import messages
from .envelope import Adopt, CancelWaiting, EndAll, EndChildren, Envelope, GiveUp, Leave, Restore
from .queue import Queue
from .queue_actor import QueueActor
from .services import Services
from .supervisor import Mailbox, Supervisor
from .task import Task


class Queues:
    """Puts envelopes into the mailboxes of queues, and looks at what the queues hold."""

    def __init__(self, services: Services, ids: Callable[[], int], tasks: TaskGroup) -> None:
        self._services = services
        self._ids = ids
        self._tasks = tasks
        self._supervisor: Supervisor[Envelope] = Supervisor(tasks)
        self._actors: dict[str, QueueActor] = {}
        self._mailboxes: dict[str, Mailbox[Envelope]] = {}
        self._where: dict[bytes, str] = {}

    # ------------------------------------------------------------ telling them

    def put(self, name: str, envelope: Envelope, correlation: bytes) -> None:
        """Give a request to the queue ``name``; its call is open until :meth:`answered`."""
        mailbox = self._mailbox(name)
        self._where[correlation] = name
        mailbox.put(envelope)

    def answered(self, correlation: bytes) -> None:
        """The call was answered."""
        self._where.pop(correlation, None)

    def give_up(self, correlation: bytes) -> None:
        """Cancel an open call; one that was answered already is left alone."""
        name = self._where.pop(correlation, None)
        if name is not None:
            self._mailboxes[name].put(GiveUp(correlation))

    def leave(self, session: bytes) -> None:
        """A session is gone."""
        for mailbox in self._mailboxes.values():
            mailbox.put(Leave(session))

    def restore(self, task: Task) -> None:
        """Put back a task that waited when an earlier broker died."""
        self._services.turns.rejoin(task.id, task.queue_name, task.parent)
        self._mailbox(task.queue_name).put(Restore(task))

    def adopt(self, task: Task, cookie: str) -> None:
        """Put back a task that still runs."""
        self._services.turns.rejoin(task.id, task.queue_name, task.parent)
        self._services.turns.adopt(task.id, cookie)
        self._mailbox(task.queue_name).put(Adopt(task))

    def end_waiting(self, by: str) -> None:
        """Cancel everything that waits."""
        for mailbox in self._mailboxes.values():
            mailbox.put(CancelWaiting(by))

    def end_all(self, by: str) -> None:
        """Cancel everything that is open."""
        for mailbox in self._mailboxes.values():
            mailbox.put(EndAll(by))

    def end_children(self, parent: int) -> None:
        """A task has ended: so must those it asked for."""
        for turn in self._services.turns.children(parent):
            self._mailboxes[turn.queue_name].put(EndChildren(parent))

    # ------------------------------------------------------------ looking at them

    def __contains__(self, name: str) -> bool:
        return name in self._actors

    def open_tasks(self) -> list[Task]:
        """Return every open task."""
        return [t for actor in self._actors.values() for t in actor.queue.open_tasks()]

    def awaits(self, correlation: bytes) -> bool:
        """Tell whether an open task has this call."""
        return any(correlation in task.calls for task in self.open_tasks())

    def lacks(self, request_id: bytes) -> bool:
        """Tell whether the task of this request waits for its caller to come back."""
        return any(t.request_id == request_id and not t.request for t in self.open_tasks())

    def find(self, task_id: int) -> Task | None:
        """Return an open task."""
        name = self._services.turns.queue_of(task_id)
        return self._actors[name].queue.find(task_id) if name is not None else None

    def states(self) -> list[messages.QueueState]:
        """Return the queues that are in use, and those with a width of their own."""
        configured = self._services.settings.queues
        names = sorted({*self._actors, *configured})
        return [self._state(n) for n in names if n in configured or self._is_used(n)]

    def _is_used(self, name: str) -> bool:
        return bool(self._actors[name].queue.open_tasks())

    def _state(self, name: str) -> messages.QueueState:
        now = self._services.clock()
        queue = self._actor(name).queue
        return messages.QueueState(
            queue_name=name,
            width=queue.width,
            running=[queue.report(t, now) for t in queue.running()],
            waiting=[queue.report(t, now) for t in queue.waiting()],
        )

    def _mailbox(self, name: str) -> Mailbox[Envelope]:
        self._actor(name)
        return self._mailboxes[name]

    def _actor(self, name: str) -> QueueActor:
        if name not in self._actors:
            queue = Queue(name, self._services.settings.width(name), self._ids)
            actor = self._actors[name] = QueueActor(queue, self._services, self._tasks)
            self._mailboxes[name] = self._supervisor.mailbox(f"queue:{name}", lambda: actor)
        return self._actors[name]
