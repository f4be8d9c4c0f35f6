"""The post: serves every request about agents and mail, or finds who will.

Everything up to an inbox is synchronous, so the order in which the socket gave
the requests is the order in which messages are accepted.
"""

from __future__ import annotations

from typing import Protocol

from ..transport import mail, messages
from ..transport.errors import NotAuthorised
from ..transport.session import Session
from .deferred import Deferred
from .doorman import Doorman
from .mail_archive import MailArchive
from .membership import Membership
from .receiving import Receiving
from .sending import Sending
from .standing import Standing


class Known(Protocol):
    """Notes requests that take effect; see :mod:`reception`."""

    def is_known(self, session: Session, correlation: bytes) -> bool:
        """Note a request; True when it came before and is served already."""
        ...

    def forget(self, correlation: bytes) -> None:
        """Nobody waits for the answer any more."""
        ...


class Post:
    """Serves requests about agents and mail."""

    def __init__(
        self,
        *,
        membership: Membership,
        sending: Sending,
        receiving: Receiving,
        archive: MailArchive,
        known: Known,
        deferred: Deferred,
        doorman: Doorman,
        standing: Standing,
    ) -> None:
        self.membership = membership
        self.doorman = doorman
        self._standing = standing
        self._sending = sending
        self._receiving = receiving
        self._archive = archive
        self._known = known
        self._deferred = deferred

    def act(  # noqa: C901 - one flat match
        self, session: Session, correlation: bytes, request: mail.Request
    ) -> messages.Reply | None:
        """Serve a request; None: it is answered later.

        :raises SignalpostError: it is refused
        """
        self.membership.touch(session)
        match request:  # what is asked most comes first
            case mail.Send() | mail.Settle() | mail.Register() | mail.Unregister():
                return self._once(session, correlation, request)
            case mail.Receive():
                self._receiving.receive(session, correlation, request)
            case mail.Redrive() | mail.Purge():
                return self._once(session, correlation, request)
            case mail.ListAgents():
                return mail.Agents(agents=self._standing.states())
            case mail.InboxStatus():
                return self._receiving.status(request)
            case mail.Peek():
                return self._receiving.peek(session, request)
            case mail.Extend():
                return self._receiving.extend(session, request)
            case mail.ReadMessage(message_id=message_id):
                self._read(session, correlation, message_id)
            case mail.History():
                self._search(session, correlation, request)
        return None

    def give_up(self, session: Session, correlation: bytes) -> None:
        """The client waits for this request no more."""
        self._sending.give_up(correlation)
        self._receiving.give_up(session, correlation)
        self.doorman.give_up(correlation)

    # ------------------------------------------------------------ what takes effect once

    def _once(
        self, session: Session, correlation: bytes, request: mail.Effective
    ) -> messages.Reply | None:
        if self._known.is_known(session, correlation):
            return None
        match request:
            case mail.Send():
                self._send(session, correlation, request)
            case mail.Settle():
                self._receiving.settle(session, correlation, request)
            case mail.Register():
                registered = self.membership.register(session, request)
                self._deferred.answer(session.token, correlation, self._archive.kept(registered))
            case mail.Unregister(force=force):
                self.membership.unregister(session, force=force)
                accepted = messages.Accepted()
                self._deferred.answer(session.token, correlation, self._archive.kept(accepted))
            case mail.Redrive(message_ids=ids):
                self._check_person(session, "puts dead letters back: signalpost dead redrive")
                self._deferred.answer(session.token, correlation, self._archive.redrive(ids))
            case mail.Purge(message_ids=ids):
                self._check_person(session, "deletes dead letters: signalpost dead purge")
                self._deferred.answer(session.token, correlation, self._archive.purge(ids))
        return None

    def _send(self, session: Session, correlation: bytes, request: mail.Send) -> None:
        if self._archive.latest.note(correlation):
            self._sending.send(session, correlation, request)
        else:
            again = self._send_again(session, correlation, request)
            self._deferred.answer(session.token, correlation, again)

    async def _send_again(
        self, session: Session, correlation: bytes, request: mail.Send
    ) -> messages.Reply | None:
        """Serve a request that may have been served before."""
        rows = await self._archive.sent_before(correlation)
        if self._sending.end_questions(session, rows):
            await self._archive.written()
        while not self._sending.is_current(rows):  # some of them have ended since we looked
            await self._archive.written()
            rows = await self._archive.sent_before(correlation)
        if rows:
            return self._sending.resume(session, correlation, request, rows)
        self._sending.send(session, correlation, request)
        return None

    # ------------------------------------------------------------ looking back

    def _read(self, session: Session, correlation: bytes, message_id: str) -> None:
        agent = None if session.sees_all else self.membership.agent_of(session)
        self._deferred.answer(session.token, correlation, self._archive.read(message_id, agent))

    def _search(self, session: Session, correlation: bytes, request: mail.History) -> None:
        agent = None if session.sees_all else self.membership.agent_of(session)
        self._deferred.answer(session.token, correlation, self._archive.search(request, agent))

    def _check_person(self, session: Session, what: str) -> None:
        if not session.is_person:
            raise NotAuthorised(f"only a person {what}")
