"""Calls of the messaging tools as values: checked, complete, ready for the broker. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..transport.letters import Goal, Kind, Role


@dataclass(frozen=True, slots=True)
class RegisterAgent:
    name: str
    role: Role = "both"
    description: str = ""


@dataclass(frozen=True, slots=True)
class SendMessage:
    to: tuple[str, ...]
    content: str
    kind: Kind = "task"
    metadata: Mapping[str, object] | None = None
    in_reply_to: str = ""
    ttl_seconds: float | None = None
    wait_for: Goal | None = None
    """None: it was not said; the message is stored then."""
    wait_seconds: float | None = None
    """None: the wait budget."""

    @property
    def is_for_one(self) -> bool:
        """Whether exactly one inbox gets it."""
        first = self.to[0]
        return len(self.to) == 1 and first != "*" and not first.startswith("role:")


@dataclass(frozen=True, slots=True)
class ReceiveMessage:
    timeout: float = 5
    sender: str = ""
    in_reply_to: str = ""
    max_messages: int = 1
    ack: bool = True
    """Whether the next receive acknowledges what this one takes."""


@dataclass(frozen=True, slots=True)
class PeekMessages:
    """``receive_message`` that takes nothing."""

    sender: str = ""
    in_reply_to: str = ""
    max_messages: int = 1


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """``receive_message`` that reads on in the body of one message."""

    message_id: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class AcknowledgeMessage:
    message_ids: tuple[str, ...]
    outcome: Literal["ack", "nack"] = "ack"


@dataclass(frozen=True, slots=True)
class ListAgents:
    pass


@dataclass(frozen=True, slots=True)
class UnregisterAgent:
    force: bool = False


MailCall = (
    RegisterAgent
    | SendMessage
    | ReceiveMessage
    | PeekMessages
    | ReadMessage
    | AcknowledgeMessage
    | ListAgents
    | UnregisterAgent
)
