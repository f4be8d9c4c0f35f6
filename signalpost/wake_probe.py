"""``signalpost doctor --wake AGENT``: a harmless message, and what it has set in motion."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from .checks import Check
from .person import PERSON
from .transport.client import Client
from .transport.letters import AgentState, Ring, Stage

SECONDS = 30.0
"""How long an agent is given."""
_TOLD_SECONDS = 5.0
"""How long a ring may take that is allowed."""
_REACHED = ("shown", "woke", "read", "held")
"""Outcomes of rings that put something before the model."""
_TEXT = "signalpost doctor --wake: a probe. There is nothing to do."
_TTL_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What became of one message."""

    agent: AgentState
    on: bool
    stage: Stage
    seconds: float
    rings: Sequence[Ring]
    """Those since it was sent, the oldest first."""
    sent_at: float
    older: int = 0
    """Unread messages that were there before."""


async def probe(client: Client, name: str, seconds: float = SECONDS) -> Probe:
    """Send a message that expires by itself, wait until it is taken, and see who rang.

    Behind older mail it is not taken in time, as a rule: then a ring is all that is waited for.

    :raises UnknownAgent: nobody has this name
    """
    bell = await client.set_bell(name)
    [inbox] = await client.inboxes(bell.agent)
    older = inbox.depth - inbox.in_flight
    if older:
        seconds = min(seconds, bell.every_seconds + _TOLD_SECONDS)
    began, sent_at = time.monotonic(), time.time()
    sent = await client.send(
        name,
        _TEXT,
        kind="ping",
        ttl_seconds=max(_TTL_SECONDS, seconds),
        wait_for="delivered",
        wait_seconds=seconds,
    )
    took = time.monotonic() - began
    bell = await client.set_bell(name)
    agents = {agent.name: agent for agent in await client.agents()}
    return Probe(
        agent=agents[bell.agent],
        on=bell.on,
        stage=sent.sent[0].stage,
        seconds=took,
        rings=[ring for ring in reversed(bell.rings) if ring.at >= sent_at],
        sent_at=sent_at,
        older=older,
    )


def verdicts(found: Probe) -> list[Check]:
    """Say what was reached, and how fast."""
    who = f"{found.agent.name} ({found.agent.client or 'a program'}, {found.agent.presence})"
    checks = [
        Check(f"ring by {ring.way}", f"{ring.outcome}{_after(ring, found)}{_why(ring)}")
        for ring in found.rings
    ]
    if found.stage in ("delivered", "acked"):
        return [*checks, Check(who, f"has the probe, after {found.seconds:.1f} s")]
    if found.older and any(_reached(ring, found) for ring in found.rings):
        told = f"was told; the probe waits behind {_messages(found.older)} and expires by itself"
        return [*checks, Check(who, told)]
    text = f"has not taken the probe within {found.seconds:.0f} s; it expires by itself"
    return [*checks, Check(who, text, "warning", _remedy(found))]


def _messages(count: int) -> str:
    return f"{count} older unread message{'s' * (count != 1)}"


def _reached(ring: Ring, found: Probe) -> bool:
    return ring.at >= found.sent_at and ring.outcome in _REACHED


def _after(ring: Ring, found: Probe) -> str:
    return f" after {max(0.0, ring.at - found.sent_at):.1f} s"


def _why(ring: Ring) -> str:
    return f": {ring.detail}" if ring.detail else ""


def _remedy(found: Probe) -> str:
    if not found.on:
        return f"Its doorbell is off: signalpost doorbell {found.agent.name} --on"
    if found.agent.presence == "gone":
        return "Its client does not run. The mail waits for it."
    if any(ring.outcome != "gave_up" for ring in found.rings):
        return "It was told, and has not called receive_message. It may be at work."
    if found.agent.name == PERSON:
        return "That is you: signalpost receive takes mail, signalpost wait tells of it."
    return (
        "Nobody waits at its doorbell: run `signalpost setup`, restart its client, or start it with"
        " `signalpost pty`. Until then it reads mail when it next calls receive_message."
    )
