from __future__ import annotations

import pytest

from signalpost.transport.letters import AgentState, Presence, Ring, RingOutcome, Stage
from signalpost.wake_probe import Probe, verdicts


def probe(
    stage: Stage, presence: Presence = "online", *outcomes: RingOutcome, on: bool = True
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
    return Probe(agent=agent, on=on, stage=stage, seconds=2.0, rings=rings, sent_at=100.0)


def test_who_was_reached_is_told_by_what_way_and_how_fast() -> None:
    ring, reached = verdicts(probe("delivered", "working", "typed"))
    assert (ring.name, ring.found) == ("ring by pty", "typed after 0.5 s")
    assert reached.name == "alice (claude-code, working)"
    assert (reached.state, reached.found) == ("ok", "has the probe, after 2.0 s")


@pytest.mark.parametrize(
    ("found", "remedy"),
    [
        (probe("stored", on=False), "doorbell alice --on"),
        (probe("stored", "gone"), "does not run"),
        (probe("stored", "online", "typed"), "was told"),
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
