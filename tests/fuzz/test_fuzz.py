"""Case 20: whatever is said to the broker, only typed errors come of it, and nothing is lost.

Hypothesis makes the bytes here; `fuzz_broker.py` has atheris make them for as long as one likes.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.fuzz_broker import INPUT_BYTES
from tests.fuzz.grammar import SOUND, said
from tests.fuzz.siege import siege

INPUTS, EXAMPLES, ROUNDS = 40, 50, 10
"""Together 20,000 inputs, each of which is said twice: by a stranger and in a session."""
TOKEN = b"t" * 12


async def besiege(rounds: int) -> None:
    async with siege() as it:

        @settings(
            max_examples=EXAMPLES, database=None, suppress_health_check=[HealthCheck.too_slow]
        )
        @given(st.binary(min_size=INPUTS * INPUT_BYTES, max_size=INPUTS * INPUT_BYTES))
        def say(data: bytes) -> None:
            for start in range(0, len(data), INPUT_BYTES):
                it.say(data[start : start + INPUT_BYTES])

        for _ in range(rounds):
            say()
            await it.rest()
        assert it.inputs >= rounds * EXAMPLES * INPUTS


async def test_nothing_that_is_said_does_harm() -> None:
    await besiege(ROUNDS)


@pytest.mark.soak
async def test_nothing_that_is_said_for_long_does_harm() -> None:
    await besiege(40 * ROUNDS)


def test_every_sound_request_is_among_what_is_said() -> None:
    assert {said(bytes([8, 0, 0, 9, n]), TOKEN)[1] for n in range(len(SOUND))} == set(SOUND)
    assert said(bytes([10, 0, 0, 9, 1, 0, 0]), TOKEN)[1] == b""  # cut off at its first byte
    assert said(b"\x00\x02\x03abc\x01d", TOKEN) == [b"abc", b"d"]
