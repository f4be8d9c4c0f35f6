from __future__ import annotations

import msgspec

from signalpost.actors.job import Outcome, not_started
from signalpost.transport.messages import Leftover


def test_an_outcome_survives_its_record() -> None:
    outcome = Outcome(
        reason="timeout",
        signal=9,
        leftovers=[Leftover(name="gradle", pid=4711)],
        tail=bytes(range(256)),
        ended_at=1.5,
    )
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome


def test_a_command_that_was_not_started_says_why() -> None:
    outcome = not_started("no shell")
    assert (outcome.reason, outcome.error) == ("cannot_start", "no shell")
    assert outcome.exit_code is None
