"""What the bridge holds for one agent, and what a receive says of it to the broker. Pure.

    began ----> answered ----> written ----> acknowledged by the next receive
      |            |              |
      |            |              +-- doubtful: returned before the next receive
      |            +-- cancelled, or an error went out instead: returned at once
      +-- ended without mail: forgotten

Doubtful is what a receive took beside another one, before the client began anew,
or late, for a client that may have let go of the call without a word: nothing
tells that the model has read it. So is the reply that a question got beside a
receive; but a question may be open for long, in the background of its client,
and leaves the receives that begin meanwhile alone. What was taken with ack=false
is only remembered, so that ``acknowledge_message`` knows its lease.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..transport.letters import Held

RequestId = int | str
"""What the MCP client numbers its requests with."""

# opencode cancels every call, some 0.1 s after it has read the answer.
_CANCELS_ANSWERED_CALLS = frozenset({"opencode"})
# Gemini CLI tells nothing when a person interrupts it, and throws the answer away. Codex hands
# the model a number after 30 s, and the answer only if the model asks for that.
UNREAD_AFTER = {"gemini-cli-mcp-client": 0.5, "codex-mcp-client": 25.0}
"""Seconds after which an answer may come to a client that has let go of the call, silently."""


def late_cancels_count(client: str) -> bool:
    """Return whether a cancel after the answer tells that ``client`` did not want it."""
    return client.lower() not in _CANCELS_ANSWERED_CALLS


def unread_after(client: str) -> float:
    """Return the seconds after which ``client`` may have let go of a call and not told."""
    return UNREAD_AFTER.get(client.lower(), math.inf)


@dataclass(slots=True, eq=False)
class Taking:
    """One call that takes mail."""

    request: RequestId
    late_cancels: bool
    unread_after: float
    began: float
    asks: bool = False
    """Whether it is a question that waits for its reply, and no receive."""
    stage: Literal["open", "answered", "written"] = "open"
    acknowledges: bool = True
    cancelled: bool = False
    doubtful: bool = False
    held: dict[str, Held] = field(default_factory=dict[str, Held])


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be said with the next receive, and before it."""

    acknowledge: list[Held]
    give_back: list[Held]


class Deliveries:
    """The mail of one agent between its inbox and the model's eyes."""

    def __init__(self) -> None:
        self._takings: list[Taking] = []
        self._by_message: dict[str, Taking] = {}

    def begin(
        self,
        request: RequestId,
        *,
        late_cancels: bool = True,
        unread_after: float = math.inf,
        now: float = 0.0,
        asks: bool = False,
    ) -> Taking:
        """Note that a call which takes mail began."""
        taking = Taking(request, late_cancels, unread_after, now, asks)
        beside = [other for other in self._takings if other.stage != "written"]
        receives = [other for other in beside if not other.asks]
        taking.doubtful = bool(receives)
        for other in receives if asks else beside:
            other.doubtful = True
        self._takings.append(taking)
        return taking

    def took(
        self, taking: Taking, messages: Sequence[Held], *, ack: bool = True, now: float = 0.0
    ) -> list[Held]:
        """Note what the call took and is about to show; return what to give back at once."""
        if taking.cancelled:
            return list(messages)
        self.forget(held.message_id for held in messages)  # a new delivery: the old lease is stale
        taking.held = {held.message_id: held for held in messages}
        taking.acknowledges = ack
        taking.doubtful |= now - taking.began > taking.unread_after
        self._by_message |= dict.fromkeys(taking.held, taking)
        taking.stage = "answered"
        return []

    def end(self, taking: Taking) -> None:
        """Note that the call is over; it is forgotten unless it took something."""
        if not taking.held and taking in self._takings:
            self._takings.remove(taking)

    def written(self, request: RequestId) -> None:
        """Note that the answer to this request is in the client's hands."""
        for taking in self._takings:
            if taking.request == request and taking.stage == "answered":
                taking.stage = "written"

    def cancelled(self, request: RequestId) -> list[Held]:
        """Note that the client gave this request up; return what to give back at once."""
        found = [
            taking
            for taking in self._takings
            if taking.request == request and (taking.late_cancels or taking.stage != "written")
        ]
        for taking in found:
            taking.cancelled = True
        return self._given_up(found)

    def failed(self, request: RequestId) -> list[Held]:
        """Note that an error was written instead of the answer; return what to give back."""
        found = [taking for taking in self._takings if taking.request == request]
        return self._given_up([taking for taking in found if taking.stage == "answered"])

    def restarted(self) -> None:
        """Note that the client began anew: what was shown before may never have been read."""
        for taking in self._takings:
            taking.doubtful = True

    @property
    def unwritten(self) -> bool:
        """Whether an answer is on its way to the client."""
        return any(taking.stage == "answered" for taking in self._takings)

    def due(self) -> Due:
        """Return what a receive that begins now has to say. Forget it when it was said."""
        written = [t for t in self._takings if t.acknowledges and t.stage == "written"]
        return Due(
            acknowledge=[held for t in written if not t.doubtful for held in t.held.values()],
            give_back=[held for t in written if t.doubtful for held in t.held.values()],
        )

    def held(self, message_id: str) -> Held:
        """Return the message with its lease, as far as it is known here."""
        taking = self._by_message.get(message_id)
        return taking.held[message_id] if taking else Held(message_id)

    def forget(self, message_ids: Iterable[str]) -> None:
        """Forget messages of which the broker was told all there is to say."""
        for message_id in message_ids:
            taking = self._by_message.pop(message_id, None)
            if taking is not None:
                del taking.held[message_id]
                if not taking.held:
                    self._takings.remove(taking)

    def _given_up(self, takings: Sequence[Taking]) -> list[Held]:
        held = [each for taking in takings for each in taking.held.values()]
        self.forget(each.message_id for each in held)
        return held
