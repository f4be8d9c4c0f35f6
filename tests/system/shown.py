"""What a model is shown of its mail, taken apart again."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_PAIR = re.compile(r"--- message (\w+) begins ---\n(.*?)\n--- message \1 ends ---\n", re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """One message in the text of a result."""

    envelope: dict[str, Any]
    body: str

    @property
    def id(self) -> str:
        return str(self.envelope["id"])

    @property
    def sender(self) -> str:
        return str(self.envelope["from"])

    @property
    def attempt(self) -> tuple[int, bool]:
        """Which attempt this is, and whether somebody had it before."""
        return self.envelope["attempt"], self.envelope["redelivered"]


def mail_in(text: str) -> list[Shown]:
    """Return the messages that a result shows; none: it must say so.

    Lines of JSON before the first message, such as that of ``send_message``, are passed over.
    """
    found: list[Shown] = []
    for pair in _PAIR.finditer(text):
        before = text[: pair.start() - 1]
        found.append(Shown(json.loads(before.rpartition("\n")[2]), pair[2]))
    if not found:
        assert json.loads(text)["status"] == "no_messages", text
    return found


def only(text: str) -> Shown:
    """Return the one message that a result shows."""
    [message] = mail_in(text)
    return message
