"""The broker: takes messages off the socket, knows who speaks, and has them served."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from anyio.abc import TaskGroup

from ..transport import bell, frames, housekeeping, mail, messages
from ..transport.errors import InternalFault, ProtocolMismatch, SignalpostError
from ..transport.safe_text import one_line
from ..transport.session import Session
from ..transport.sockets import Message
from ..transport.version import software
from .archive import Archive
from .deferred import refusal, stopping
from .desk import Desk, Endings
from .post import Post
from .queues import Queues
from .reception import Reception
from .services import Services
from .task import Call, Task

logger = logging.getLogger(__name__)

_DETAIL = 300
"""Characters of what is said of a malformed message: some of it is its own."""


class Broker:
    """Routes each request of each session. Give it :meth:`handle` of every message."""

    def __init__(
        self,
        *,
        reception: Reception,
        archive: Archive,
        ids: Callable[[], int],
        info: Callable[[], housekeeping.Info],
        ending: Endings,
        tasks: TaskGroup,
        pid: int,
    ) -> None:
        self._reception = reception
        self._archive = archive
        self._ids = ids
        self._info = info
        self._ending = ending
        self._tasks = tasks
        self._pid = pid
        self._decoder = frames.request_decoder()
        self._settings: dict[str, str] = {}
        self._queues: Queues
        self._desk: Desk
        self._post: Post

    def equip(self, services: Services, post: Post) -> None:
        """Give the actors what they work with; before the first message."""
        self._settings = services.settings.words()
        self._post = post
        self._queues = Queues(services, self._ids, self._tasks)
        self._desk = Desk(
            services=services,
            reception=self._reception,
            archive=self._archive,
            queues=self._queues,
            post=post,
            info=self._info,
            ending=self._ending,
            tasks=self._tasks,
        )

    # ------------------------------------------------------------ messages

    def handle(self, message: Message) -> None:
        """Serve one message, whatever it is. Never raises, never waits."""
        try:
            authority, correlation = frames.check(message.frames)
            request = self._decoder.decode(message.frames[1])
        except ProtocolMismatch as error:
            self._misunderstood(message, error)
            return
        if isinstance(request, messages.Hello):
            self._hello(message, authority, correlation, request)
            return
        session = self._reception.hear(message, authority)
        if session is None:
            self._reception.send_to(message.identity, correlation, messages.Rehello())
            return
        self._serve(session, correlation, request)

    def _misunderstood(self, message: Message, error: ProtocolMismatch) -> None:
        logger.warning("malformed message: %s", one_line(str(error), _DETAIL))
        if not message.frames or len(message.frames[0]) != frames.HEADER_BYTES:
            return
        head = message.frames[0]
        failed = messages.Failed(code=error.code, detail=str(error))
        self._reception.send_to(message.identity, frames.correlation_of(head), failed)
        newer = head[:2] == frames.VERSION[:2] and frames.major_of(head) > frames.VERSION
        if newer and not self._queues.open_tasks():
            self._ending.fold("a newer Signalpost wants to serve")

    def _hello(
        self, message: Message, token: bytes, correlation: bytes, hello: messages.Hello
    ) -> None:
        if self._desk.draining and not self._queues.open_tasks():
            self._reception.send_to(message.identity, correlation, refusal(stopping()))
            return
        session = self._reception.welcome(message, token, hello)
        if session is not None:
            self._reception.send(session, correlation, self._admit(session))

    def _admit(self, session: Session) -> messages.Welcome | messages.Failed:
        try:
            self._post.membership.arrive(session)
        except SignalpostError as error:
            self._reception.close(session)
            return refusal(error)
        return messages.Welcome(
            session=session.token,
            minor=messages.MINOR,
            software=software(),
            pid=self._pid,
            settings=self._settings,
            heartbeat_seconds=self._reception.heartbeat_seconds(),
            max_request_bytes=frames.MAX_PAYLOAD,
            agent=session.agent,
        )

    def _serve(self, session: Session, correlation: bytes, request: messages.Request) -> None:
        try:
            if session.is_door:
                self._post.doorman.check(request)
            if isinstance(request, mail.REQUESTS):
                reply = self._post.act(session, correlation, request)
            elif isinstance(request, bell.REQUESTS):
                reply = self._post.doorman.act(session, correlation, request)
            else:
                reply = self._desk.act(session, correlation, request)
        except SignalpostError as error:
            reply = refusal(error)
            # A frame that holds the error it has raised would keep the request until garbage
            # is looked for, which is seldom.
            error.__traceback__ = None
        except Exception as error:
            logger.exception("request failed")
            reply = refusal(InternalFault(f"{type(error).__name__}; see the broker's log."))
        if reply is not None:
            self._reception.answer(session.token, correlation, reply)

    # ------------------------------------------------------------ for the actors

    def answer_ended(self, task_id: int, call: Call) -> None:
        """Answer a call that asks for a task which is not open."""
        self._desk.answer_ended(task_id, call)

    def reply(
        self, token: bytes, correlation: bytes, message: messages.Reply | messages.Push
    ) -> bool:
        """Send to a session; False when it is not connected."""
        return self._desk.reply(token, correlation, message)

    def finished(self, task: Task) -> None:
        """A task has ended: so must those it asked for."""
        self._archive.finished(task)
        self._queues.end_children(task.id)

    def later(self, work: Callable[[int], Coroutine[Any, Any, None]], task_id: int) -> None:
        """Start work that belongs to no request."""
        self._tasks.start_soon(work, task_id)

    def restore(self, task: Task) -> None:
        """Put back a task that waited when an earlier broker died."""
        self._queues.restore(task)

    def adopt(self, task: Task, cookie: str) -> None:
        """Put back a task that still runs although the broker that started it died."""
        self._queues.adopt(task, cookie)

    def push(self, session: Session, message: mail.Push) -> None:
        """Tell a session something that it did not ask for."""
        self._reception.send(session, frames.NO_CORRELATION, message)

    def session_gone(self, session: Session) -> None:
        """Tell every queue, and the session's inbox, that a session is gone."""
        self._queues.leave(session.token)
        self._post.membership.depart(session, died=not session.left)
        self._post.doorman.leave(session)

    def drain(self) -> None:
        """Take no new task and no new session."""
        self._desk.draining = True

    def end_waiting(self, by: str) -> None:
        """Cancel everything that waits."""
        self._queues.end_waiting(by)

    def end_all(self, by: str) -> None:
        """Cancel everything that is open."""
        self._queues.end_all(by)

    def open_tasks(self) -> list[Task]:
        """Return every open task."""
        return self._queues.open_tasks()
