from __future__ import annotations

from signalpost.transport import letters, mail, messages
from signalpost.transport.older import as_of


def agents(presence: letters.Presence) -> mail.Agents:
    return mail.Agents(
        agents=[
            letters.AgentState(
                name="bob",
                role="both",
                description="",
                presence=presence,
                client="",
                pid=0,
                working_directory="",
                since=0,
                depth=0,
            )
        ]
    )


def sent(presence: letters.Presence) -> mail.Sent:
    return mail.Sent(sent=[letters.SentMessage("bob", "m1", "stored", presence)])


def test_who_does_not_know_that_agents_may_be_blocked_hears_that_they_work() -> None:
    assert as_of(0, agents("blocked")) == agents("working")
    assert as_of(0, sent("blocked")) == sent("working")
    assert as_of(0, sent("idle")) == sent("idle")


def test_who_knows_it_hears_it_and_all_else_is_as_it_was() -> None:
    assert as_of(messages.MINOR, agents("blocked")) == agents("blocked")
    assert as_of(0, messages.Accepted()) == messages.Accepted()
