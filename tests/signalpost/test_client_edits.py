from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from signalpost.client_edits import Block, Edit
from signalpost.client_hooks import HookWishes
from signalpost.client_table import CLIENTS, ClientKind, Place, Wishes
from signalpost.markers import MARKDOWN
from signalpost.setup import Scope, edits_of
from signalpost.setup_commands import NAMES
from signalpost.transport.errors import BadRequest

HOME = Path("/home/alice")
PLACE = Place(home=HOME, environment={})
PROGRAM = ("/opt/bin/signalpost",)
WISHES = Wishes(
    program=PROGRAM, variables=("JAVA_HOME",), hooks=HookWishes(program=PROGRAM, wait=60)
)
KINDS = {kind.name: kind for kind in CLIENTS}
JSON = {
    "missing": "",
    "by hand": '{\n  // mine\n  "theme": "dark", // because\n  "list": [1, 2,],\n}\n',
    "with servers": '{\n\t"mcpServers": {\n\t\t"other": {"command": "x", "args": []}\n\t}\n}',
    "windows": '{\r\n  "theme": "dark"\r\n}\r\n',
    "bom": '\ufeff{\n  "theme": "dark"\n}\n',
    "hooks of others": '{\n  "hooks": {\n    "Stop": [\n      {"hooks": [{"type": "command", "command": "x"}]}\n    ]\n  }\n}\n',
}
TOML = {
    "missing": "",
    "by hand": '# mine\nmodel = "gpt-5" # good\n\n[mcp_servers.other]\ncommand = "x"\n',
    "windows": 'model = "gpt-5"\r\n',
    "bom": '\ufeffmodel = "gpt-5"\n',
}
EVERY = [edit for kind in CLIENTS for edit in edits_of(kind, PLACE, WISHES, Scope())]
OF_JSON = [edit for edit in EVERY if edit.path.suffix == ".json"]


def test_the_command_knows_every_client_of_the_table() -> None:
    assert [kind.name for kind in CLIENTS] == list(NAMES)


def shown(edit: Edit) -> str:
    return f"{edit.path.relative_to(HOME)} {edit.what}"


@pytest.mark.parametrize("text", JSON.values(), ids=JSON)
@pytest.mark.parametrize("edit", OF_JSON, ids=shown)
def test_an_edit_of_json_is_made_once_and_taken_back_to_the_last_byte(
    edit: Edit, text: str
) -> None:
    once = edit.change.put(text)
    assert once != text
    assert edit.change.put(once) == once
    if text and "hooksConfig" not in once and '"version": 1' not in once:
        assert edit.change.remove(once) == text


@pytest.mark.parametrize("text", TOML.values(), ids=TOML)
def test_an_edit_of_toml_is_made_once_and_taken_back_to_the_last_byte(text: str) -> None:
    [edit] = [edit for edit in EVERY if edit.path.suffix == ".toml"]
    once = edit.change.put(text)
    table = tomllib.loads(once.removeprefix("\ufeff"))["mcp_servers"]["signalpost"]
    assert table == {
        "command": "/opt/bin/signalpost",
        "args": ["mcp", "--wait-budget", "3590"],
        "startup_timeout_sec": 30,
        "tool_timeout_sec": 3600,
        "env_vars": ["JAVA_HOME"],
    }
    assert edit.change.put(once) == once
    assert edit.change.remove(once) == text


@pytest.mark.parametrize(
    "text",
    ['[mcp_servers.signalpost]\ncommand = "x"\n', 'mcp_servers = {signalpost = {command = "x"}}\n'],
)
def test_a_table_that_is_not_ours_is_not_doubled(text: str) -> None:
    [edit] = [edit for edit in EVERY if edit.path.suffix == ".toml"]
    with pytest.raises(BadRequest, match="of its own"):
        edit.change.put(text)


def test_toml_that_is_none_is_refused_with_its_place() -> None:
    [edit] = [edit for edit in EVERY if edit.path.suffix == ".toml"]
    with pytest.raises(BadRequest, match="line 2"):
        edit.change.put('model = "x"\nnonsense\n')


def test_older_hooks_of_ours_are_replaced_and_those_of_others_stay() -> None:
    edit = hooks("claude-code")
    old = HookWishes(program=PROGRAM, gate="all")
    before = hooks("claude-code", old).change.put(JSON["hooks of others"])
    text = edit.change.put(before)
    assert "--gate all" not in text
    commands = [
        hook["command"] for item in json.loads(text)["hooks"]["Stop"] for hook in item["hooks"]
    ]
    assert commands == [
        "x",
        "/opt/bin/signalpost hook stop --client claude-code --gate tasks",
        "/opt/bin/signalpost wait --rewake",
    ]


def hooks(client: str, wishes: HookWishes = WISHES.hooks) -> Edit:
    kind = KINDS[client]
    assert kind.hooks is not None
    return kind.hooks(PLACE, Wishes(program=PROGRAM, hooks=wishes))


def test_claude_code_is_woken_by_a_hook_that_is_asynchronous_in_both_ways() -> None:
    written = json.loads(hooks("claude-code").change.put(""))["hooks"]
    for event in ("SessionStart", "Stop"):
        wakers = [h for item in written[event] for h in item["hooks"] if "asyncRewake" in h]
        assert [(h["async"], h["asyncRewake"], h["timeout"]) for h in wakers] == [
            (True, True, 86400)
        ]


@pytest.mark.parametrize(
    ("client", "event", "limit"), [("codex", "Stop", 90), ("gemini", "AfterAgent", 90_000)]
)
def test_a_stop_that_waits_for_mail_has_a_longer_limit_than_it_waits(
    client: str, event: str, limit: int
) -> None:
    [item] = json.loads(hooks(client).change.put(""))["hooks"][event]
    assert item["hooks"][0]["timeout"] == limit
    assert item["hooks"][0]["command"].endswith(" --gate tasks --wait 60")


@pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: kind.name)
def test_every_entry_runs_this_program_by_its_full_path_under_the_agents_name(
    kind: ClientKind,
) -> None:
    named = Wishes(program=PROGRAM, agent="alice", hooks=WISHES.hooks)
    text = kind.entry(PLACE, named).change.put("")
    assert "/opt/bin/signalpost" in text
    assert '"mcp"' in text
    assert '"alice"' in text


def test_unasked_tools_are_allowed_only_when_that_is_wanted() -> None:
    allowing = Wishes(program=PROGRAM, allow=True, hooks=WISHES.hooks)
    for client, word in (("codex", "default_tools_approval_mode"), ("gemini", '"trust": true')):
        assert word in KINDS[client].entry(PLACE, allowing).change.put("")
        assert word not in KINDS[client].entry(PLACE, WISHES).change.put("")


def test_the_clients_own_variables_say_where_their_files_are() -> None:
    place = Place(home=HOME, environment={"CODEX_HOME": "/c", "CLAUDE_CONFIG_DIR": "/d"})
    assert KINDS["codex"].entry(place, WISHES).path == Path("/c/config.toml")
    assert KINDS["claude-code"].entry(place, WISHES).path == Path("/d/.claude.json")
    mac = Place(home=HOME, environment={}, mac=True)
    assert KINDS["claude-desktop"].entry(mac, WISHES).path == HOME / (
        "Library/Application Support/Claude/claude_desktop_config.json"
    )


NOTES = {
    "missing": "",
    "by hand": "# Rules\n\nBe brief.\n",
    "windows": "# Rules\r\n\r\nBe brief.\r\n",
    "an empty line at the end": "# Rules\n\n",
}


@pytest.mark.parametrize("text", NOTES.values(), ids=NOTES)
def test_a_block_is_put_once_replaced_and_taken_back_to_the_last_byte(text: str) -> None:
    once = Block("old", MARKDOWN).put(text)
    new = Block("new", MARKDOWN).put(once)
    assert "old" not in new
    assert Block("new", MARKDOWN).put(new) == new
    assert Block("new", MARKDOWN).remove(new) == text


def test_what_a_person_writes_around_a_block_stays() -> None:
    text = Block("ours", MARKDOWN).put("before\n") + "after\n"
    assert Block("x", MARKDOWN).remove(text) == "before\nafter\n"
