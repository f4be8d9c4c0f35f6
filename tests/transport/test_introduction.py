"""Under which name a client returns."""

from __future__ import annotations

import msgspec
import pytest

from signalpost.transport.introduction import Introduction
from signalpost.transport.messages import Hello
from tests.transport.postman import named
from tests.transport.stand_in_broker import WELCOME

ALICE = Hello(software="test", kind="bridge", agent="alice")
UNNAMED = Hello(software="test", kind="bridge", thread="t", label="app/codex")


def test_the_name_in_force_is_the_broker_s_word(caplog: pytest.LogCaptureFixture) -> None:
    introduction = Introduction(ALICE, ())
    assert introduction.agent == ""
    introduction.welcomed(named("alice"), new=True)
    assert introduction.agent == "alice"
    assert caplog.text == ""


def test_another_name_than_wished_is_told_once_and_kept_for_the_next_broker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    introduction = Introduction(ALICE, ())
    for _ in range(2):
        introduction.welcomed(named("alice~2"), new=True)
    assert introduction.hello.agent == "alice~2"
    assert [r.getMessage() for r in caplog.records] == [
        "asked for the name alice, acting as alice~2"
    ]


def test_an_unnamed_one_stays_unnamed_under_the_label_it_got(
    caplog: pytest.LogCaptureFixture,
) -> None:
    introduction = Introduction(UNNAMED, ())
    introduction.welcomed(named("app/codex~2"), new=True)
    assert introduction.agent == "app/codex~2"
    assert introduction.hello == msgspec.structs.replace(UNNAMED, label="app/codex~2")
    assert caplog.text == ""


def test_a_broker_that_knows_no_agents_changes_nothing() -> None:
    introduction = Introduction(ALICE, ())
    introduction.welcomed(WELCOME, new=True)
    assert (introduction.agent, introduction.hello) == ("", ALICE)


def test_a_name_that_was_registered_is_said_from_then_on() -> None:
    introduction = Introduction(UNNAMED, ())
    introduction.registered("bob")
    assert (introduction.agent, introduction.hello.agent) == ("bob", "bob")


def test_whoever_unregistered_claims_no_name_again() -> None:
    introduction = Introduction(ALICE, ())
    introduction.welcomed(named("alice"), new=True)
    introduction.withdraw()
    assert (introduction.agent, introduction.hello.agent, introduction.hello.label) == ("", "", "")
    assert not introduction.superseded


def test_whoever_was_superseded_leaves_the_name_to_the_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    introduction = Introduction(ALICE, ())
    introduction.supersede("alice")
    assert introduction.superseded
    assert (introduction.agent, introduction.hello.agent) == ("", "")
    assert "another session of this program acts for alice now" in caplog.text
    introduction.registered("bob")
    assert not introduction.superseded


def test_unmet_wishes_are_told_of_new_sessions_only(caplog: pytest.LogCaptureFixture) -> None:
    introduction = Introduction(ALICE, ["--grace", "9"])
    introduction.welcomed(WELCOME, new=False)
    assert caplog.text == ""
    introduction.welcomed(WELCOME, new=True)
    assert "other settings than asked: --grace 9 (in force: none)" in caplog.text
