from __future__ import annotations

import pytest

from signalpost.actors.agent import PERSON_ID
from signalpost.transport.errors import BadRequest, NameTaken, UnknownAgent
from tests.actors.arrivals import Town

# ---------------------------------------------------------------- who is an agent


def test_a_name_that_nobody_has_is_a_new_agent_of_that_name() -> None:
    claim = Town().arrive("s", agent="alice", client="codex", pid=7, working_directory="/p", when=5)
    agent = claim.agent
    assert agent is not None
    assert (claim.created, claim.superseded, claim.left) == (True, (), None)
    assert (agent.id, agent.name, agent.named, agent.since) == (2, "alice", True, 1005.0)
    assert (agent.client, agent.pid, agent.working_directory) == ("codex", 7, "/p")
    assert list(agent.holders) == [b"s"]


def test_two_spellings_of_a_name_are_one_agent() -> None:
    town = Town()
    agent = town.agent("s", "client", agent="cafe\N{COMBINING ACUTE ACCENT}")
    assert agent.name == "café"
    assert town.agent("t", "client", agent="café") is agent


@pytest.mark.parametrize("name", ["person", "Signalpost", "a b", "x" * 65, "-x", "role:x"])
def test_a_name_that_no_agent_may_have_is_refused_and_changes_nothing(name: str) -> None:
    town = Town()
    with pytest.raises(BadRequest):
        town.arrive("s", agent=name)
    assert town.names() == ["person"]
    with pytest.raises(BadRequest, match="this session is not known"):
        town.register("s", "alice")


def test_a_program_without_a_name_is_no_agent() -> None:
    town = Town()
    assert town.arrive("s", "client", label="folder/client").agent is None
    assert town.agent_of("s") is None
    assert town.names() == ["person"]
    assert town.depart("s") is None


def test_every_command_line_is_the_person() -> None:
    town = Town()
    person = town.agent("s", "cli", agent="alice")
    assert (person.id, person.name) == (PERSON_ID, "person")
    assert town.agent("t", "cli") is person
    assert list(person.holders) == [b"s", b"t"]
    assert town.depart("s") is None
    assert town.depart("t") is person
    assert town.registry.take_changes() == [], "it is there without being stored"


def test_a_bridge_never_becomes_the_person() -> None:
    town = Town()
    town.agent("s", "cli", thread="A")
    town.depart("s")
    assert town.agent("t", label="person", thread="A").name == "person~2"


# ---------------------------------------------------------------- who has a name already


def test_the_name_of_one_who_is_gone_is_that_agent_again() -> None:
    town = Town()
    agent = town.agent("s", agent="alice", pid=7)
    assert town.depart("s", when=3) is agent
    assert (agent.pid, agent.since) == (0, 1003.0)
    claim = town.arrive("t", "client", agent="alice", when=9)
    assert (claim.agent, claim.created, agent.since) == (agent, False, 1009.0)


def test_programs_of_one_name_share_an_agent_until_the_last_is_gone() -> None:
    town = Town()
    agent = town.agent("s", "client", agent="worker", pid=1, when=1)
    claim = town.arrive("t", "client", agent="worker", pid=2, when=2)
    assert (claim.agent, claim.created, claim.superseded) == (agent, False, ())
    assert (agent.pid, agent.since) == (2, 1001.0)
    assert town.depart("t", when=3) is None
    assert (agent.pid, agent.since) == (1, 1001.0)
    assert town.depart("s", when=4) is agent


def test_a_bridge_of_the_same_client_process_takes_the_agent_over() -> None:
    town = Town()
    agent = town.agent("s", agent="alice", client_process=(7, 1.0), when=1)
    claim = town.arrive("t", agent="alice", client_process=(7, 1.0), when=2)
    assert (claim.agent, claim.superseded) == (agent, (b"s",))
    assert (town.agent_of("s"), town.agent_of("t")) == (None, agent)
    assert agent.since == 1001.0
    assert town.depart("s") is None
    assert list(agent.holders) == [b"t"]


def test_one_that_was_superseded_does_not_take_over_by_saying_hello_again() -> None:
    town = Town()
    agent = town.agent("s", agent="alice", client_process=7)
    town.arrive("t", agent="alice", client_process=7)
    assert town.arrive("s", agent="alice", client_process=7).agent is None
    assert town.agent_of("t") is agent
    naming = town.register("s", "alice")
    assert (naming.agent, naming.superseded) == (agent, (b"t",)), "only by asking for it"


def test_a_bridge_of_another_client_gets_the_next_number() -> None:
    town = Town()
    town.agent("s", agent="alice", client_process=1)
    second = town.agent("t", agent="alice", client_process=2)
    third = town.agent("u", agent="alice")
    fourth = town.agent("v", agent="alice")
    assert [a.name for a in (second, third, fourth)] == ["alice~2", "alice~3", "alice~4"]
    assert not second.named, "it is forgotten some day if nobody writes to it"
    again = town.arrive("w", agent="alice", client_process=2)
    assert (again.agent, again.superseded) == (second, (b"t",))
    town.depart("u")
    assert town.agent("x", agent="alice").name == "alice~3"


def test_a_numbered_agent_waits_for_its_own_conversation() -> None:
    town = Town()
    town.agent("s", agent="alice", thread="A")
    second = town.agent("t", agent="alice", thread="B")
    town.depart("t")
    assert town.agent("u", agent="alice", thread="C").name == "alice~3"
    assert town.agent("v", agent="alice", thread="B") is second


def test_a_program_does_not_get_the_name_of_a_bridge() -> None:
    town = Town()
    town.agent("s", agent="alice", client="codex", pid=7)
    with pytest.raises(
        NameTaken, match=r"\(codex, pid 7\) has the name alice.*alice~2 and alice~3"
    ):
        town.arrive("t", "client", agent="alice")
    assert town.agent_of("t") is None


def test_a_bridge_beside_a_program_of_its_name_gets_a_number() -> None:
    town = Town()
    town.agent("s", "client", agent="alice", client_process=1)
    assert town.agent("t", agent="alice", client_process=1).name == "alice~2"


# ---------------------------------------------------------------- conversations


def test_an_unnamed_bridge_is_called_after_its_folder_and_client() -> None:
    town = Town()
    agent = town.agent("s", label="my project/claude")
    assert (agent.name, agent.named) == ("my-project/claude", False)
    assert town.agent("t", label="my project/claude").name == "my-project/claude~2"
    assert town.agent("u", label="person").name == "person~2"


def test_a_conversation_finds_its_agent_again() -> None:
    town = Town()
    town.agent("r", label="f/c", thread="A")
    agent = town.agent("s", label="f/c", thread="B")
    town.depart("r")
    town.depart("s")
    assert town.agent("t", label="f/c", thread="C").name == "f/c~3"
    assert town.agent("u", label="other/c", thread="B") is agent


def test_a_conversation_finds_the_name_that_it_took() -> None:
    town = Town()
    town.agent("s", label="f/c", thread="A")
    agent = town.register("s", "alice").agent
    town.depart("s")
    assert town.agent("t", label="f/c", thread="A") is agent
    assert (agent.name, agent.named) == ("alice", True)


def test_a_conversation_open_twice_is_two_agents_unless_it_is_one_client() -> None:
    town = Town()
    agent = town.agent("s", label="f/c", thread="A", client_process=1)
    other = town.agent("t", label="f/c", thread="A", client_process=2)
    assert (other.name, other.thread) == ("f/c~2", "")
    claim = town.arrive("u", label="f/c", thread="A", client_process=1)
    assert (claim.agent, claim.superseded) == (agent, (b"s",))


def test_two_conversations_of_one_client_do_not_supersede_each_other() -> None:
    town = Town()
    town.agent("s", label="f/c", thread="A", client_process=1)
    claim = town.arrive("t", label="f/c", thread="B", client_process=1)
    assert claim.agent is not None
    assert (claim.agent.name, claim.superseded) == ("f/c~2", ())


def test_without_a_conversation_only_such_an_agent_is_taken_up() -> None:
    town = Town()
    told, silent = town.agent("s", label="f/c", thread="A"), town.agent("t", label="f/c")
    town.depart("s")
    town.depart("t")
    assert town.agent("u", label="f/c") is silent
    assert town.agent("v", label="f/c", thread="A") is told


# ---------------------------------------------------------------- hello again


def test_a_session_that_says_hello_again_keeps_its_agent() -> None:
    town = Town()
    town.agent("s", agent="alice")
    second = town.agent("t", agent="alice")
    town.depart("s")
    assert town.agent("t", agent="alice") is second, "its number stays, it has told it to others"
    town.register("t", "bob")
    assert town.agent("t", agent="alice") is second
    assert town.agent("t", agent="bob") is second
    assert list(second.holders) == [b"t"]


def test_a_conversation_that_is_told_later_belongs_to_the_agent() -> None:
    town = Town()
    agent = town.agent("s", label="f/c")
    assert town.agent("s", label="f/c", thread="A") is agent
    assert agent.thread == "A"
    assert town.agent("s", label="f/c") is agent


def test_a_session_that_tells_a_known_conversation_later_becomes_its_agent() -> None:
    town = Town()
    agent = town.agent("r", label="f/c", thread="A")
    town.depart("r")
    waiting = town.agent("s", label="f/c")
    claim = town.arrive("s", label="f/c", thread="A", when=4)
    assert (claim.agent, claim.left) == (agent, waiting)
    assert (waiting.is_gone, waiting.since) == (True, 1004.0)


def test_a_session_that_goes_on_to_another_conversation_leaves_its_agent() -> None:
    town = Town()
    agent = town.agent("s", label="f/c", thread="A")
    claim = town.arrive("s", label="f/c", thread="B")
    assert claim.agent is not None
    assert (claim.agent.name, claim.left) == ("f/c~2", agent)
    assert town.agent("s", label="f/c", thread="A") is agent


# ---------------------------------------------------------------- looking


def test_an_unknown_name_is_refused_with_near_ones() -> None:
    town = Town()
    town.agent("s", agent="alice")
    with pytest.raises(UnknownAgent, match=r"called alcie. Did you mean alice\? list_agents"):
        town.registry.resolve("alcie")
    with pytest.raises(UnknownAgent, match=r"signalpost sends the results of tasks"):
        town.registry.resolve("signalpost")
    with pytest.raises(BadRequest, match="may not contain"):
        town.registry.resolve("a b")


def test_agents_are_listed_by_name_and_addressed_in_the_order_of_their_coming() -> None:
    town = Town()
    zoe, bob, eve = (town.agent(n, agent=n) for n in ("zoe", "bob", "eve"))
    town.register("zoe", "zoe", role="consumer")
    town.register("bob", "bob", role="publisher")
    assert town.names() == ["bob", "eve", "person", "zoe"]
    assert town.registry.everyone(None) == [zoe, bob, eve]
    assert town.registry.everyone(bob) == [zoe, eve]
    assert town.registry.with_role("consumer", None) == [zoe, eve]
    assert town.registry.with_role("publisher", eve) == [bob]
    assert town.registry.with_role("both", None) == [eve]
    assert town.registry.by_id(zoe.id) is zoe
    assert town.registry.by_id(99) is None


def test_an_agent_is_as_active_as_its_sessions() -> None:
    town = Town()
    agent = town.agent("s", agent="alice", when=3)
    assert agent.active == 3.0
    town.registry.touch(b"s", 8.0)
    town.registry.touch(b"nobody", 9.0)
    assert agent.active == 8.0
