"""What Claude Code's settings allow, as they lie on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from signalpost.bypass import ANYTHING
from signalpost.claude_rules import permissions, rules
from signalpost.client_kind import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(home=tmp_path / "home", environment={})


def settings(folder: Path, *, name: str = "settings.json", **permissions: object) -> Path:
    path = folder / ".claude" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"permissions": permissions}))
    return path


def test_the_rules_of_user_and_project_count_each_once(place: Place, tmp_path: Path) -> None:
    settings(place.home, allow=["Bash(make:*)", "Read", 5])
    settings(tmp_path, allow=["Bash(make:*)"], deny="no list")
    settings(tmp_path, name="settings.local.json", allow=["Bash(npm *)"])
    assert rules(place, tmp_path) == ["Bash(make:*)", "Read", "Bash(npm *)"]


@pytest.mark.parametrize("stronger", ["deny", "ask"])
def test_what_any_file_refuses_or_asks_is_allowed_by_none(
    place: Place, tmp_path: Path, stronger: str
) -> None:
    settings(place.home, allow=["Bash(make:*)", "Bash(npm *)"])
    settings(tmp_path, name="settings.local.json", **{stronger: ["Bash(make:*)"]})
    assert rules(place, tmp_path) == ["Bash(npm *)"]


def test_a_client_that_asks_for_nothing_lets_everything_pass(place: Place, tmp_path: Path) -> None:
    settings(place.home, defaultMode="acceptEdits")
    assert rules(place, tmp_path) == []
    settings(tmp_path, defaultMode="bypassPermissions")
    assert rules(place, tmp_path) == [ANYTHING]


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000])
def test_a_file_that_cannot_be_read_is_named_and_hides_no_other(
    place: Place, tmp_path: Path, content: bytes
) -> None:
    settings(place.home, allow=["Bash(make:*)"])
    broken = settings(tmp_path)
    broken.write_bytes(content)
    found = permissions(place, tmp_path)
    assert (found.in_force, found.unread) == (["Bash(make:*)"], [str(broken)])


def test_a_file_that_is_user_and_project_at_once_is_named_once(tmp_path: Path) -> None:
    settings(tmp_path).write_text("{")
    assert len(permissions(Place(home=tmp_path, environment={}), tmp_path).unread) == 1


def test_without_a_project_the_users_rules_are_left(place: Place) -> None:
    settings(place.home, allow=["Bash"])
    assert permissions(place, None).in_force == ["Bash"]
