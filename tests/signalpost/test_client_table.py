from __future__ import annotations

from pathlib import Path

import pytest

from signalpost.client_edits import FormerFile, FormerItem
from signalpost.client_hooks import HookWishes
from signalpost.client_kind import ClientKind, Place, Wishes
from signalpost.client_table import CLIENTS
from signalpost.setup import Scope, edits_of
from signalpost.setup_commands import NAMES

HOME = Path("/home/alice")
PLACE = Place(home=HOME, environment={})
PROGRAM = ("/opt/bin/signalpost",)
WISHES = Wishes(program=PROGRAM, variables=("JAVA_HOME",), hooks=HookWishes(program=PROGRAM))
KINDS = {kind.name: kind for kind in CLIENTS}


def test_the_command_knows_every_client_of_the_table() -> None:
    assert [kind.name for kind in CLIENTS] == list(NAMES)


@pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: kind.name)
def test_every_entry_runs_this_program_by_its_full_path_under_the_agents_name(
    kind: ClientKind,
) -> None:
    named = Wishes(program=PROGRAM, agent="alice", hooks=WISHES.hooks)
    [edit] = kind.entries(PLACE, named)
    text = edit.change.put("")
    assert "/opt/bin/signalpost" in text
    assert '"mcp"' in text
    assert '"alice"' in text


@pytest.mark.parametrize(
    ("client", "word"), [("codex", "default_tools_approval_mode"), ("gemini", '"trust"')]
)
def test_unasked_tools_are_allowed_only_when_that_is_wanted(client: str, word: str) -> None:
    def written(text: str, allow: bool | None) -> str:
        wishes = Wishes(program=PROGRAM, allow=allow, hooks=WISHES.hooks)
        [edit] = KINDS[client].entries(PLACE, wishes)
        return edit.change.put(text)

    bare = written("", None)
    assert word not in bare
    allowed = written(bare, allow=True)
    assert word in allowed
    assert written(allowed, None) == allowed
    assert written(allowed, allow=False) == bare


def test_a_bare_environment_is_completed_by_names_or_by_a_login_shell() -> None:
    def options(client: str, login_env: bool | None) -> str:
        wishes = Wishes(program=PROGRAM, login_env=login_env, hooks=WISHES.hooks)
        return str(KINDS[client].entries(PLACE, wishes)[0].change.put(""))

    bare = [kind.name for kind in CLIENTS if "--login-env" in options(kind.name, None)]
    assert bare == ["claude-desktop", "cline"]
    assert all("--login-env" in options(kind.name, True) for kind in CLIENTS)
    assert not any("--login-env" in options(kind.name, False) for kind in CLIENTS)


def test_the_clients_own_variables_say_where_their_files_are() -> None:
    named = {
        "CODEX_HOME": "/c",
        "CLAUDE_CONFIG_DIR": "/d",
        "GEMINI_CLI_HOME": "/g",
        "COPILOT_HOME": "/p",
        "XDG_CONFIG_HOME": "/x",
        "CLINE_MCP_SETTINGS_PATH": "/l/s.json",
    }

    def path(client: str, place: Place) -> str:
        return str(KINDS[client].entries(place, WISHES)[-1].path)

    own = Place(home=HOME, environment=named, exists=lambda _: True)
    assert path("codex", own) == "/c/config.toml"
    assert path("claude-code", own) == "/d/.claude.json"
    assert path("gemini", own) == "/g/.gemini/settings.json"
    assert path("copilot", own) == "/p/mcp-config.json"
    assert path("opencode", own) == "/x/opencode/opencode.json"
    assert path("amp", own) == "/x/amp/settings.json"
    assert path("cline", own) == "/l/s.json"
    relative = Place(home=HOME, environment={"CODEX_HOME": "c", "XDG_CONFIG_HOME": ""})
    assert path("codex", relative) == "/home/alice/.codex/config.toml"
    assert path("amp", relative) == "/home/alice/.config/amp/settings.json"
    commented = Place(home=HOME, environment={}, exists=lambda each: each.suffix == ".jsonc")
    assert path("opencode", commented) == "/home/alice/.config/opencode/opencode.jsonc"


def test_on_a_mac_programs_with_a_window_have_another_folder() -> None:
    mac = Place(home=HOME, environment={"XDG_CONFIG_HOME": "/x"}, mac=True)
    paths = {kind.name: str(kind.entries(mac, WISHES)[0].path) for kind in CLIENTS}
    support = "/home/alice/Library/Application Support"
    assert paths["claude-desktop"] == f"{support}/Claude/claude_desktop_config.json"
    assert paths["vscode"] == f"{support}/Code/User/mcp.json"
    assert paths["cline"].startswith(f"{support}/Code/User/globalStorage/saoudrizwan.claude-dev/")
    assert paths["opencode"] == "/x/opencode/opencode.json"


def test_another_state_folder_is_named_wherever_we_are_run() -> None:
    where = "/srv/my state"
    hooks = HookWishes(program=PROGRAM, data_dir=where)
    wishes = Wishes(program=PROGRAM, data_dir=where, hooks=hooks)
    for kind in CLIENTS:
        for edit in edits_of(kind, PLACE, wishes, Scope(hooks=True, instructions=False)):
            is_former = isinstance(edit.change, FormerFile | FormerItem)
            assert is_former or where in edit.change.put(""), edit
