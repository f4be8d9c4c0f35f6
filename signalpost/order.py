"""What ``signalpost run`` is asked to run. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .transport.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Order:
    """A shell command, where, in which queue, how long, with which variables besides."""

    command: str
    folder: str
    queue_name: str
    timeout_seconds: float
    env_vars: dict[str, str]

    def __post_init__(self) -> None:
        """Refuse what the wire cannot carry.

        :raises BadRequest: a text is not UTF-8
        """
        texts = (self.command, self.folder, *self.env_vars.values())
        for text in texts:
            if any("\ud800" <= character <= "\udfff" for character in text):
                raise BadRequest(f"{text!a} is not UTF-8. Put it into a script or a link.")
