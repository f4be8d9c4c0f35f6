from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from signalpost import jsonc, toml_text
from signalpost.client_edits import Edit, FormerFile, FormerItem, JsonEntry, TomlEntry
from signalpost.client_hooks import HookWishes
from signalpost.client_kind import Place, Wishes
from signalpost.client_table import CLIENTS
from signalpost.jsonc_tree import Plain
from signalpost.server_entry import ServerEntry
from signalpost.setup import Scope, edits_of
from signalpost.transport.errors import BadRequest
from tests.signalpost.client_samples import HAND_EDITED, SAMPLES

HOME = Path("/home/alice")
PLACE = Place(home=HOME, environment={})
PROGRAM = ("/opt/bin/signalpost",)
WISHES = Wishes(
    program=PROGRAM, variables=("JAVA_HOME",), hooks=HookWishes(program=PROGRAM, wait=60)
)
KINDS = {kind.name: kind for kind in CLIENTS}
FORMER = (FormerFile, FormerItem)
EVERY = [
    (kind.name, edit)
    for kind in CLIENTS
    for edit in edits_of(kind, PLACE, WISHES, Scope(hooks=True, instructions=False))
    if not isinstance(edit.change, FORMER)
]
IN_SAMPLES = [
    pytest.param(edit, SAMPLES[key], id=f"{key[1]} {edit.what}")
    for name, edit in EVERY
    if (key := (name, str(edit.path.relative_to(HOME)))) in SAMPLES
]
ENTRIES = [
    pytest.param(edit.change, id=name)
    for name, edit in EVERY
    if isinstance(edit.change, JsonEntry | TomlEntry)
]
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "windows": lambda text: text.replace("\n", "\r\n"),
    "bom": lambda text: "\ufeff" + text,
    "no last line break": lambda text: text.rstrip("\n"),
    "blank": lambda _text: "\n",
    "missing": lambda _text: "",
}


def plain(edit: Edit, text: str) -> Plain:
    if edit.path.suffix == ".toml":
        return toml_text.read(text)
    return jsonc.get(text, ())


def test_there_is_a_sample_for_every_file_that_is_shared_with_others() -> None:
    edited = {(name, str(edit.path.relative_to(HOME))) for name, edit in EVERY}
    ours_alone = {
        ("opencode", ".config/opencode/plugin/signalpost.js"),
        ("copilot", ".copilot/hooks/signalpost.json"),
    }
    assert edited - ours_alone == set(SAMPLES)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(("edit", "text"), IN_SAMPLES)
def test_an_edit_is_made_once_and_taken_back_to_the_last_byte(
    edit: Edit, text: str, form: Callable[[str], str]
) -> None:
    before = form(text)
    once = edit.change.put(before)
    assert once != before
    assert edit.change.put(once) == once
    assert edit.change.remove(once, before) == before
    # Not knowing what was there before costs no more than what is empty.
    assert edit.change.remove(edit.change.remove(once, None), None) == edit.change.remove(
        once, None
    )


@pytest.mark.parametrize(("edit", "text"), IN_SAMPLES)
def test_every_character_of_a_person_stays_in_its_order(edit: Edit, text: str) -> None:
    once = iter(edit.change.put(text))
    assert all(character in once for character in text)
    assert ("\t" in text) == ("\t" in edit.change.put(text))


@pytest.mark.parametrize(("edit", "text"), IN_SAMPLES)
def test_what_others_added_since_stays_when_ours_is_taken_out(edit: Edit, text: str) -> None:
    once = edit.change.put(text)
    if edit.path.suffix == ".toml":
        more = once + "\n[theirs]\nx = 1\n"
        assert edit.change.remove(more, text) == text + "\n[theirs]\nx = 1\n"
    else:
        more = jsonc.put(once, ("theirs",), {"x": 1})
        assert plain(edit, edit.change.remove(more, text)) == {
            **plain(edit, text),
            "theirs": {"x": 1},
        }


def by_hand(entry: JsonEntry | TomlEntry) -> str:
    if isinstance(entry, TomlEntry):
        return HAND_EDITED["codex"]
    holder = entry.holder[0]
    return HAND_EDITED["opencode" if holder == "mcp" else "json"].replace("HOLDER", holder)


@pytest.mark.parametrize("entry", ENTRIES)
def test_of_an_entry_edited_by_hand_what_a_person_added_stays(
    entry: JsonEntry | TomlEntry,
) -> None:
    text = by_hand(entry)
    once = entry.put(text)
    assert entry.put(once) == once
    was, now = entry.value(text), entry.value(once)
    words = now["command"] if isinstance(now["command"], list) else [now["command"], *now["args"]]
    assert words[:3] == ["/opt/bin/signalpost", "mcp", "carol"]
    assert "--no-tasks" in words
    assert words[words.index("--queue") :][:4] == ["--queue", "a=1", "--queue", "b=2"]
    for member in ("env", "disabled", "enabled", "tools"):
        assert member not in was or member == "enabled" or now[member] == was[member]
    if isinstance(entry, TomlEntry):
        assert now["env_vars"] == ["MY_FLAGS", "SIGNALPOST_AGENT", "JAVA_HOME"]
        assert now["enabled"] is False
    else:
        assert once.count("//") == 1
    gone = entry.remove(once, None)
    assert "signalpost" not in gone


def test_the_entry_of_codex_in_full() -> None:
    [edit] = KINDS["codex"].entries(PLACE, WISHES)
    assert tomllib.loads(edit.change.put(""))["mcp_servers"]["signalpost"] == {
        "command": "/opt/bin/signalpost",
        "args": ["mcp", "--wait-budget", "3590"],
        "startup_timeout_sec": 30,
        "tool_timeout_sec": 3600,
        "env_vars": ["SIGNALPOST_AGENT", "JAVA_HOME"],
    }


def test_toml_that_is_none_is_refused_with_its_place() -> None:
    [edit] = KINDS["codex"].entries(PLACE, WISHES)
    with pytest.raises(BadRequest, match="line 2"):
        edit.change.put('model = "x"\nnonsense\n')


HOOKS_OF_OTHERS = '{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "x"}]}]}}'


def test_older_hooks_of_ours_are_replaced_and_those_of_others_stay() -> None:
    edit = hooks("claude-code")
    old = HookWishes(program=PROGRAM, gate="all")
    before = hooks("claude-code", old).change.put(HOOKS_OF_OTHERS)
    text = edit.change.put(before)
    assert "--gate all" not in text
    commands = [
        hook["command"] for item in json.loads(text)["hooks"]["Stop"] for hook in item["hooks"]
    ]
    assert commands == [
        "x",
        "/opt/bin/signalpost hook stop --client claude-code --gate tasks",
        "exec /opt/bin/signalpost wait --rewake",
    ]


def hooks(client: str, wishes: HookWishes = WISHES.hooks) -> Edit:
    kind = KINDS[client]
    assert kind.hooks is not None
    [edit] = kind.hooks(PLACE, Wishes(program=PROGRAM, hooks=wishes))
    return edit


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


def test_a_whole_file_of_ours_gives_back_the_one_that_was_in_its_place() -> None:
    change = hooks("copilot").change
    edited = change.put("theirs") + "edited since"
    assert change.remove(edited, "theirs") == "theirs"
    assert change.remove(edited, None) == ""


@pytest.mark.parametrize("kind", [JsonEntry, TomlEntry])
def test_an_entry_that_a_person_made_is_strange_and_none_or_one_of_setup_is_not(
    kind: type[JsonEntry | TomlEntry],
) -> None:
    change = kind(("servers",), ServerEntry(program=("/bin/signalpost",)))
    by_hand = kind(("servers",), ServerEntry(program=("signalpost",)))
    assert change.is_strange(by_hand.put(""))
    assert not change.is_strange(change.put(""))
    assert not change.is_strange("")


@pytest.mark.parametrize("kind", [JsonEntry, TomlEntry])
def test_an_entry_that_a_person_made_comes_back_where_others_have_written_since(
    kind: type[JsonEntry | TomlEntry],
) -> None:
    change = kind(
        ("servers",), ServerEntry(program=("/bin/signalpost",), budget=60, more={"kind": "x"})
    )
    by_hand = kind(
        ("servers",), ServerEntry(program=("signalpost",), agent="bob", more={"mine": 1})
    )
    before = by_hand.put("")
    since = kind(("others",), ServerEntry(program=("other",))).put(change.put(before))
    left = change.remove(since, before)
    assert change.value(left) == by_hand.value(before)
    assert kind(("others",), change.entry).value(left) is not None
    gone = change.remove(since, None)
    assert change.remove(gone, before) == gone
