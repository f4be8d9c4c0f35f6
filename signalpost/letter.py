"""What ``signalpost send`` is asked to send. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from .transport.errors import BadRequest
from .transport.letters import Goal, Kind

Metadata = dict[str, object]

PARK_SECONDS = 20.0
"""How long a message waits for room in a full inbox, where no limit is shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A text, whom it is for, and what is said about it."""

    to: tuple[str, ...]
    content: str
    kind: Kind = "task"
    metadata: Metadata = field(default_factory=dict[str, object])
    in_reply_to: str = ""
    ttl_seconds: float | None = None
    wait_for: Goal = "stored"
    wait_seconds: float | None = None

    @property
    def park_seconds(self) -> float:
        """How long it may wait for room."""
        return PARK_SECONDS if self.wait_seconds is None else min(PARK_SECONDS, self.wait_seconds)


def recipients(text: str) -> tuple[str, ...]:
    """Return the recipients that ``text`` names, separated by commas.

    :raises BadRequest: one is empty
    """
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise BadRequest(f"{text!r} names no recipient. Write one, or several: alice,bob")
    return names


def metadata(text: str, pairs: Iterable[str]) -> Metadata:
    """Return the object in ``text``, if any, with ``KEY=VALUE`` pairs over it.

    :raises BadRequest: it is no JSON object, or a pair has no equals sign
    """
    values = _object(text) if text else {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise BadRequest(f"{pair!r} is no metadata. Write KEY=VALUE, as in -m branch=main")
        values[unicode(key)] = unicode(value)
    return values


def unicode(text: str) -> str:
    """Return ``text``, which the wire can carry.

    :raises BadRequest: it holds bytes that are not UTF-8
    """
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise BadRequest(f"{text[:80]!a} is not UTF-8. Encode it, as with base64.")
    return text


def _object(text: str) -> Metadata:
    try:
        value: object = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the metadata is no JSON: {error}. Write an object: {{}}") from error
    if not isinstance(value, dict):
        raise BadRequest('the metadata is no JSON object. Write one: {"branch": "main"}')
    return cast("Metadata", value)


def _no_constant(word: str) -> object:
    raise ValueError(f"{word} is Python's, not JSON's")
