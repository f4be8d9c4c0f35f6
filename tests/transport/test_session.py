from __future__ import annotations

import pytest

from signalpost.transport.messages import Hello
from signalpost.transport.session import (
    LOST_SECONDS,
    PERSON,
    SILENCE_SECONDS,
    Session,
    Sessions,
)

HELLO = Hello(software="1", kind="bridge", agent="alice")


@pytest.fixture
def sessions() -> Sessions:
    """One session, opened at second 0 as token ``t`` on connection ``i``."""
    sessions = Sessions()
    sessions.open(b"t", b"i", 77, HELLO, 0.0)
    return sessions


def test_a_session_is_known_by_its_token_on_its_connection(sessions: Sessions) -> None:
    session = sessions.get(b"t")
    assert session is not None
    assert sessions.hear(b"i", b"t", 1.0) is session
    assert sessions.hear(b"i", b"other", 1.0) is None
    assert sessions.hear(b"j", b"t", 1.0) is None
    assert len(sessions) == 1


def test_silence_ends_a_session(sessions: Sessions) -> None:
    sessions.hear(b"i", b"t", 5.0)
    assert sessions.next_deadline() == 5.0 + SILENCE_SECONDS
    assert sessions.expire(5.0 + SILENCE_SECONDS - 0.1) == []
    assert [s.token for s in sessions.expire(5.0 + SILENCE_SECONDS)] == [b"t"]
    assert sessions.hear(b"i", b"t", 36.0) is None
    assert sessions.next_deadline() is None


def test_another_s_words_are_no_proof_of_life(sessions: Sessions) -> None:
    sessions.hear(b"i", b"forged", 5.0)
    assert sessions.next_deadline() == SILENCE_SECONDS


def test_the_death_of_its_process_ends_a_session_soon(sessions: Sessions) -> None:
    session = sessions.get(b"t")
    assert session is not None
    sessions.lose(b"t", 3.0)
    sessions.lose(b"t", 7.0)  # it dies once
    sessions.lose(b"unknown", 7.0)
    assert not session.connected
    assert sessions.next_deadline() == 3.0 + LOST_SECONDS
    assert sessions.expire(3.0 + LOST_SECONDS) == [session]
    assert sessions.get(b"t") is None


def test_a_lost_session_can_be_taken_up_again(sessions: Sessions) -> None:
    sessions.lose(b"t", 3.0)
    again = Hello(software="1", kind="bridge", agent="bob")
    session = sessions.resume(b"t", b"j", again, 4.0)
    assert session is not None
    assert (session.connected, session.identity, session.hello) == (True, b"j", again)
    assert sessions.hear(b"j", b"t", 5.0) is session
    assert sessions.hear(b"i", b"t", 5.0) is None
    assert sessions.expire(5.0 + SILENCE_SECONDS - 1) == []


def test_an_unknown_session_cannot_be_taken_up(sessions: Sessions) -> None:
    assert sessions.resume(b"x", b"j", HELLO, 1.0) is None
    assert len(sessions) == 1


def test_a_closed_session_is_gone_at_once(sessions: Sessions) -> None:
    closed = sessions.close(b"t")
    assert closed is not None
    assert closed.token == b"t"
    assert sessions.close(b"t") is None
    assert sessions.hear(b"i", b"t", 1.0) is None
    assert len(sessions) == 0


def test_a_hello_sent_twice_leaves_the_later_session_in_place(sessions: Sessions) -> None:
    later = sessions.open(b"u", b"i", 77, HELLO, 10.0)
    assert sessions.hear(b"i", b"u", 11.0) is later
    assert [s.token for s in sessions.expire(SILENCE_SECONDS)] == [b"t"]
    assert sessions.hear(b"i", b"u", 31.0) is later


def test_a_stopped_broker_blames_nobody_for_its_own_silence(sessions: Sessions) -> None:
    sessions.open(b"u", b"j", 78, HELLO, 0.0)
    sessions.lose(b"u", 1.0)
    sessions.extend(100.0)
    assert sessions.next_deadline() == 101.0 + LOST_SECONDS
    assert [s.token for s in sessions.expire(101.0 + LOST_SECONDS)] == [b"u"]
    assert sessions.next_deadline() == 100.0 + SILENCE_SECONDS


def session_of(**said: str) -> Session:
    hello = Hello(software="1", **{"kind": "bridge", **said})  # type: ignore[arg-type]
    return Session(b"\x01\x02", b"i", 77, hello, 0.0)


@pytest.mark.parametrize(
    ("said", "shown", "principal"),
    [
        ({"agent": "alice", "thread": "t1", "label": "src/codex"}, "alice", "agent:alice"),
        ({"thread": "t1", "label": "src/codex"}, "src/codex", "thread:t1"),
        ({"label": "src/codex"}, "src/codex", "session:0102"),
        ({}, "bridge", "session:0102"),
        ({"kind": "client"}, "client", "session:0102"),
        ({"kind": "door", "agent": "alice", "thread": "t1"}, "alice", "session:0102"),
    ],
)
def test_the_owner_is_the_agent_else_its_conversation_else_itself(
    said: dict[str, str], shown: str, principal: str
) -> None:
    session = session_of(**said)
    assert (session.shown_as, session.principal) == (shown, principal)
    assert not session.is_person


def test_the_command_line_speaks_for_the_person() -> None:
    session = session_of(kind="cli", agent="alice")
    assert session.is_person
    assert session.shown_as == PERSON


def test_who_missed_something_says_hello_again_and_keeps_the_session(sessions: Sessions) -> None:
    session = sessions.get(b"t")
    sessions.missed(b"i")
    sessions.missed(b"unknown")
    assert sessions.hear(b"i", b"t", 1.0) is None
    assert sessions.resume(b"t", b"i", HELLO, 2.0) is session
    assert sessions.hear(b"i", b"t", 3.0) is session
