from signalpost.actors.agent import Agent, Holder
from signalpost.actors.agent_row import agent_of, row_of_agent


def test_an_agent_comes_back_with_nobody_speaking_for_it() -> None:
    agent = Agent(
        id=4,
        name="alice",
        role="consumer",
        description="builds",
        inbox_bound=9,
        named=True,
        thread="t",
        client="codex",
        pid=77,
        working_directory="/src",
        since=5.0,
        acted=False,
        active=3.0,
        holders={b"s": Holder("bridge", 1)},
    )
    found = agent_of(row_of_agent(agent))
    assert found.is_gone
    assert (found.id, found.name, found.role, found.description) == (
        4,
        "alice",
        "consumer",
        "builds",
    )
    assert (found.inbox_bound, found.named, found.thread, found.client) == (9, True, "t", "codex")
    assert (found.pid, found.working_directory, found.since) == (77, "/src", 5.0)
    assert not found.acted
