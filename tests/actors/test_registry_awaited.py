"""After a broker's death: agents whose processes live and have not come back yet."""

from __future__ import annotations

import pytest

from signalpost.actors.agent import EXPIRY_SECONDS, Agent, Holder
from signalpost.transport.errors import NameTaken
from tests.actors.arrivals import Town, at

CLIENT, OTHER = (70, 1.0), (80, 1.0)


def awaiting(name: str = "alice", **fields: object) -> tuple[Town, Agent]:
    """Return a town that has restarted, and its agent, who is to come back as process 7."""
    town = Town()
    agent = Agent(12, name, pid=7, pid_started=3.0, since=500.0, client="claude-code")
    for field, value in fields.items():
        setattr(agent, field, value)
    agent.awaited = Holder("bridge", CLIENT)
    town.registry.restore([agent], {}, at(0))
    return town, agent


def test_its_name_is_kept_from_the_bridges_of_others() -> None:
    town, alice = awaiting()
    other = town.agent("t", agent="alice", pid=8, client_process=OTHER)
    assert (other.name, other.named) == ("alice~2", False)
    with pytest.raises(NameTaken, match="claude-code, pid 7"):
        town.register("t", "alice")
    assert alice.is_gone
    assert town.agent("s", agent="alice", pid=7, client_process=CLIENT) is alice
    assert (alice.awaited, alice.since) == (None, 500.0), "it was never away"


def test_it_may_come_back_as_another_bridge_of_its_client_or_as_a_program() -> None:
    town, alice = awaiting()
    assert town.agent("t", agent="alice", pid=8, client_process=CLIENT) is alice
    town, alice = awaiting()
    assert town.agent("t", "client", agent="alice", pid=8) is alice


def test_a_made_name_is_kept_too() -> None:
    town, agent = awaiting("f/c", named=False)
    assert town.agent("t", label="f/c", pid=8, client_process=OTHER).name == "f/c~2"
    assert town.registry.next_expiry() is None
    assert town.agent("s", label="f/c", pid=7, client_process=CLIENT) is agent


def test_who_comes_back_under_its_made_name_has_not_chosen_it() -> None:
    town, agent = awaiting("alice~2", named=False)
    back = town.agent("s", agent="alice~2", pid=7, client_process=CLIENT)
    assert (back, back.named) == (agent, False)
    town, agent = awaiting("alice~2", named=False)
    assert town.agent("t", "client", agent="alice~2", pid=8).named


def test_when_its_process_ends_it_is_gone_like_any_other() -> None:
    town, alice = awaiting("f/c", named=False)
    assert town.registry.lose(99, at(5)) is None
    assert town.registry.lose(alice.id, at(5)) is alice
    assert (alice.pid, alice.since, alice.expires) == (0, 1005.0, 1005.0 + EXPIRY_SECONDS)
    assert town.registry.next_expiry() == alice.expires
    assert town.agent("t", label="f/c", pid=8, client_process=OTHER) is alice
    assert town.registry.lose(alice.id, at(6)) is None, "that one speaks for it now"
