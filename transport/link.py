"""One client's connection, kept up for as long as somebody waits for an answer.

    IDLE ── a request ──> DIALLING ── welcome ──> READY ── bye ──> IDLE
      ^                      │   ^                  │
      │ nobody waits         │   └── broker died ───┤ rehello: say hello again,
      └──────────────────────┘       or fell silent │ resend what is unanswered
                                     or rehello ────┘

A request is sent again under its old correlation until it is answered, so it
takes effect once. Nothing waits for ever: a broker that cannot be reached or
does not answer ends every open request with a typed error.

Mail is under a lease as soon as it is sent to us. So an answer with mail that
comes too late for its call is followed by a ``cancel_call``, always.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import anyio

from . import endpoint, frames, mail, messages
from .beats import Beats
from .calls import Call, Calls, Fresh, Listener, Progress, leases_in
from .errors import (
    BrokerUnavailable,
    DeadlineExceeded,
    ProtocolMismatch,
    ShuttingDown,
    SignalpostError,
    from_code,
)
from .introduction import Introduction
from .reach import Line, Reach

HELLO_SECONDS = 20.0
FIRST_BEAT_SECONDS = 10.0
"""Before the broker has said how often: one whose hello was lost answers it by asking for one."""
SILENCE_SECONDS = 30.0
_BACKOFF = (0.0, 0.2, 1.0, 3.0)
_SETTLED_SECONDS = 5.0
_MAKE_ROOM_SECONDS = 5.0


class Link:
    """Sends requests, pairs the answers, reconnects. Run :meth:`run` in a task group."""

    def __init__(
        self,
        reach: Reach,
        hello: messages.Hello,
        *,
        start: bool = True,
        options: Sequence[str] = (),
        fresh: Fresh = os.urandom,
    ) -> None:
        self._reach = reach
        self.introduction = Introduction(hello, options)
        self._start = start
        self._decoder = frames.answer_decoder()
        self._calls = Calls(fresh)
        self._session = frames.NO_SESSION
        self._line: Line | None = None
        self._greeting: Call | None = None
        self._lost, self._died = anyio.Event(), anyio.Event()
        self._beats: Beats
        self._failure: SignalpostError | None = None
        self.welcome: messages.Welcome | None = None
        self.published: endpoint.Published | None = None

    # ------------------------------------------------------------ for the client

    async def ask(
        self,
        request: messages.Request,
        *,
        deadline: float | None = SILENCE_SECONDS,
        progress: Progress | None = None,
    ) -> messages.Reply:
        """Send ``request`` and return its answer.

        Cancelling the await gives the request up at the broker too.

        :param deadline: seconds until it is given up; None: no limit of its own
        :raises SignalpostError: what the broker refused it with, or why it could not be asked
        """
        call = self._open(self._calls.make(request, progress))
        try:
            with anyio.fail_after(deadline):
                await call.done.wait()
        except TimeoutError:
            self._give_up(call)
            raise DeadlineExceeded(
                f"no answer within {deadline:g} s; it may still take effect. Run: signalpost doctor"
            ) from None
        except anyio.get_cancelled_exc_class():
            self._give_up(call)
            raise
        return call.result()

    def post(self, request: messages.Request, listener: Listener) -> None:
        """Send ``request`` without waiting: ``listener`` gets the answer, or why there is none."""
        self._open(self._calls.make(request, listener=listener))

    async def bye(self) -> None:
        """End the session in an orderly way, if one is open."""
        if self._line is not None and self.welcome is not None:
            await self.ask(messages.Bye(), deadline=1.0)

    def _open(self, call: Call) -> Call:
        self._transmit(call)
        self._calls.keep(call)
        return call

    def _give_up(self, call: Call) -> None:
        if self._calls.take(call.correlation) is not None or leases_in(call.answer):
            self._cancel(call.correlation)

    def _cancel(self, correlation: bytes) -> None:
        """Tell the broker that nobody waits, or that nobody got the answer."""
        call = self._calls.make(messages.CancelCall(correlation=correlation))
        self._calls.keep(call)
        try:
            self._transmit(call)
        except BrokerUnavailable:
            self._lose(None)  # whoever gives up has no use for an error: try another connection

    def _transmit(self, call: Call) -> None:
        if self._line is not None and self.welcome is not None:
            self._line.send(frames.header(self._session, call.correlation), call.payload)

    # ------------------------------------------------------------ the connection

    async def run(self) -> None:
        """Serve requests until cancelled, dialling when there is one."""
        deaths = 0
        with self._calls.served():
            while True:
                await self._calls.wanted()
                began = anyio.current_time()
                error = await self._attempt()
                deaths = 0 if anyio.current_time() - began > _SETTLED_SECONDS else deaths + 1
                if error is None and deaths >= len(_BACKOFF):
                    error = BrokerUnavailable(
                        "the broker ends again and again right after its start."
                        f" See {self._reach.log()} or run: signalpost doctor"
                    )
                if error is not None:
                    self._calls.fail(error)
                    deaths = 0
                elif self.published is not None and self._reach.was_killed(self.published):
                    self._calls.keep_places()
                await anyio.sleep(_BACKOFF[deaths])

    async def _attempt(self) -> SignalpostError | None:
        """Connect and stay connected; return why that ended, None: the broker is gone."""
        try:
            return await self._connection()
        except SignalpostError as error:
            return error
        except ExceptionGroup as group:  # a send has failed on its way from inside
            if group.split(SignalpostError)[1] is not None:
                raise
            return BrokerUnavailable("the broker takes no more requests. Run: signalpost doctor")

    async def _connection(self) -> SignalpostError | None:
        """Dial, say hello, and stay until the broker is lost."""
        start = self._start and self._calls.any_lasting
        self.published = published = await self._reach.find(start=start)
        self._lost, self._died, self._failure = anyio.Event(), anyio.Event(), None
        with self._reach.connect(published) as line:
            watch = self._reach.watch(published, self._on_death)
            try:
                self._beats = Beats(self._send_beat, self._interval, SILENCE_SECONDS)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(line.serve, self._on_message)
                    self._line = line
                    self._say_hello()
                    tasks.start_soon(self._await_welcome, published)
                    tasks.start_soon(self._beat)
                    await self._lost.wait()
                    tasks.cancel_scope.cancel()
                return await self._verdict()
            finally:
                self._line = self.welcome = None
                if watch is not None:
                    watch.close()

    def _on_death(self) -> None:
        if self._line is not None:
            self._line.abandon()
        self._died.set()
        self._lose(None)

    def _lose(self, failure: SignalpostError | None) -> None:
        if not self._lost.is_set():
            self._failure = failure
            self._lost.set()

    async def _await_welcome(self, published: endpoint.Published) -> None:
        with anyio.move_on_after(HELLO_SECONDS):
            if (greeting := self._greeting) is not None:
                await greeting.done.wait()
            return
        if self.welcome is not None:  # to a hello that was said again
            return
        self._lose(
            BrokerUnavailable(
                f"the broker (pid {published.pid}) does not answer. Run: signalpost doctor"
            )
        )

    def _say_hello(self) -> None:
        if self._line is None:
            return
        self.welcome = None
        call = self._greeting = self._calls.make(self.introduction.hello)
        self._line.send(frames.header(self._session, call.correlation), call.payload)

    async def _beat(self) -> None:
        """Show life until the broker shows none."""
        await self._beats.run()
        self._lose(None)

    def _interval(self) -> float:
        return self.welcome.heartbeat_seconds if self.welcome else FIRST_BEAT_SECONDS

    def _send_beat(self, heartbeat: messages.Heartbeat) -> None:
        if self._line is not None:
            beat = self._calls.make(heartbeat)
            self._line.send(frames.header(self._session, beat.correlation), beat.payload)

    async def _verdict(self) -> SignalpostError | None:
        """A broker on its way out is waited for: an older one that is idle leaves for us."""
        if isinstance(self._failure, ProtocolMismatch | ShuttingDown):
            with anyio.move_on_after(_MAKE_ROOM_SECONDS):
                await self._died.wait()
                return None
        return self._failure

    # ------------------------------------------------------------ what comes in

    def _on_message(self, parts: list[bytes]) -> None:
        self._beats.heard()
        try:
            frames.check(parts)
            answer = self._decoder.decode(parts[1])
        except ProtocolMismatch as error:
            self._broken(error)
            return
        self._dispatch(frames.correlation_of(parts[0]), answer)

    def _broken(self, error: SignalpostError) -> None:
        version = self.published.version if self.published else "?"
        self._lose(
            ProtocolMismatch(
                f"the broker (version {version}) and this client do not understand each other:"
                f" {error}. Run `signalpost stop` when its tasks have ended, then try again."
            )
        )

    def _dispatch(self, correlation: bytes, answer: messages.Reply | messages.Push) -> None:
        match answer:
            case messages.Rehello():
                self._say_hello()
            case mail.Superseded(agent=agent):
                self.introduction.supersede(agent)
            case messages.TaskProgress():
                self._calls.tell(correlation, answer)
                self._beats.ride()
            case messages.Welcome():
                self._welcomed(correlation, answer)
            case messages.Failed(code=code, detail=detail):
                self._answered(correlation, from_code(code, detail))
            case _:
                self._answered(correlation, answer)

    def _welcomed(self, correlation: bytes, welcome: messages.Welcome) -> None:
        if (greeting := self._greeting) is None or greeting.correlation != correlation:
            return
        self.welcome = welcome
        self.introduction.welcomed(welcome, new=welcome.session != self._session)
        self._session = welcome.session
        greeting.finish(welcome)
        for call in self._calls.all():
            self._transmit(call)

    def _answered(self, correlation: bytes, answer: messages.Reply | SignalpostError) -> None:
        if self._greeting is not None and correlation == self._greeting.correlation:
            self._lose(answer if isinstance(answer, SignalpostError) else None)
        elif not self._calls.answer(correlation, answer):
            self._cancel(correlation)
