from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from signalpost import wake_probe
from signalpost.transport.bell import BellState
from signalpost.transport.letters import (
    AgentState,
    InboxState,
    Presence,
    Ring,
    RingOutcome,
    SentMessage,
    Stage,
)
from signalpost.transport.mail import Sent
from signalpost.wake_probe import Probe, verdicts


def probe(
    stage: Stage,
    presence: Presence = "online",
    *outcomes: RingOutcome,
    on: bool = True,
    older: int = 0,
) -> Probe:
    agent = AgentState(
        name="alice",
        role="both",
        description="",
        presence=presence,
        client="claude-code",
        pid=1,
        working_directory="/",
        since=0.0,
        depth=0,
    )
    rings = [
        Ring(at=100.5 + n, way="pty", outcome=outcome, cursor=1, detail="")
        for n, outcome in enumerate(outcomes)
    ]
    return Probe(
        agent=agent, on=on, stage=stage, seconds=2.0, rings=rings, sent_at=100.0, older=older
    )


class Client:
    """A broker where the probe is taken when nothing older waits."""

    def __init__(self, depth: int, in_flight: int, rung_before: float = 0.0) -> None:
        self._rung_before = rung_before
        self._inbox = InboxState(
            agent="alice", depth=depth, max_size=9, in_flight=in_flight, oldest_age=None
        )
        self.waited: list[float] = []

    async def set_bell(self, _: str) -> BellState:
        at = time.time() - self._rung_before
        ring = Ring(at=at, way="wait", outcome="woke", cursor=1, detail="")
        return BellState(agent="alice", on=True, every_seconds=2.0, rings=[ring])

    async def inboxes(self, _: str) -> list[InboxState]:
        return [self._inbox]

    async def agents(self) -> list[AgentState]:
        return [probe("stored").agent]

    async def send(self, *_: object, wait_seconds: float, **__: object) -> Sent:
        self.waited.append(wait_seconds)
        stage: Stage = "stored" if self._inbox.depth > self._inbox.in_flight else "delivered"
        return Sent(sent=[SentMessage("alice", "m", stage, "online")])


@pytest.mark.parametrize(
    ("depth", "in_flight", "older", "waited", "said"),
    [
        (0, 0, 0, 30.0, "has the probe"),
        (2, 2, 0, 30.0, "has the probe"),
        (3, 1, 2, 7.0, "was told; the probe waits behind 2 older unread messages"),
    ],
)
async def test_behind_older_mail_a_ring_is_all_that_is_waited_for(
    depth: int, in_flight: int, older: int, waited: float, said: str
) -> None:
    client = Client(depth, in_flight)
    typed: Any = client
    found = await wake_probe.probe(typed, "alice")
    assert (found.older, client.waited) == (older, [waited])
    last = verdicts(found)[-1]
    assert last.state == "ok"
    assert said in last.found


async def test_a_ring_for_an_earlier_message_is_not_shown_as_one_for_the_probe() -> None:
    typed: Any = Client(0, 0, rung_before=0.5)
    assert (await wake_probe.probe(typed, "alice")).rings == []


def test_a_ring_from_before_the_probe_does_not_count() -> None:
    found = replace(probe("stored", "online", "woke", older=1), sent_at=101.0)
    assert verdicts(found)[-1].state == "warning"


def test_who_was_reached_is_told_by_what_way_and_how_fast() -> None:
    ring, reached = verdicts(probe("delivered", "working", "typed"))
    assert (ring.name, ring.found) == ("ring by pty", "typed after 0.5 s")
    assert reached.name == "alice (claude-code, working)"
    assert (reached.state, reached.found) == ("ok", "has the probe, after 2.0 s")


@pytest.mark.parametrize("outcome", ["shown", "woke", "read", "held"])
def test_who_was_told_and_has_older_mail_to_read_first_was_reached(outcome: RingOutcome) -> None:
    found = probe("stored", "online", "gave_up", outcome, older=3)
    last = verdicts(found)[-1]
    assert last.state == "ok"
    assert last.found == (
        "was told; the probe waits behind 3 older unread messages and expires by itself"
    )


@pytest.mark.parametrize(
    ("found", "remedy"),
    [
        (probe("stored", on=False), "doorbell alice --on"),
        (probe("stored", "gone"), "does not run"),
        (probe("stored", "online", "typed"), "was told"),
        (probe("stored", "online", "typed", older=1), "was told"),
        (probe("stored", older=1), "signalpost setup"),
        (probe("stored", "online", "gave_up", older=1), "signalpost setup"),
        (probe("stored"), "signalpost setup"),
    ],
)
def test_who_was_not_reached_is_no_success_and_the_reason_is_told(
    found: Probe, remedy: str
) -> None:
    last = verdicts(found)[-1]
    assert last.state == "warning"
    assert "not taken" in last.found
    assert remedy in last.remedy


def test_a_person_is_told_how_to_hear_of_mail() -> None:
    found = probe("stored")
    person = replace(found, agent=msgspec.structs.replace(found.agent, name="person"))
    [*_, last] = verdicts(person)
    assert last.remedy == "That is you: signalpost receive takes mail, signalpost wait tells of it."
