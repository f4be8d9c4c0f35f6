from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from signalpost.actors.lane import SLACK, Lane


def test_the_smallest_key_is_first_wherever_it_was_added() -> None:
    lane: Lane[int, str] = Lane()
    assert lane.first() is None
    for key in (2, 1, 3):
        lane.add(key, f"item {key}")
    assert lane.first() == "item 1"
    lane.remove(1)
    assert (lane.first(), len(lane)) == ("item 2", 2)
    lane.add(1, "back again")
    assert lane.in_order() == ["back again", "item 2", "item 3"]


def test_what_has_left_is_swept_out() -> None:
    lane: Lane[int, str] = Lane()
    lane.add(-1, "stays in front")
    for key in range(10_000):
        lane.add(key, "passes")
        lane.remove(key)
    heap = lane._heap  # pyright: ignore[reportPrivateUsage]
    assert len(heap) <= SLACK + 3


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30))))
def test_a_lane_is_a_sorted_dict(steps: list[tuple[bool, int]]) -> None:
    lane: Lane[int, int] = Lane()
    kept: dict[int, int] = {}
    for comes, key in steps:
        if comes and key not in kept:
            lane.add(key, key)
            kept[key] = key
        elif not comes and key in kept:
            lane.remove(key)
            del kept[key]
        assert lane.in_order() == sorted(kept)
        assert lane.first() == min(kept, default=None)
        assert len(lane) == len(kept)
