"""A point in time, as the rules see it. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Moment(NamedTuple):
    """``mono`` is the monotonic clock, for every limit; ``wall`` is for people, in Unix seconds."""

    mono: float
    wall: float
