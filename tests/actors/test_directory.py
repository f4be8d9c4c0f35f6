from __future__ import annotations

from signalpost.actors.agent import Agent
from signalpost.actors.directory import MAX_OLD_NAMES, Directory, ForwardRemoved, ForwardSet


def known(*agents: Agent) -> Directory:
    directory = Directory()
    for agent in agents:
        directory.add(agent)
    return directory


def test_the_oldest_of_too_many_old_names_leads_nowhere() -> None:
    alice, bob = Agent(2, "n0"), Agent(3, "bob")
    directory = known(alice, bob)
    directory.rename(bob, "robert")
    for number in range(1, MAX_OLD_NAMES + 1):
        directory.rename(alice, f"n{number}")
    assert directory.formerly("n0") is alice
    directory.take_changes()
    directory.rename(alice, "last")
    assert directory.formerly("n0") is None
    assert directory.old_names(alice) == [f"n{number}" for number in range(1, MAX_OLD_NAMES + 1)]
    assert directory.formerly("bob") is bob, "each agent has its own"
    turned = [c for c in directory.take_changes() if isinstance(c, (ForwardRemoved, ForwardSet))]
    assert turned == [ForwardRemoved("n0"), ForwardSet(f"n{MAX_OLD_NAMES}", alice.id)]


def test_a_name_that_was_taken_up_again_is_the_youngest_when_it_is_given_up() -> None:
    alice = Agent(2, "a")
    directory = known(alice)
    for name in ("b", "c", "a", "d"):
        directory.rename(alice, name)
    assert directory.old_names(alice) == ["b", "c", "a"]


def test_an_agent_that_takes_over_another_keeps_the_youngest_of_all_names() -> None:
    alice, bob = Agent(2, "a0"), Agent(3, "b0")
    directory = known(alice, bob)
    for number in range(1, MAX_OLD_NAMES + 1):
        directory.rename(alice, f"a{number}")
    directory.rename(bob, "b1")
    directory.merge(bob, alice)
    assert directory.formerly("a1") is None
    assert directory.old_names(alice)[-3:] == [f"a{MAX_OLD_NAMES - 1}", "b0", "b1"]
    assert directory.old_names(bob) == []
    directory.remove(alice)
    assert directory.forwards() == {}


def test_a_restart_keeps_the_order_and_forgets_what_is_too_much() -> None:
    directory, alice = Directory(), Agent(2, "alice")
    stored = {f"n{number}": alice.id for number in reversed(range(MAX_OLD_NAMES + 2))}
    directory.restore([alice], stored)
    assert directory.old_names(alice) == list(stored)[2:]
    changes = directory.take_changes()
    assert changes == [ForwardRemoved(name) for name in list(stored)[:2]]


def test_the_number_of_an_agent_that_became_another_leads_on() -> None:
    first, second, third = Agent(2, "a"), Agent(3, "b"), Agent(4, "c")
    directory = known(first, second, third)
    directory.merge(first, second)
    assert directory.by_id(2) is second
    directory.merge(second, third)
    assert directory.by_id(2) is directory.by_id(3) is third
    directory.remove(third)
    assert directory.by_id(2) is None
