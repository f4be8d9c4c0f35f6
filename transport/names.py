"""Legal names of queues and agents, and the nearest legal or known one. Pure."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

from .errors import BadRequest

MAX_NAME = 64
_MARKS = frozenset("._-/~")


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


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return up to ``most`` known names that look like ``name``, nearest first."""
    return difflib.get_close_matches(name, list(known), n=most, cutoff=0.6)


def _name(text: str, what: str) -> str:
    name = unicodedata.normalize("NFC", text)
    if not name:
        raise BadRequest(f"{what} is empty. Use 1-{MAX_NAME} letters, digits or . _ - / ~")
    if len(name) > MAX_NAME:
        raise BadRequest(f"{what} has {len(name)} characters. Use at most {MAX_NAME}.")
    wrong = [c for c in name if not (c.isalnum() or c in _MARKS)]
    if wrong:
        raise BadRequest(f"{what} may not contain {wrong[0]!r}. Use letters, digits or . _ - / ~")
    if name[0] in "-/":
        raise BadRequest(f"{what} may not begin with {name[0]!r}. Begin with a letter or digit.")
    return name
