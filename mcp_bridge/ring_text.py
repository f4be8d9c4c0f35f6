"""What is said of a ring: what is known, and no more. A typed notice is not a delivery. Pure."""

from __future__ import annotations

from ..transport.letters import Ring
from ..transport.safe_text import one_line

_DETAIL = 80
_TYPISTS = ("pty", "channel", "queue")
"""Ways in which a ring only begins to tell: the model hears of it some time later, or never."""


def ring_words(ring: Ring) -> str:
    """Return in a few words what became of a ring, and by which way."""
    match ring.outcome:
        case "shown":
            return f"told by {ring.way}"
        case "woke" if ring.way in _TYPISTS:
            return f"notice on its way by {ring.way}"
        case "woke":
            return f"woken by {ring.way}"
        case "typed":
            return f"notice typed by {ring.way}, not known to be read"
        case "read":
            return f"notice typed by {ring.way}, inbox read since"
        case "held":
            return f"kept from stopping by {ring.way}"
        case "gave_up":
            why = one_line(ring.detail, _DETAIL)
            return f"not told by {ring.way}: {why}" if why else f"not told by {ring.way}"
