from __future__ import annotations

import itertools

import pytest

from signalpost.actors.agent import EXPIRY_SECONDS, Agent
from signalpost.actors.directory import AgentChanged, AgentRemoved, ForwardRemoved, ForwardSet
from signalpost.actors.registry import RECHECK_SECONDS, Registry
from signalpost.transport.errors import UnknownAgent
from tests.actors.arrivals import Town, at


def anything(_agent: Agent) -> bool:
    return True


# ---------------------------------------------------------------- what is persisted


def test_each_change_is_returned_once_with_the_agent_as_it_is_now() -> None:
    town = Town()
    agent = town.agent("s", agent="alice")
    town.register("s", "alice", role="consumer")
    assert town.registry.take_changes() == [AgentChanged(agent)]
    assert town.registry.take_changes() == []
    assert not town.registry.touch(b"s", 9.0)
    assert town.registry.take_changes() == [], "activity is not stored"
    town.depart("s")
    assert town.registry.take_changes() == [AgentChanged(agent)]


def test_that_an_unnamed_agent_acts_is_persisted_once() -> None:
    town = Town()
    agent = town.agent("s", label="f/c")
    town.registry.take_changes()
    assert town.registry.touch(b"s", 9.0)
    assert town.registry.take_changes() == [AgentChanged(agent)]
    assert not town.registry.touch(b"s", 9.5)
    assert town.registry.take_changes() == []


def test_a_rename_is_persisted_with_the_way_from_the_old_name() -> None:
    town = Town()
    agent = town.agent("s", agent="a")
    town.registry.take_changes()
    town.register("s", "b")
    assert town.registry.take_changes() == [AgentChanged(agent), ForwardSet("a", agent.id)]
    town.register("s", "a")
    changes = town.registry.take_changes()
    assert changes == [ForwardRemoved("a"), AgentChanged(agent), ForwardSet("b", agent.id)]


def test_an_agent_that_became_another_is_persisted_as_removed() -> None:
    town = Town()
    gone = town.agent("s", agent="alice")
    town.depart("s")
    former = town.agent("t", agent="x")
    town.registry.take_changes()
    town.register("t", "alice")
    assert town.registry.take_changes() == [
        AgentRemoved(former.id),
        AgentChanged(gone),
        ForwardSet("x", gone.id),
    ]
    town.registry.unregister(b"t")
    assert town.registry.take_changes() == [AgentRemoved(gone.id), ForwardRemoved("x")]


# ---------------------------------------------------------------- a new broker life


def test_after_a_restart_everybody_is_known_and_gone() -> None:
    registry = Registry(itertools.count(10).__next__)
    alice = Agent(3, "alice", pid=7, since=5.0, thread="A", role="consumer")
    bob = Agent(2, "bob", since=5.0)
    registry.restore([alice, bob, Agent(1, "person")], {"old": 3, "lost": 99, "bob": 3}, at(60))
    assert registry.everyone(None) == [bob, alice]
    assert (alice.pid, alice.since, alice.active) == (0, 1060.0, 60.0), "it was there at the end"
    assert bob.since == 5.0
    assert registry.forwards() == {"old": 3}
    assert registry.resolve("bob") is bob
    assert registry.take_changes() == [AgentChanged(alice)]


def test_after_a_restart_names_and_conversations_find_their_agents() -> None:
    town = Town()
    alice, unnamed = Agent(12, "alice"), Agent(13, "f/c", named=False, thread="A")
    town.registry.restore([alice, unnamed], {"old": 12}, at(0))
    assert town.agent("s", "client", agent="alice") is alice
    assert town.agent("t", label="g/c", thread="A") is unnamed
    assert town.registry.resolve("old") is alice


# ---------------------------------------------------------------- expiry


def test_an_agent_with_a_made_name_and_no_mail_is_forgotten_after_seven_days() -> None:
    town = Town()
    town.agent("s", label="f/c", thread="A")
    agent = town.agent("s", label="f/c", thread="B")
    town.depart("s", when=5)
    first = 1000.0 + EXPIRY_SECONDS
    assert town.registry.next_expiry() == first
    assert [a.thread for a in town.registry.expire(first, anything)] == ["A"]
    assert town.registry.next_expiry() == agent.expires == first + 5
    assert town.registry.expire(first + 5, anything) == [agent]
    assert town.registry.next_expiry() is None
    with pytest.raises(UnknownAgent):
        town.registry.resolve("f/c")


def test_whoever_is_named_or_spoken_for_or_has_mail_stays_known() -> None:
    town = Town()
    town.agent("s", agent="alice")
    town.depart("s")
    town.agent("t", label="f/c", thread="A")
    town.agent("u", label="f/c", thread="B")
    town.depart("u")
    late = 1000.0 + 2 * EXPIRY_SECONDS
    assert town.registry.expire(late, lambda agent: agent.thread != "B") == []
    assert town.names() == ["alice", "f/c", "f/c~2", "person"]
    assert town.registry.next_expiry() == late + RECHECK_SECONDS, "mail may be read meanwhile"


def test_an_agent_that_was_there_when_the_broker_died_has_seven_days_from_its_return() -> None:
    town = Town()
    town.registry.restore([Agent(9, "f/c", named=False, pid=7, since=1.0)], {}, at(0))
    assert town.registry.next_expiry() == 1000.0 + EXPIRY_SECONDS
    assert town.registry.expire(EXPIRY_SECONDS + 2, anything) == []
