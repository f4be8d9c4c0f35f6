"""Every exception that Signalpost raises, as one tree. Each message names the remedy.

* SignalpostError
    * BadRequest           the request makes no sense; nothing was done
    * TooLarge             environment, command or message over its limit
    * NotAuthorised        only the owner may do this
    * QueueFull            too many tasks wait in this queue
    * InboxFull            the recipient has too much unacknowledged mail
    * UnknownAgent         nobody of this name is known
    * NameTaken            another living agent has this name
    * StaleLease           the message is not held under this lease any more
    * LoopDetected         two agents answer each other without end
    * StoreFull            the disk is full; nothing was accepted
    * DeadlineExceeded     no answer in time; the outcome is unknown
    * ShuttingDown         the broker is stopping and takes nothing new
    * BrokerUnavailable    no broker could be reached or started
    * ProtocolMismatch     the peer speaks another version, or broke the contract
    * InternalFault        a fault of ours; the broker's log has the details

``code`` is what travels in a ``failed`` reply and what models and programs
read; :func:`from_code` turns it back into the exception.
"""

from __future__ import annotations

from typing import ClassVar


class SignalpostError(Exception):
    """Base class. The text says what is wrong and what to do."""

    code: ClassVar[str] = "INTERNAL"


class BadRequest(SignalpostError):
    """The request makes no sense as it stands."""

    code = "BAD_REQUEST"


class TooLarge(SignalpostError):
    """Something is over its size limit; it was checked before sending."""

    code = "TOO_LARGE"


class NotAuthorised(SignalpostError):
    """Only the owner may do this."""

    code = "NOT_AUTHORISED"


class QueueFull(SignalpostError):
    """Too many tasks wait in this queue."""

    code = "QUEUE_FULL"


class InboxFull(SignalpostError):
    """The recipient has too much unacknowledged mail; nothing was accepted."""

    code = "INBOX_FULL"


class UnknownAgent(SignalpostError):
    """Nobody of this name is known."""

    code = "UNKNOWN_AGENT"


class NameTaken(SignalpostError):
    """Another living agent has this name."""

    code = "NAME_TAKEN"


class StaleLease(SignalpostError):
    """The message is not held under this lease any more; it may be delivered again."""

    code = "STALE_LEASE"


class LoopDetected(SignalpostError):
    """Two agents answer each other without end; the message is a dead letter."""

    code = "LOOP_DETECTED"


class StoreFull(SignalpostError):
    """The store cannot be written; nothing was accepted."""

    code = "STORE_FULL"


class DeadlineExceeded(SignalpostError):
    """No answer in time. The request may or may not have taken effect."""

    code = "DEADLINE_EXCEEDED"


class ShuttingDown(SignalpostError):
    """The broker is stopping and takes nothing new."""

    code = "SHUTTING_DOWN"


class BrokerUnavailable(SignalpostError):
    """No broker could be reached or started."""

    code = "BROKER_UNAVAILABLE"


class ProtocolMismatch(SignalpostError):
    """The peer speaks another version of the protocol, or broke its rules."""

    code = "PROTOCOL"


class InternalFault(SignalpostError):
    """A fault inside the broker; its log has the details."""

    code = "INTERNAL"


_BY_CODE: dict[str, type[SignalpostError]] = {
    kind.code: kind
    for kind in (
        BadRequest,
        TooLarge,
        NotAuthorised,
        QueueFull,
        InboxFull,
        UnknownAgent,
        NameTaken,
        StaleLease,
        LoopDetected,
        StoreFull,
        DeadlineExceeded,
        ShuttingDown,
        BrokerUnavailable,
        ProtocolMismatch,
        InternalFault,
    )
}


def from_code(code: str, detail: str) -> SignalpostError:
    """Rebuild the exception that the other side reported."""
    return _BY_CODE.get(code, InternalFault)(detail)
