from __future__ import annotations

from typing import get_args

import pytest

from signalpost.mcp_bridge.ring_text import ring_words
from signalpost.transport.letters import Ring, RingOutcome, Way


def said(outcome: RingOutcome, way: Way = "pty", detail: str = "") -> str:
    return ring_words(Ring(at=1, way=way, outcome=outcome, cursor=1, detail=detail))


def test_every_outcome_has_words_of_its_own() -> None:
    texts = [said(outcome) for outcome in get_args(RingOutcome)]
    assert len(set(texts)) == len(texts)
    assert all("pty" in text for text in texts)


@pytest.mark.parametrize("outcome", get_args(RingOutcome))
def test_no_ring_is_called_a_delivery(outcome: RingOutcome) -> None:
    assert "deliver" not in said(outcome)


@pytest.mark.parametrize("way", ["pty", "channel", "queue"])
def test_a_notice_that_is_still_to_be_typed_has_woken_nobody(way: Way) -> None:
    assert said("woke", way) == f"notice on its way by {way}"
    assert said("woke", "wait") == "woken by wait"


def test_why_it_gave_up_is_said_in_one_harmless_line() -> None:
    assert said("gave_up", detail="a\x1b[2Jb\nc").count("\n") == 0
    assert said("gave_up", detail="a dialog is open") == "not told by pty: a dialog is open"
    assert said("gave_up") == "not told by pty"
