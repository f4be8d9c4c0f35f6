"""Legal names of queues and agents, and the nearest legal or known one. Pure."""

from __future__ import annotations

import difflib
import heapq
import unicodedata
from collections.abc import Iterable

from .errors import BadRequest

MAX_NAME = 64
RESERVED = frozenset({"person", "signalpost"})
"""Names of agents that nobody can take, in any spelling of their case: whoever
sits at the command line, and the sender of what the broker itself has to say."""
_MARKS = frozenset("._-/~")
_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters, as Unicode has it, that show nothing: another's name could be copied with them."""
_COMPARED = 300
"""So many known names are compared at most: it takes about 20 µs each."""


def queue_name(text: str) -> str:
    """Return ``text`` as a queue's name: NFC, 1-64 of letters, digits, ``. _ - / ~``.

    :raises BadRequest: it is no such name
    """
    return _name(text, "queue_name")


def agent_name(text: str) -> str:
    """Return ``text`` as an agent's name: the same rule as for queues.

    :raises BadRequest: it is no such name
    """
    return _name(text, "agent name")


def own_agent_name(text: str) -> str:
    """Return ``text`` as a name that an agent may take for itself.

    :raises BadRequest: it is no agent's name, or a reserved one
    """
    name = agent_name(text)
    if is_reserved(name):
        raise BadRequest(f"the agent name {name} is reserved. Use another, such as {name}-1.")
    return name


def is_reserved(name: str) -> bool:
    """Tell whether no agent may take ``name``."""
    return name.casefold() in RESERVED


def label(text: str) -> str:
    """Return ``text`` made into a legal name: cut, and what may not be in it replaced by ``-``."""
    whole = unicodedata.normalize("NFC", text)
    written = "".join(c if _is_legal(c) else "-" for c in whole)
    return written.lstrip("-/")[:MAX_NAME] or "unknown"


def numbered(name: str, number: int) -> str:
    """Return the ``number``-th name like ``name``: itself, ``name~2``, ``name~3`` …, never longer
    than a name may be."""
    if number == 1:
        return name
    suffix = f"~{number}"
    return name[: MAX_NAME - len(suffix)] + suffix


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return up to ``most`` known names that look like ``name``, nearest first."""
    names = list(known)
    if len(names) > _COMPARED:
        names = heapq.nlargest(_COMPARED, names, lambda k: _common_start(name, k))
    return difflib.get_close_matches(name, names, n=most, cutoff=0.6)


def _common_start(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _is_legal(character: str) -> bool:
    return (character.isalnum() and character not in _UNSEEN) or character in _MARKS


def _name(text: str, what: str) -> str:
    name = unicodedata.normalize("NFC", text)
    if not name:
        raise BadRequest(f"{what} is empty. Use 1-{MAX_NAME} letters, digits or . _ - / ~")
    if len(name) > MAX_NAME:
        raise BadRequest(f"{what} has {len(name)} characters. Use at most {MAX_NAME}.")
    wrong = [c for c in name if not _is_legal(c)]
    if wrong:
        raise BadRequest(f"{what} may not contain {wrong[0]!a}. Use letters, digits or . _ - / ~")
    if name[0] in "-/":
        raise BadRequest(f"{what} may not begin with {name[0]!r}. Begin with a letter or digit.")
    return name
