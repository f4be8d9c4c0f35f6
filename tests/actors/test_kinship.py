from __future__ import annotations

from signalpost.actors.agent import Agent, Holder
from signalpost.actors.ancestry import Process
from signalpost.actors.kinship import below, in_thread


def spoken_for(number: int, client: Process | None, active: float = 0) -> Agent:
    agent = Agent(number, f"agent-{number}", active=active)
    agent.hold(b"%d" % number, Holder("bridge", client))
    return agent


def test_the_agent_of_the_nearest_client_is_meant() -> None:
    outer, inner = spoken_for(2, (10, 1.0)), spoken_for(3, (20, 2.0))
    assert below([outer, inner], [(30, 3.0), (20, 2.0), (10, 1.0)]) is inner


def test_another_process_of_the_same_number_is_another_client() -> None:
    assert below([spoken_for(2, (10, 1.0))], [(10, 5.0)]) is None


def test_of_two_agents_of_one_client_the_one_that_worked_last_is_meant() -> None:
    early, late = spoken_for(2, (10, 1.0), 5), spoken_for(3, (10, 1.0), 9)
    assert below([late, early], [(10, 1.0)]) is late


def test_a_program_has_no_client_and_is_meant_by_nobody() -> None:
    program = Agent(2, "program")
    program.hold(b"s", Holder("client", None))
    assert below([program, spoken_for(3, None)], [(10, 1.0)]) is None


def test_a_conversation_finds_its_agent_and_none_finds_nobody() -> None:
    talking, silent = Agent(2, "a", thread="t-1"), Agent(3, "b")
    assert in_thread([silent, talking], "t-1") is talking
    assert in_thread([silent, talking], "t-2") is None
    assert in_thread([silent, talking], "") is None


def test_whose_bridge_is_to_come_back_after_a_restart_is_found_too() -> None:
    agent = Agent(2, "alice", awaited=Holder("bridge", (10, 1.0)))
    assert below([agent], [(10, 1.0)]) is agent
