"""Who a client says that it is, and as whom the broker knows it. Pure.

A client that the broker has given another name returns under that name after
the broker's death: its mail waits there. One that has no name any more, since
it unregistered or another session took its place, does not claim one again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from msgspec.structs import replace

from .messages import Hello, Welcome
from .wishes import unmet

logger = logging.getLogger(__name__)


class Introduction:
    """What one client says in ``hello``, as it stands now."""

    def __init__(self, hello: Hello, options: Sequence[str]) -> None:
        self.hello = hello
        self._options = options
        self.agent = ""
        """The name in force; empty: it is no agent."""
        self.superseded = False

    def welcomed(self, welcome: Welcome, *, new: bool) -> None:
        """Take note of what the broker says; tell in the log what is not as wished.

        :param new: it is a session that we did not know
        """
        if new and (differing := unmet(self._options, welcome.settings)):
            logger.warning(
                "the broker runs with other settings than asked: %s", ", ".join(differing)
            )
        wished = self.hello.agent
        if wished and welcome.agent and welcome.agent != wished:
            logger.warning("asked for the name %s, acting as %s", wished, welcome.agent)
        self._act_as(welcome.agent)

    def registered(self, name: str) -> None:
        """Act under a name that was asked for."""
        self.hello = replace(self.hello, agent=name)
        self.agent = name
        self.superseded = False

    def withdraw(self) -> None:
        """Act for no agent any more."""
        self.hello = replace(self.hello, agent="", label="")
        self.agent = ""

    def supersede(self, agent: str) -> None:
        """Another session acts for the agent now."""
        logger.warning("another session of this program acts for %s now", agent)
        self.withdraw()
        self.superseded = True

    def _act_as(self, name: str) -> None:
        self.agent = name
        if name and self.hello.agent:
            self.hello = replace(self.hello, agent=name)
        elif name:  # an unnamed one stays so: who owns its tasks depends on it
            self.hello = replace(self.hello, label=name)
