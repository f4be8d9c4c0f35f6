from __future__ import annotations

import pytest

from signalpost.actors.agent import Agent, Holder
from signalpost.actors.expected import Expectation, Expected

CLIENT, SHELL = (40, 1.0), (41, 2.0)


def agent(name: str = "alice", thread: str = "") -> Agent:
    return Agent(2, name, thread=thread, holders={b"s": Holder("bridge", CLIENT)})


@pytest.mark.parametrize(
    ("words", "is_meant"),
    [
        ({"name": "alice"}, True),
        ({"name": "bob", "thread": "t-1", "above": (CLIENT,)}, False),
        ({"thread": "t-1"}, True),
        ({"thread": "t-2"}, False),
        ({"thread": "t-2", "above": (SHELL, CLIENT)}, True),
        ({"above": (SHELL,)}, False),
        ({}, False),
    ],
)
def test_who_is_meant_by_name_by_conversation_or_by_processes(
    words: dict[str, object], is_meant: bool
) -> None:
    met: list[str] = []
    expected = Expected()
    expected.wait(Expectation(b"c", b"s", lambda came: met.append(came.name), **words))  # type: ignore[arg-type]
    for _ in range(2):
        expected.come(agent(thread="t-1"))
    assert met == ["alice"] * is_meant


def test_all_who_wait_are_served_but_those_who_gave_up_or_left() -> None:
    met: list[bytes] = []
    expected = Expected()
    for correlation, session in ((b"1", b"s"), (b"2", b"s"), (b"3", b"t"), (b"4", b"u")):
        expected.wait(
            Expectation(correlation, session, lambda _, c=correlation: met.append(c), "alice")  # type: ignore[misc]
        )
    expected.give_up(b"2")
    expected.leave(b"t")
    expected.come(agent("bob"))
    assert met == []
    expected.come(agent())
    assert met == [b"1", b"4"]
