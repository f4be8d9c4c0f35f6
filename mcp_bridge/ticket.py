"""The ids of MCP tasks: each is a ticket that carries what it stands for, and a seal. Pure.

    payload.seal      both in base64; the seal is an HMAC of the agent and the payload

Any bridge of the same agent and data dir can serve a ticket, also one that was
started after the bridge that made it had died. Nobody else can make one up, and
one that is stolen is of no use to another agent.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from ..transport.errors import BadRequest
from .claims import Run
from .identity import AgentIdentity
from .mail_calls import ReceiveMessage

MAX_LENGTH = 2000


class RunTicket(msgspec.Struct, frozen=True, tag="run"):
    """A task of the broker's."""

    task_id: int
    created_at: float
    """As the broker tells it; the number alone begins anew with a new store."""
    mark: str = ""
    """Random: the same call again shares the run, and is another MCP task."""

    @property
    def run(self) -> Run:
        return self.task_id, self.created_at


class ReceiveTicket(msgspec.Struct, frozen=True, tag="receive"):
    """A wait for mail."""

    call: ReceiveMessage
    created_at: float
    mark: str
    """Random: the same call again is another wait."""


Ticket = RunTicket | ReceiveTicket
_decoder: msgspec.json.Decoder[Ticket] = msgspec.json.Decoder(Ticket)


def sealed(ticket: Ticket, agent: AgentIdentity, key: bytes) -> str:
    """Return the id of the MCP task that ``ticket`` describes."""
    return _with_seal(msgspec.json.encode(ticket), agent, key)


def opened(text: str, agent: AgentIdentity, key: bytes) -> Ticket:
    """Return the ticket in an id that ``agent`` shows.

    :param key: empty: none was made yet, and no ticket either
    :raises BadRequest: nobody with this key made it for this agent
    """
    import hmac  # see _seal

    payload = _read(_payload(text))
    # The text itself, since base64 has several for the same bytes, and a task has one id.
    if not key or not hmac.compare_digest(text, _with_seal(payload, agent, key)):
        raise unknown()
    try:
        return _decoder.decode(payload)
    except msgspec.DecodeError as error:
        raise unknown() from error  # of another version


def unknown() -> BadRequest:
    """Return the refusal of an id that leads nowhere."""
    return BadRequest("there is no such task, or it is not yours, or it is over for long.")


def _with_seal(payload: bytes, agent: AgentIdentity, key: bytes) -> str:
    return f"{_written(payload)}.{_written(_seal(payload, agent, key))}"


def _seal(payload: bytes, agent: AgentIdentity, key: bytes) -> bytes:
    import hashlib  # brings OpenSSL, and most bridges never see a ticket
    import hmac

    who = (agent.agent or agent.label).encode()
    return hmac.digest(key, who + b"\0" + payload, hashlib.sha256)


def _payload(text: str) -> str:
    if len(text) > MAX_LENGTH or not text.isascii():
        raise unknown()
    return text.partition(".")[0]


def _written(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _read(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise unknown() from error
