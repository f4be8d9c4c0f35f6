"""``signalpost pty``: a program in a terminal of its own, and notices typed into it when mail waits.

    person's terminal <──> Flow <──> the program's terminal <── notices ── Typist
                             │                                    ^
                             └─ Keys, Screen: is it calm? ────────┤
    broker ── await_bell: one open request ── news ───────────────┘

Every byte passes as it is, both ways. Nothing is ever written on the person's screen.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from math import inf
from typing import Protocol

import anyio
import anyio.lowlevel

from . import exit_codes
from .flow import Flow
from .inner import Ended, Inner
from .keys import Keys
from .screen import Screen
from .terminal import ENDING, Terminal
from .transport.bell import Doorstep
from .transport.errors import SignalpostError
from .transport.letters import RingOutcome, Way
from .typist import Effect, Look, Manners, News, Note, Type, Typist

logger = logging.getLogger(__name__)

_FORWARDED = (*ENDING, signal.SIGTSTP)
_OF_SIZE = (signal.SIGWINCH, signal.SIGCONT)
_PAUSES = (1.0, 5.0, 20.0, 60.0)
"""Before the broker is asked again after it could not be reached."""
_END_OF_INPUT = b"\x04\x04"
"""One would only send a line that is not ended; a pipe stays at its end as well."""
_FAREWELL_SECONDS = 0.5


class Bell(Protocol):
    """What is asked of the broker; a client has it."""

    async def await_bell(self, agent: str, *, way: Way, after: int) -> Doorstep:
        """Return when the bell rings."""
        ...

    async def look_at_bell(self, agent: str) -> Doorstep:
        """Return what waits."""
        ...

    async def note_ring(
        self, agent: str, cursor: int, way: Way, outcome: RingOutcome, detail: str
    ) -> None:
        """Say what became of a ring."""
        ...


Reach = Callable[[], AbstractAsyncContextManager[Bell]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Who is told what, and how."""

    agent: str
    notice: str
    """What is typed; ``{agent}`` and ``{count}`` stand for the name and "2 unread messages"."""
    manners: Manners
    dialogs: tuple[str, ...]

    def text(self, agent: str, unread: int) -> str:
        """Return what is typed when so many messages wait."""
        count = f"{unread} unread message{'s' * (unread != 1)}"
        return self.notice.replace("{agent}", agent).replace("{count}", count)


class PtySession:
    """One program from its start to its end."""

    def __init__(self, inner: Inner, terminal: Terminal, wishes: Wishes, reach: Reach) -> None:
        self._inner = inner
        self._terminal = terminal
        self._wishes = wishes
        self._reach = reach
        self._keys = Keys()
        self._screen = Screen(wishes.dialogs)
        self._typist = Typist(self._keys, self._screen, wishes.manners)
        self._looks: list[Look] = []
        self._notes: list[Note] = []
        self._unread, self._cursor = 0, 0
        """When the bell rang last."""
        self._stir = anyio.Event()
        self._errand = anyio.Event()
        self._inward: Flow
        self._outward: Flow

    async def run(self) -> int:
        """Return the program's exit code, once it has ended and all it wrote is shown."""
        self._inward = Flow(
            self._terminal.reading, self._inner.terminal, self._heard, self._input_ended
        )
        self._outward = Flow(
            self._inner.terminal, self._terminal.writing, self._showed, lambda: None
        )
        code = exit_codes.WRONG
        with (  # in this order: nothing may end us while the terminal is raw
            anyio.open_signal_receiver(*_FORWARDED) as forwarded,
            anyio.open_signal_receiver(*_OF_SIZE) as of_size,
            self._terminal.raw(),
        ):
            self._inward.open()
            self._outward.open()
            async with anyio.create_task_group() as beside:
                beside.start_soon(self._type)
                beside.start_soon(self._listen)
                beside.start_soon(self._pass_on, forwarded)
                beside.start_soon(self._keep_size, of_size)
                try:
                    code = await self._until_ended()
                finally:
                    beside.cancel_scope.cancel()
                    await self._show_the_rest()
            return code

    async def _show_the_rest(self) -> None:
        self._inward.close()
        self._outward.rest()
        with anyio.move_on_after(_FAREWELL_SECONDS, shield=True):
            await self._outward.drained()
        self._outward.close()

    # ------------------------------------------------------------ the program

    async def _until_ended(self) -> int:
        while True:
            await anyio.wait_readable(self._inner.reports)
            change = self._inner.changed()
            if isinstance(change, Ended):
                return change.code
            if change is not None:
                self._stop_too(change)

    def _stop_too(self, number: int) -> None:
        """The program was suspended: give the terminal back, stop, and go on with it."""
        self._outward.rest()
        self._terminal.stop(number)
        self._inner.resize(self._terminal.size())
        self._inner.signal(signal.SIGCONT)

    async def _pass_on(self, signals: AsyncIterator[signal.Signals]) -> None:
        async for number in signals:
            if number in ENDING:
                self._terminal.ends()
            self._inner.signal(number)

    async def _keep_size(self, signals: AsyncIterator[signal.Signals]) -> None:
        async for number in signals:
            if number == signal.SIGCONT:
                # A shell that kills a suspended job lets it go on, too: the other signal is heard first.
                await anyio.lowlevel.checkpoint()
                self._terminal.take()
            self._inner.resize(self._terminal.size())
            if number == signal.SIGCONT:
                self._inner.signal(number)

    def _input_ended(self) -> None:
        if not self._terminal.is_terminal:
            self._inward.put(_END_OF_INPUT)
            return
        # The person's terminal is gone; the program would wait for ever at one of its own.
        self._inward.close()
        self._outward.close()
        self._inner.hang_up()

    # ------------------------------------------------------------ what passes

    def _heard(self, data: bytes) -> None:
        if not self._terminal.is_raw:
            # A shell tells a job of its turn only where it takes it for suspended.
            self._terminal.take()
        if self._keys.heard(data, anyio.current_time()):
            self._screen.struck()
            self._stir.set()

    def _showed(self, data: bytes) -> None:
        self._screen.showed(data, anyio.current_time())
        self._stir.set()

    # ------------------------------------------------------------ notices

    async def _type(self) -> None:
        """Do what the typist says, when it is due."""
        while True:
            deadline = self._typist.deadline()
            with anyio.CancelScope(deadline=deadline):
                await self._stir.wait()
            self._stir = anyio.Event()
            if self._typist.stage == "idle" and deadline == inf:
                continue
            self._follow(self._typist.advance(anyio.current_time()))

    def _follow(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Type(data):
                    self._inward.put(data)
                case Look():
                    self._looks.append(effect)
                    self._errand.set()
                case Note():
                    self._notes.append(effect)
                    self._errand.set()

    async def _listen(self) -> None:
        """Wait for the bell, at whatever broker serves, for as long as the program runs."""
        failures = 0
        while True:
            try:
                async with self._reach() as bell, anyio.create_task_group() as tasks:
                    tasks.start_soon(self._run_errands, bell)
                    while True:
                        await self._hear(bell)
                        failures = 0
            except* (SignalpostError, OSError) as group:
                logger.warning("no broker to listen to: %s", group.exceptions[0])
            await anyio.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
            failures += 1

    async def _hear(self, bell: Bell) -> None:
        # What was given up here may be told another way, but not here again.
        step = await bell.await_bell(self._wishes.agent, way="pty", after=self._cursor)
        if step.news:
            moved = step.held > 0 or step.unread <= self._unread
            self._unread, self._cursor = step.unread, step.cursor
            news = News(step.cursor, self._wishes.text(step.agent, step.unread))
            self._follow(self._typist.rang(news, anyio.current_time(), moved=moved))
            self._stir.set()

    async def _run_errands(self, bell: Bell) -> None:
        """Look, and tell, as the typist wants; what could not be said is said to the next broker."""
        while True:
            while self._notes:
                note = self._notes[0]
                await bell.note_ring(
                    self._wishes.agent, note.cursor, "pty", note.outcome, note.detail
                )
                self._notes.pop(0)
            while self._looks:
                await self._look(bell)
                self._looks.pop(0)
            if not (self._notes or self._looks):
                await self._errand.wait()
                self._errand = anyio.Event()

    async def _look(self, bell: Bell) -> None:
        step = await bell.look_at_bell(self._wishes.agent)
        now = anyio.current_time()
        moved = step.held > 0 or step.unread < self._unread
        self._follow(self._typist.looked(moved=moved, unread=step.unread, now=now))
        self._stir.set()
