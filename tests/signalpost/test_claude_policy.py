"""What an organisation's files for Claude Code forbid; none of the machine's own is looked at."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from signalpost.claude_policy import policy
from signalpost.client_kind import Place
from signalpost.server_entry import Members

COMMAND = ["/opt/signalpost", "mcp"]
ENTRY: Members = {"command": COMMAND[0], "args": COMMAND[1:]}
OURS = {"serverName": "signalpost"}
OTHER = {"serverName": "github"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(home=tmp_path / "home", environment={"TOOLS": "/opt"}, root=tmp_path / "root")


def write(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def managed(place: Place, name: str = "managed-settings.json", **value: object) -> Path:
    return write(place.claude_managed() / name, value)


def own(place: Place, **value: object) -> Path:
    return write(place.home / ".claude" / "settings.json", value)


def said(place: Place) -> list[tuple[str, str]]:
    return [(each.what, each.why) for each in policy(place).obstacles(ENTRY)]


def test_without_files_nothing_is_in_the_way(place: Place) -> None:
    assert said(place) == []
    own(place, theme="dark")
    managed(place, model="opus", allowManagedHooksOnly=False)
    assert said(place) == []


def test_the_files_lie_where_the_client_looks(tmp_path: Path) -> None:
    linux = Place(home=tmp_path, environment={})
    mac = Place(home=tmp_path, environment={}, mac=True)
    assert linux.claude_managed() == Path("/etc/claude-code")
    assert mac.claude_managed() == Path("/Library/Application Support/ClaudeCode")


# ---------------------------------------------------------------- hooks


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"disableAllHooks": True}, "disableAllHooks in PATH: no hook is run."),
        (
            {"allowManagedHooksOnly": True},
            "allowManagedHooksOnly in PATH: only hooks of the organisation are run.",
        ),
        (
            {"strictPluginOnlyCustomization": ["hooks"]},
            "strictPluginOnlyCustomization in PATH: hooks are taken from plugins only.",
        ),
    ],
)
def test_what_keeps_hooks_from_running_is_told_with_its_file(
    place: Place, value: dict[str, object], told: str
) -> None:
    path = write(place.claude_managed() / "managed-settings.json", value)
    assert said(place) == [("hooks", told.replace("PATH", str(path)))]


def test_the_users_own_settings_switch_hooks_off_too_but_not_by_what_is_the_organisations(
    place: Place,
) -> None:
    path = own(place, disableAllHooks=True)
    assert said(place) == [("hooks", f"disableAllHooks in {path}: no hook is run.")]
    managed(place, disableAllHooks=False)
    assert said(place) == []
    own(place, allowManagedHooksOnly=True, strictPluginOnlyCustomization=True)
    assert said(place) == []


def test_of_several_files_of_the_organisation_the_last_one_counts(place: Place) -> None:
    managed(place, allowManagedHooksOnly=True)
    managed(place, "managed-settings.d/20.json", allowManagedHooksOnly=False)
    managed(place, "managed-settings.d/.30.json", allowManagedHooksOnly=True)
    managed(place, "managed-settings.d/30.txt", allowManagedHooksOnly=True)
    assert said(place) == []
    path = managed(place, "managed-settings.d/25.json", allowManagedHooksOnly=True)
    assert [why for _, why in said(place)] == [
        f"allowManagedHooksOnly in {path}: only hooks of the organisation are run."
    ]


# ---------------------------------------------------------------- the server


def test_a_file_of_servers_keeps_out_all_others(place: Place) -> None:
    path = managed(place, "managed-mcp.json", mcpServers={})
    assert said(place) == [
        ("server", f"{path}: Claude Code loads the servers in it and no others.")
    ]
    managed(place, "managed-mcp.json", mcpServers={"post": {"command": "signalpost"}})
    assert said(place)
    there = {"command": "/usr/bin/signalpost", "args": ["mcp"]}
    managed(place, "managed-mcp.json", mcpServers={"post": there})
    assert said(place) == []


@pytest.mark.parametrize("entry", [OURS, {"serverCommand": COMMAND}])
def test_a_server_that_anybody_denies_is_not_used(place: Place, entry: object) -> None:
    for path in (managed(place, deniedMcpServers=[OTHER]), own(place, deniedMcpServers=[OTHER])):
        assert said(place) == []
        write(path, {"deniedMcpServers": [OTHER, entry], "allowedMcpServers": [OURS]})
        assert said(place) == [
            ("server", f"deniedMcpServers in {path} names the server signalpost.")
        ]
        path.unlink()


@pytest.mark.parametrize(
    ("listed", "used"),
    [
        ([], False),
        ([OTHER], False),
        ([OTHER, OURS], True),
        ([{"serverCommand": COMMAND}], True),
        ([{"serverCommand": ["${TOOLS}/signalpost", "${NONE:-mcp}"]}], True),
        ([{"serverCommand": ["/opt/signalpost"]}], False),
        ([OURS, {"serverCommand": ["npx", "x"]}], False),
        ([OURS, {"serverUrl": "https://example.com/*"}], True),
    ],
)
def test_a_server_that_is_not_among_those_allowed_is_not_used(
    place: Place, listed: list[object], used: bool
) -> None:
    path = managed(place, allowedMcpServers=listed)
    told = f"allowedMcpServers in {path} does not name the server signalpost."
    assert said(place) == ([] if used else [("server", told)])


def test_the_user_may_allow_more_unless_that_is_the_organisations_alone(place: Place) -> None:
    managed(place, allowedMcpServers=[OTHER])
    own(place, allowedMcpServers=[OURS])
    assert said(place) == []
    managed(place, allowedMcpServers=[OTHER], allowManagedMcpServersOnly=True)
    assert [what for what, _ in said(place)] == ["server"]


def test_servers_may_be_those_of_plugins_only(place: Place) -> None:
    path = managed(place, strictPluginOnlyCustomization=["mcp", "skills"])
    told = f"strictPluginOnlyCustomization in {path}: servers are taken from plugins only."
    assert said(place) == [("server", told)]
    managed(place, strictPluginOnlyCustomization=True)
    assert [what for what, _ in said(place)] == ["server", "hooks"]


# ---------------------------------------------------------------- what cannot be read


def test_what_cannot_be_read_is_told_and_nothing_is_claimed_of_it(place: Place) -> None:
    path = managed(place)
    path.write_text("{")
    assert said(place)[0][0] == ""
    assert said(place)[0][1].startswith(f"{path} cannot be read: no valid JSON at line 1")
    path.write_bytes(b"\xff")
    assert "cannot be read" in said(place)[0][1]
    path.unlink()
    os.mkfifo(path)
    assert said(place) == [("", f"{path} cannot be read: it is a named pipe, not a file.")]


@pytest.mark.parametrize("value", ["", "[]", '{"deniedMcpServers": 1, "allowedMcpServers": {}}'])
def test_what_makes_no_sense_forbids_nothing(place: Place, value: str) -> None:
    write(place.claude_managed() / "managed-settings.json", value)
    assert said(place) == []
