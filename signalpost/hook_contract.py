"""What the hooks of all clients have in common: what is heard, and what may be said. Pure.

    client's JSON ──hear──> Heard ──(broker, gate, texts)──> Said ──say──> bytes for its stdout

A *word* is our own name of an event; every client has other names for it. One
file per client says which, and how it is answered: this is the shape of Claude
Code, which others have copied in part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from .hook_names import Word
from .transport.bell import Event

Given = Mapping[str, object]
"""A client's JSON, of which nothing is certain."""

_EVENTS: dict[Word, Event] = {
    "session-start": "session_start",
    "prompt": "prompt",
    "tools": "tools",
    "stop": "stop",
    "session-end": "session_end",
}
_SOURCES = ("startup", "resume", "clear", "compact")


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a client."""

    word: Word
    name: str
    """The client's own name of the event."""
    event: Event
    """What the broker is told; ``none``: nothing."""
    session: str = ""
    """The client's id of the conversation."""
    working_directory: str = ""
    source: str = ""
    """Of a session's start: ``startup``, ``resume``, ``clear`` or ``compact``."""
    stop_hook_active: bool = False
    """The turn goes on because a hook has held it already."""
    subagent: bool = False
    """It comes from a subagent, which is not the agent."""
    works_on: bool = False
    """The client itself waits for something in the background, and wakes its model."""
    broken_off: bool = False
    """The turn did not end by itself: a person or an error has ended it."""


class Context(msgspec.Struct, frozen=True):
    """Put a text before the model."""

    text: str


class Hold(msgspec.Struct, frozen=True):
    """Let the agent go on instead of stopping."""

    reason: str


Said = Context | Hold | None


class Contract:
    """The hooks of one client."""

    client: ClassVar[str]
    """How it calls itself to its MCP servers; agents without a name have it in theirs."""
    events: ClassVar[Mapping[str, Word]]
    """Our word for each of its events."""
    notifications: ClassVar[Mapping[str, Event]] = {}
    """What its notifications mean, by their type."""
    tells: ClassVar[frozenset[Word]]
    """At which of them a text can be put before the model."""
    late: ClassVar[bool] = False
    """Whether an agent without a name is known from its first call only: nobody is to wait for it."""

    def hear(self, word: Word, given: Given) -> Heard | None:
        """Return what a client has said; None: it is no event of this word."""
        name = text_of(given, "hook_event_name")
        if self.events.get(name) != word:
            return None
        source = text_of(given, "source")
        return Heard(
            word=word,
            name=name,
            event=_EVENTS.get(word) or self.notified(name, given),
            session=text_of(given, "session_id"),
            working_directory=text_of(given, "cwd"),
            source=source if source in _SOURCES else "startup",
            stop_hook_active=given.get("stop_hook_active") is True,
            subagent=bool(text_of(given, "agent_id")),
            works_on=bool(given.get("background_tasks")),
        )

    def notified(self, name: str, given: Given) -> Event:
        """Return what a notification means."""
        return self.notifications.get(text_of(given, "notification_type"), "none")

    def say(self, heard: Heard, said: Said) -> bytes:
        """Return what is written to the client: nothing, or one JSON object in one line."""
        if isinstance(said, Context) and heard.word in self.tells:
            return _line(self.context(heard, said.text))
        if isinstance(said, Hold) and heard.word == "stop":
            return _line(self.hold(said.reason))
        return b""

    def context(self, heard: Heard, text: str) -> Given:
        """Return the answer that puts a text before the model."""
        return {"hookSpecificOutput": {"hookEventName": heard.name, "additionalContext": text}}

    def hold(self, reason: str) -> Given:
        """Return the answer that keeps the agent from stopping."""
        return {"decision": "block", "reason": reason}


def text_of(given: Given, key: str) -> str:
    """Return a text of the client's JSON; "" when there is none."""
    value = given.get(key)
    return value if isinstance(value, str) else ""


def _line(answer: Given) -> bytes:
    return msgspec.json.encode(answer) + b"\n"
