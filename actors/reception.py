"""Who is connected: opens and closes sessions, and sends to them.

The pure rules are in :mod:`transport.session`; here is what they need of the
world: a random token, the death of a process, and the time.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable

import anyio

from ..transport import frames, messages
from ..transport.errors import NotAuthorised
from ..transport.lifeline import Lifeline, Watch
from ..transport.older import as_of
from ..transport.safe_text import one_line
from ..transport.session import HEARTBEAT_SECONDS, Session, Sessions
from ..transport.sockets import Message
from .answers import Answers

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 2.0
"""Who wakes up so late was stopped."""
_DRAIN_SECONDS = 2.0
"""After a stop, signs of life that were sent meanwhile are waited for so long."""
_NAME, _DETAIL = 64, 300
"""Characters that are shown of what strangers say of themselves, and of a refusal."""
Post = Callable[[bytes, bytes, bytes], None]
Watcher = Callable[[int, Callable[[], None]], Watch]
"""Has something called when a process ends."""


class Reception:
    """The sessions of one broker life."""

    def __init__(
        self,
        epoch: str,
        post: Post,
        gone: Callable[[Session], None],
        died: Callable[[Session], None],
        came: Callable[[], None],
        clock: Callable[[], float],
        watch: Watcher = Lifeline,
        fresh: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._head = frames.header(bytes.fromhex(epoch), b"")
        """What is before the correlation in every header."""
        self._post = post
        self._gone = gone
        self._process_died = died
        self._came = came
        self._clock = clock
        self._watch = watch
        self._fresh = fresh
        self._sessions = Sessions()
        self._lifelines: dict[bytes, Watch] = {}
        self._open: dict[bytes, bytes] = {}
        self._answers = Answers()
        self._stir = anyio.Event()

    def __len__(self) -> int:
        return len(self._sessions)

    # ------------------------------------------------------------ speaking

    def send(
        self, session: Session, correlation: bytes, message: messages.Reply | messages.Push
    ) -> None:
        """Send to a session."""
        self._post(session.identity, self._head + correlation, frames.encode(message))

    def send_to(
        self, identity: bytes, correlation: bytes, message: messages.Reply | messages.Push
    ) -> None:
        """Send to a connection that may have no session."""
        self._post(identity, self._head + correlation, frames.encode(message))

    def answer(self, token: bytes, correlation: bytes, reply: messages.Reply) -> bool:
        """Answer the session of ``token``; False when it is not connected.

        The answer to a request that took effect is remembered, so that the
        same request sent again gets it.
        """
        asker = self._open.pop(correlation, None)
        session = self._sessions.get(asker or token)
        if session is not None and session.hello.minor < messages.MINOR:
            reply = as_of(session.hello.minor, reply)
        payload = frames.encode(reply)
        if asker is not None:
            self._answers.keep(correlation, payload, self._clock())
        if isinstance(reply, messages.Failed) and reply.code == NotAuthorised.code:
            self._note_refusal(session, reply)
        return self._pass_on(session, correlation, payload)

    def tell(self, token: bytes, correlation: bytes, push: messages.Push) -> bool:
        """Tell whoever awaits the answer to a request something before that."""
        session = self._sessions.get(self._open.get(correlation, token))
        return self._pass_on(session, correlation, frames.encode(push))

    def _pass_on(self, session: Session | None, correlation: bytes, payload: bytes) -> bool:
        if session is None or not session.connected:
            return False
        self._post(session.identity, self._head + correlation, payload)
        return True

    def _note_refusal(self, session: Session | None, failed: messages.Failed) -> None:
        who = "somebody who left" if session is None else one_line(session.shown_as, _NAME)
        pid = -1 if session is None else session.pid
        logger.warning("refused %s, pid %d: %s", who, pid, one_line(failed.detail, _DETAIL))

    def has_moved(self, session: Session, correlation: bytes) -> bool:
        """Tell whether an open request came under another session before."""
        return self._open.get(correlation, session.token) != session.token

    def is_known(self, session: Session, correlation: bytes) -> bool:
        """Note a request that takes effect; True when it came before and is served already.

        The session that sent it last is the one that is answered.
        """
        if correlation in self._open:
            self._open[correlation] = session.token
            return True
        payload = self._answers.get(correlation)
        if payload is None:
            self._open[correlation] = session.token
            return False
        self._post(session.identity, self._head + correlation, payload)
        return True

    def forget(self, correlation: bytes) -> None:
        """Nobody waits for the answer to this request any more."""
        self._open.pop(correlation, None)

    # ------------------------------------------------------------ who is there

    def hear(self, message: Message, token: bytes) -> Session | None:
        """Return the session that speaks, or None when it has to say hello first."""
        session = self._sessions.hear(message.identity, token, self._clock())
        if session is None:
            self._note_theft(self._sessions.get(token), message)
        return session

    def welcome(self, message: Message, token: bytes, hello: messages.Hello) -> Session | None:
        """Open a session or take up an old one; None for a peer of another user."""
        peer = message.peer()
        if peer.uid not in (-1, os.getuid()):
            logger.warning("refused a peer of uid %d", peer.uid)
            return None
        known = self._sessions.get(token)
        self._leave_connection(message.identity, known)
        if known is not None and known.pid == peer.pid:
            self._sessions.resume(token, message.identity, hello, self._clock())
            return known
        self._note_theft(known, message)
        fresh = self._fresh(12)
        session = self._sessions.open(fresh, message.identity, peer.pid, hello, self._clock())
        self._lifelines[fresh] = self._watch(peer.pid, lambda: self._died(fresh))
        self._stir.set()
        self._came()
        return session

    def _leave_connection(self, identity: bytes, known: Session | None) -> None:
        """End the session of a connection that says hello for another one."""
        # Who says it without end would else have sessions, and descriptors, without end.
        before = self._sessions.on(identity)
        if before is not None and before is not known:
            before.left = True
            self.close(before)

    def _note_theft(self, owner: Session | None, message: Message) -> None:
        if owner is not None and (pid := message.peer().pid) != owner.pid:
            who = one_line(owner.shown_as, _NAME)
            logger.warning("pid %d came with the session of %s, pid %d", pid, who, owner.pid)

    def missed(self, identity: bytes) -> None:
        """What was sent to a connection was dropped: it shall ask again for what is open."""
        self._sessions.missed(identity)

    def session(self, token: bytes) -> Session | None:
        """Return the session of ``token``, if it is not gone."""
        return self._sessions.get(token)

    def close(self, session: Session) -> None:
        """The session ends."""
        self._sessions.close(session.token)
        self._forget(session)

    def heartbeat_seconds(self) -> float:
        """Return how often a client should show life."""
        return HEARTBEAT_SECONDS

    def _died(self, token: bytes) -> None:
        self._sessions.lose(token, self._clock())
        self._stir.set()
        if (session := self._sessions.get(token)) is not None:
            self._process_died(session)

    def _forget(self, session: Session) -> None:
        lifeline = self._lifelines.pop(session.token, None)
        if lifeline is not None:
            lifeline.close()
        self._gone(session)

    async def run(self) -> None:
        """Close sessions that are gone, until cancelled."""
        while True:
            deadline = self._sessions.next_deadline()
            await self._pause(deadline)
            now = self._clock()
            if deadline is not None and now - deadline > _PAUSE_SECONDS:
                # We were stopped: nobody was silent, and what they said is still in the socket.
                self._sessions.extend(now - deadline + _DRAIN_SECONDS)
            for session in self._sessions.expire(now):
                self._forget(session)

    async def _pause(self, deadline: float | None) -> None:
        self._stir = anyio.Event()
        limit = float("inf") if deadline is None else deadline
        with anyio.CancelScope(deadline=limit):
            await self._stir.wait()

    def shut(self) -> None:
        """Let go of everything that watches processes."""
        for lifeline in self._lifelines.values():
            lifeline.close()
        self._lifelines.clear()
