"""One-for-one supervision: a failed actor goes on with its state, but not for ever.

The mailbox belongs to the supervisor, so an address stays good across
restarts; only the envelope that made the actor fail is lost, and its caller
is told. The rules change nothing before they have checked everything, so the
state is sound when a verb has raised.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import anyio
from anyio.abc import TaskGroup

logger = logging.getLogger(__name__)

E = TypeVar("E")


class Mailbox(Generic[E]):
    """The envelopes in front of one actor, in order of arrival.

    It has no bound of its own: what is in it is bounded by the calls that
    clients have open, and the pump must never wait for one actor.
    """

    def __init__(self) -> None:
        self._envelopes: deque[E] = deque()
        self._arrived = anyio.Event()

    def __len__(self) -> int:
        return len(self._envelopes)

    def put(self, envelope: E) -> None:
        """Add an envelope; never waits."""
        self._envelopes.append(envelope)
        self._arrived.set()

    async def next(self, deadline: float | None) -> E | None:
        """Return the oldest envelope; None when ``deadline`` (monotonic) came first."""
        if not self._envelopes:
            self._arrived = anyio.Event()
            limit = float("inf") if deadline is None else deadline
            with anyio.CancelScope(deadline=limit):
                await self._arrived.wait()
        return self._envelopes.popleft() if self._envelopes else None


class Actor(Protocol[E]):
    """What a supervisor needs to know of an actor."""

    async def run(self, mailbox: Mailbox[E]) -> None:
        """Serve the mailbox. It may be called again after it has raised."""
        ...

    def failed(self, error: Exception) -> None:
        """``run`` has raised: tell whoever waits for the envelope in hand."""
        ...


class TooManyRestarts(Exception):
    """An actor kept failing: the fault is not in one message."""


class Supervisor(Generic[E]):
    """Keeps actors alive, each under its own name, inside one task group."""

    def __init__(
        self,
        tasks: TaskGroup,
        *,
        intensity: int = 3,
        period: float = 5.0,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._tasks = tasks
        self._intensity = intensity
        self._period = period
        self._clock = clock
        self._mailboxes: dict[str, Mailbox[E]] = {}

    def mailbox(self, name: str, make: Callable[[], Actor[E]]) -> Mailbox[E]:
        """Return where to put envelopes for ``name``, starting the actor if there is none."""
        if name not in self._mailboxes:
            self._mailboxes[name] = Mailbox()
            self._tasks.start_soon(self._keep, name, make(), name=name)
        return self._mailboxes[name]

    async def _keep(self, name: str, actor: Actor[E]) -> None:
        failures: deque[float] = deque(maxlen=self._intensity)
        while True:
            try:
                return await actor.run(self._mailboxes[name])
            except Exception as error:
                logger.exception("actor %s failed", name)
                actor.failed(error)
                now = self._clock()
                if len(failures) == self._intensity and now - failures[0] < self._period:
                    raise TooManyRestarts(name) from error
                failures.append(now)
