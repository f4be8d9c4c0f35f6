"""The words of ``signalpost hook``, read without click, which takes longer than all the rest. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

from .hook_names import CLIENTS, GATES, MAX_WAIT, WORDS, Gate, Word, named

_VALUED = ("--client", "--agent", "--data-dir", "--gate", "--wait", "--limit")
_FLAGS = ("--start",)


class HookOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What one hook is to do."""

    word: Word
    client: str
    agent: str = ""
    """The agent's name; empty: found by its conversation or its client's process."""
    data_dir: str = ""
    gate: Gate = "tasks"
    wait: float = 0.0
    """At a stop: wait so many seconds for news."""
    limit: float = 0.0
    """Give the broker so many seconds to answer; 0: as long as its event allows."""
    start: bool = False
    """At a session's start: start a broker when none runs."""


def read_words(words: Sequence[str], environment: Mapping[str, str]) -> HookOrder | None:
    """Return what the words after ``hook`` ask for; None: they cannot be understood."""
    events, options = _sorted(words)
    gate = options.get("--gate", "tasks")
    wait, limit = (_seconds(options.get(name, "0")) for name in ("--wait", "--limit"))
    known = len(events) == 1 and events[0] in WORDS and options.get("--client") in CLIENTS
    if not known or gate not in GATES or wait is None or limit is None:
        return None
    return HookOrder(
        word=cast("Word", events[0]),
        client=options["--client"],
        agent=options.get("--agent") or named(environment),
        data_dir=options.get("--data-dir", ""),
        gate=gate,
        wait=wait,
        limit=limit,
        start="--start" in options,
    )


def _sorted(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the words that are no options, unknown options among them, and the options."""
    rest: list[str] = []
    options: dict[str, str] = {}
    left = iter(words)
    for word in left:
        name, equals, value = word.partition("=")
        if name in _VALUED:
            options[name] = value if equals else next(left, "")
        elif word in _FLAGS:
            options[word] = ""
        else:
            rest.append(word)
    return rest, options


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds <= MAX_WAIT else None
