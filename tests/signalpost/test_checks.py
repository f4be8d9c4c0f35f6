from __future__ import annotations

import pytest

from signalpost import checks
from tests.signalpost.post_office import agent, inbox


@pytest.mark.parametrize(
    ("version", "state"),
    [("3.40.1", "warning"), ("3.51.2", "warning"), ("3.51.3", "ok"), ("4.0.0", "ok")],
)
def test_sqlite_with_the_wal_reset_bug_is_a_warning(version: str, state: str) -> None:
    check = checks.sqlite("sqlite", version)
    assert check.state == state
    assert ("WAL-reset" in check.remedy) == (state == "warning")


@pytest.mark.parametrize(
    ("hard", "state"), [(100, "wrong"), (255, "wrong"), (256, "warning"), (1024, "ok")]
)
def test_too_few_open_files_are_wrong(hard: int, state: str) -> None:
    assert checks.open_files(100, hard).state == state


def test_no_limit_of_open_files_is_fine() -> None:
    assert checks.open_files(1024, -1).state == "ok"


def test_a_complaint_about_a_folder_is_wrong_and_shown() -> None:
    assert checks.folder("run", "/x", "") == checks.Check("run", "/x")
    assert checks.folder("run", "/x", "open to others").state == "wrong"


def test_another_version_of_the_broker_is_a_warning_with_the_remedy() -> None:
    assert checks.broker_version("1.0", "1.0").state == "ok"
    assert "signalpost stop" in checks.broker_version("1.0", "1.1").remedy


def test_settings_that_differ_from_the_file_are_named() -> None:
    same = {"--grace": "5", "--queue": ""}
    assert checks.settings(same, same).state == "ok"
    check = checks.settings({"--grace": "2", "--queue": "a=2"}, same)
    assert check.state == "warning"
    assert "--grace 2 --queue a=2" in check.found
    assert "--grace 5, --queue (none)" in check.remedy


def test_agents_are_counted_by_presence() -> None:
    known = [agent(), agent(presence="gone"), agent(presence="gone")]
    assert checks.agents(known).found == "3 known: 2 gone, 1 idle"
    assert checks.agents([]).found == "0 known"


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"depth": 799}, "ok"),
        ({"depth": 800}, "warning"),
        ({"depth": 1, "waiting_senders": 1}, "warning"),
        ({"depth": 8, "max_size": 10}, "warning"),
    ],
)
def test_an_inbox_that_is_nearly_full_is_a_warning_and_named(
    fields: dict[str, int], state: str
) -> None:
    check = checks.inboxes([inbox(agent="bob"), inbox(**fields)])
    assert check.state == state
    assert ("alice" in check.found) == (state == "warning")
    assert "bob" not in check.found


def test_dead_letters_are_a_warning_with_the_remedy() -> None:
    assert checks.dead_letters(0, 100).state == "ok"
    assert checks.dead_letters(3, 100).found == "3"
    check = checks.dead_letters(100, 100)
    assert (check.state, check.found) == ("warning", "100 or more")
    assert "signalpost dead list" in check.remedy
