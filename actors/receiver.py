"""Somebody who waits at an inbox for mail. Pure."""

from __future__ import annotations

import msgspec

from ..transport import letters
from .message import Message, SendCall


class Receiver(msgspec.Struct, eq=False):
    """An open request for mail, served in the order of arrival.

    ``deadline`` is when it is answered with nothing, on the monotonic clock;
    None: never. ``awaits`` is set when it is not a ``receive`` but a ``send``
    that waits for the reply to ``in_reply_to``: such a message goes to it alone.
    """

    correlation: bytes
    session: bytes
    most: int = 1
    senders: frozenset[str | int] = frozenset()
    """The numbers and names of those whose mail it wants; none: everybody's."""
    in_reply_to: str = ""
    deadline: float | None = None
    acknowledged: tuple[letters.Settled, ...] = ()
    """Told with the answer."""
    awaits: SendCall | None = None

    @property
    def is_answered(self) -> bool:
        """Whether the sender that waits for a reply has been answered another way."""
        return self.awaits is not None and self.awaits.answered

    def takes(self, message: Message) -> bool:
        """Tell whether it wants a message."""
        return (not self.senders or not self.senders.isdisjoint(message.senders)) and (
            not self.in_reply_to or self.in_reply_to == message.in_reply_to
        )
