from __future__ import annotations

import pytest

from signalpost.transport.errors import BadRequest, NameTaken, UnknownAgent
from tests.actors.arrivals import Terms, Town

# ---------------------------------------------------------------- taking a name


def test_registering_the_own_name_again_changes_the_rest() -> None:
    town = Town()
    agent = town.agent("s", agent="alice")
    naming = town.register("s", "alice", role="consumer", description="tests", inbox_bound=5)
    assert (naming.agent, naming.former, naming.superseded) == (agent, None, ())
    assert (agent.role, agent.description, agent.inbox_bound) == ("consumer", "tests", 5)
    assert town.registry.forwards() == {}


def test_a_renamed_agent_is_the_same_and_its_old_name_leads_to_it() -> None:
    town = Town()
    agent = town.agent("s", label="f/c")
    naming = town.register("s", "alice")
    assert (naming.agent, naming.former) == (agent, None)
    assert (agent.name, agent.named) == ("alice", True)
    assert town.registry.resolve("f/c") is town.registry.resolve("alice") is agent
    assert town.names() == ["alice", "person"]


def test_old_names_lead_to_the_agent_however_often_it_is_renamed() -> None:
    town = Town()
    agent = town.agent("s", agent="a")
    for name in ("b", "c", "d"):
        town.register("s", name)
    assert town.registry.forwards() == dict.fromkeys("abc", agent.id)
    town.register("s", "b")
    assert town.registry.forwards() == dict.fromkeys("acd", agent.id)
    assert town.registry.resolve("d") is agent


def test_an_old_name_is_free_to_whoever_registers_it() -> None:
    town = Town()
    agent, other = town.agent("s", agent="a"), town.agent("t", agent="x")
    town.register("s", "b")
    town.register("t", "a")
    assert town.registry.resolve("a") is town.registry.resolve("x") is other
    assert town.registry.resolve("b") is agent
    town.register("s", "c")
    third = town.agent("u", agent="b")
    assert third not in (agent, other)
    assert town.registry.resolve("b") is third


def test_a_name_that_is_made_does_not_displace_the_living() -> None:
    town = Town()
    agent = town.agent("s", label="f/c")
    town.register("s", "alice")
    assert town.agent("t", label="f/c").name == "f/c~2"
    town.depart("s")
    assert town.agent("u", label="f/c").name == "f/c"
    assert town.registry.resolve("alice") is agent


def test_an_agent_that_comes_under_its_old_name_is_the_one_that_it_became() -> None:
    town = Town()
    agent = town.agent("s", agent="a", thread="A", client_process=1)
    town.register("s", "b")
    claim = town.arrive("t", agent="a", client_process=1)
    assert (claim.agent, claim.superseded, agent.name) == (agent, (b"s",), "b")
    town.depart("t")
    assert town.agent("u", agent="a", thread="A", client_process=2) is agent
    town.depart("u")
    assert town.agent("v", agent="a", thread="B") is not agent


def test_the_name_of_one_who_is_gone_makes_the_session_that_agent() -> None:
    town = Town()
    gone = town.agent("s", agent="alice", thread="A")
    town.depart("s")
    former = town.agent("t", label="f/c", thread="B", pid=9)
    naming = town.register("t", "alice", description="again", when=7)
    assert (naming.agent, naming.former) == (gone, former)
    assert (town.agent_of("t"), gone.pid, gone.since) == (gone, 9, 1007.0)
    assert town.registry.resolve("f/c") is gone
    assert (former.is_gone, town.registry.by_id(former.id)) == (True, gone)
    town.depart("t")
    assert town.agent("u", label="f/c", thread="B") is gone, "the conversation finds it again"


def test_names_that_led_to_the_former_agent_lead_to_the_one_it_became() -> None:
    town = Town()
    gone = town.agent("s", agent="alice")
    town.depart("s")
    town.agent("t", agent="x")
    town.register("t", "y")
    town.register("t", "alice")
    assert town.registry.resolve("x") is town.registry.resolve("y") is gone


def test_programs_that_share_an_agent_take_a_name_together() -> None:
    town = Town()
    gone = town.agent("r", "client", agent="boss")
    town.depart("r")
    town.agent("s", "client", agent="worker")
    former = town.agent("t", "client", agent="worker")
    assert town.register("t", "boss").former is former
    assert town.agent_of("s") is town.agent_of("t") is gone


def test_the_name_of_another_living_agent_is_taken_and_nothing_changes() -> None:
    town = Town()
    town.agent("s", agent="alice", client_process=1)
    town.agent("t", "client", agent="worker")
    town.agent("u", "client", agent="other")
    bob = town.agent("v", agent="bob", client_process=2)
    for session, name in (("v", "alice"), ("v", "worker"), ("u", "worker"), ("u", "alice")):
        with pytest.raises(NameTaken, match=f"has the name {name}"):
            town.register(session, name, description="changed")
    assert town.names() == ["alice", "bob", "other", "person", "worker"]
    assert bob.description == ""


def test_a_bridge_takes_the_name_from_another_one_of_its_client() -> None:
    town = Town()
    agent = town.agent("s", agent="alice", client_process=1)
    former = town.agent("t", label="f/c", client_process=1)
    naming = town.register("t", "alice")
    assert (naming.agent, naming.former, naming.superseded) == (agent, former, (b"s",))
    assert (town.agent_of("s"), town.agent_of("t")) == (None, agent)


def test_a_program_becomes_an_agent_by_taking_a_name() -> None:
    town = Town()
    for session in "st":
        town.arrive(session, "client")
        town.register(session, "worker")
    agent = town.agent_of("s")
    assert agent is not None
    assert agent is town.agent_of("t")
    town.agent("u", agent="alice")
    town.arrive("v", "client")
    with pytest.raises(NameTaken):
        town.register("v", "alice")


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"description": "x" * 1001}, "1001 characters. Use at most 1000"),
        ({"inbox_bound": 0}, "inbox_bound=0 is no bound. Use 1 to 100000"),
        ({"inbox_bound": 100_001}, "inbox_bound=100001 is no bound"),
    ],
)
def test_terms_that_make_no_sense_are_refused_and_change_nothing(terms: Terms, says: str) -> None:
    town = Town()
    agent = town.agent("s", agent="alice")
    with pytest.raises(BadRequest, match=says):
        town.register("s", "bob", **terms)
    assert (agent.name, agent.description, agent.inbox_bound) == ("alice", "", None)


def test_the_person_keeps_its_name() -> None:
    town = Town()
    town.agent("s", "cli")
    with pytest.raises(BadRequest, match="takes no other name"):
        town.register("s", "alice")
    with pytest.raises(BadRequest, match="cannot be unregistered"):
        town.registry.unregister(b"s")


# ---------------------------------------------------------------- giving it up


def test_an_unregistered_agent_is_forgotten_with_its_old_names() -> None:
    town = Town()
    agent = town.agent("s", "client", agent="a")
    town.agent("t", "client", agent="a")
    town.register("s", "b")
    assert town.registry.unregister(b"s") is agent
    assert town.agent_of("s") is town.agent_of("t") is None
    assert (town.names(), town.registry.forwards()) == (["person"], {})
    with pytest.raises(UnknownAgent):
        town.registry.resolve("a")
    with pytest.raises(BadRequest, match="nothing to unregister"):
        town.registry.unregister(b"t")


def test_an_unregistered_session_comes_back_only_by_taking_a_name() -> None:
    town = Town()
    town.agent("s", agent="a")
    town.registry.unregister(b"s")
    assert town.arrive("s", agent="a").agent is None
    assert town.register("s", "a").agent.name == "a"
