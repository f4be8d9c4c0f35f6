from __future__ import annotations

import gc
import tracemalloc

from signalpost.actors.agent import EXPIRY_SECONDS, NOBODY, PERSON_ID, Agent, Holder
from tests.actors.arrivals import Town


def test_an_agent_for_whom_nobody_speaks_has_no_holders_of_its_own() -> None:
    agent = Agent(2, "alice")
    assert agent.is_gone
    assert agent.holders is NOBODY
    agent.hold(b"s", Holder("bridge", 1))
    assert not agent.is_gone
    agent.release(b"s")
    assert agent.holders is NOBODY


def test_who_looks_at_the_holders_keeps_what_it_saw() -> None:
    agent = Agent(2, "alice")
    agent.hold(b"s", Holder("client", None))
    seen = agent.holders
    agent.hold(b"t", Holder("client", None))
    assert list(seen) == [b"s"]
    assert list(agent.holders) == [b"s", b"t"]


def test_only_a_made_name_of_one_who_is_gone_expires() -> None:
    agent = Agent(2, "folder/client", named=False, since=100.0)
    assert agent.expires == 100.0 + EXPIRY_SECONDS
    agent.hold(b"s", Holder("bridge", 1))
    assert agent.expires is None
    assert Agent(3, "alice", since=100.0).expires is None


def test_programs_are_told_from_bridges_and_clients_by_their_process() -> None:
    agent = Agent(2, "alice")
    assert not agent.is_held_by_programs()
    assert not agent.is_held_by_client(7)
    agent.hold(b"s", Holder("client", None))
    assert agent.is_held_by_programs()
    assert not agent.is_held_by_client(7)
    agent.release(b"s")
    agent.hold(b"t", Holder("bridge", 7))
    assert agent.is_held_by_client(7)
    assert not agent.is_held_by_client(8)
    agent.release(b"t")
    agent.hold(b"u", Holder("bridge", None))
    assert not agent.is_held_by_client(None), "an unknown process is nobody's"


def test_the_person_is_told_by_its_number() -> None:
    assert Agent(PERSON_ID, "person").is_person
    assert not Agent(2, "alice").is_person


def test_the_garbage_collector_passes_agents_over() -> None:
    agent = Agent(2, "alice")
    agent.hold(b"s", Holder("bridge", 1))
    assert not gc.is_tracked(agent)


def test_ten_thousand_idle_agents_take_less_than_a_kibibyte_each() -> None:
    town, count = Town(), 10_000
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for n in range(count):
        # new strings, as they come from the wire
        thread, folder = f"0198a{n:031x}", "/home/me/" + "project"
        client, label = "claude" + "-code", "project/" + "claude-code" + str(n)
        town.agent("s", thread=thread, label=label, client=client, working_directory=folder)
        town.depart("s")
    town.registry.take_changes()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(town.registry.everyone(None)) == count
    assert used / count <= 1024, f"{used / count:.0f} bytes per agent"
