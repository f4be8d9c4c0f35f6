from __future__ import annotations

from signalpost.mcp_bridge.claims import Claims

RUN = (8, 1.5)
OTHERS = [(9, 1.5), (8, 2.5)]
"""Another task, and one of another store with the same number."""


def test_who_is_alone_with_a_run_does_not_leave_it() -> None:
    claims = Claims()
    claims.hold("one", RUN)
    for number, other in enumerate(OTHERS):
        claims.hold(f"other {number}", other)
    assert not claims.leave("one", RUN, 5.0)
    assert claims.left_at("one") is None


def test_each_leaves_for_itself_and_the_last_one_ends_the_run() -> None:
    claims = Claims()
    for name in ("one", "two", "three"):
        claims.hold(name, RUN)
    assert claims.leave("two", RUN, 5.0)
    assert claims.leave("one", RUN, 6.0)
    assert not claims.leave("three", RUN, 7.0)
    assert [claims.left_at(name) for name in ("one", "two", "three")] == [6.0, 5.0, None]


def test_who_has_left_leaves_once_and_does_not_come_back_by_looking() -> None:
    claims = Claims()
    claims.hold("one", RUN)
    claims.hold("two", RUN)
    assert claims.leave("one", RUN, 5.0)
    claims.hold("one", RUN)
    assert claims.leave("one", RUN, 6.0)
    assert claims.left_at("one") == 5.0
    assert not claims.leave("two", RUN, 7.0)


def test_of_a_run_that_another_bridge_began_those_are_known_that_look() -> None:
    claims = Claims()
    assert not claims.leave("one", RUN, 5.0)
    claims.hold("two", RUN)
    assert claims.leave("one", RUN, 6.0)
    assert claims.left_at("unknown") is None


def test_the_newest_are_kept() -> None:
    claims = Claims()
    for number in range(1002):
        claims.hold(f"{number}", RUN if number in (0, 1001) else (number, 0.0))
    assert not claims.leave("1001", RUN, 5.0)
