"""The doctor's look at the agents' clients: their files, and what their entries really start."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import client_checks, jsonc, setup, toml_text
from .bare_environment import worth_passing
from .bypass import bypassing
from .checks import Check
from .claude_policy import policy
from .claude_rules import permissions, project_here
from .client_checks import Greeting
from .client_edits import Edit, JsonEntry, JsonItems, TomlEntry, Whole, is_ours
from .client_hooks import HookWishes
from .client_kind import ClientKind, Place, Wishes
from .client_table import CLIENTS
from .config_file import ConfigFile
from .handshake import greet
from .jsonc_tree import Plain, items_of, members_of, read
from .server_entry import Members, words_of
from .transport.errors import SignalpostError
from .transport.version import software

_PROGRAM = ("signalpost",)
_NOTHING = Wishes(program=_PROGRAM, hooks=HookWishes(program=_PROGRAM))
_BEFORE_A_PROGRAM = re.compile(r"exec|\w+=.*", re.DOTALL)
_AT_ONCE = 4
"""Servers that are started at the same time: each is a Python of its own."""

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """The server of one client, as one file of it says."""

    kind: ClientKind
    path: Path
    value: Members | None
    """None: there is none."""
    problem: str = ""
    """Why the file could not be read."""

    @property
    def words(self) -> Words:
        """Return the words that start it, the first one as a full path; empty: nothing of ours."""
        if self.value is None or not client_checks.runs_us(self.value):
            return ()
        words = words_of(self.value)
        found = shutil.which(words[0])
        return (found, *words[1:]) if found is not None else ()


def examine(place: Place) -> list[Check]:
    """Return what there is to say of the clients that are installed; changes nothing."""
    kinds = setup.installed(CLIENTS, place)
    entries = [entry for kind in kinds for entry in _entries(kind, place)]
    greetings = _greetings(entries)
    hooks = {kind.name: _of_hooks(kind, place) for kind in kinds}
    found: list[Check] = []
    for entry in entries:
        hooked = any(not check.found.startswith("none;") for check in hooks[entry.kind.name])
        found += _of_entry(entry, greetings, place, hooked=hooked)
    found += [check for checks in hooks.values() for check in checks]
    if any(kind.name == "claude-code" for kind in kinds):
        found.append(_permissions(place))
    return found


def _permissions(place: Place) -> Check:
    found = permissions(place, project_here())
    return client_checks.bypass(bypassing(found.in_force), found.unread)


def _entries(kind: ClientKind, place: Place) -> list[Entry]:
    return [_entry(kind, edit) for edit in kind.entries(place, _NOTHING)]


def _entry(kind: ClientKind, edit: Edit) -> Entry:
    change = edit.change
    assert isinstance(change, JsonEntry | TomlEntry)  # noqa: S101  # entries are nothing else
    try:
        value = change.value(_text(edit.path))
        return Entry(kind, edit.path, members_of(value) if value is not None else None)
    except SignalpostError as error:
        return Entry(kind, edit.path, None, str(error))


def _text(path: Path) -> str:
    return setup.decoded(ConfigFile(path).read() or b"")


def _greetings(entries: Sequence[Entry]) -> dict[Words, Greeting]:
    """Start each command line once, several at the same time."""
    words = list(dict.fromkeys(entry.words for entry in entries if entry.words))
    environment = {k: v for k, v in os.environ.items() if k != "SIGNALPOST_TASK"}
    with ThreadPoolExecutor(_AT_ONCE) as starting:
        said = starting.map(partial(greet, environment=environment), words)
    return dict(zip(words, said, strict=True))


def _of_entry(
    entry: Entry, greetings: Mapping[Words, Greeting], place: Place, *, hooked: bool
) -> list[Check]:
    client, path, value = entry.kind.name, str(entry.path), entry.value
    if entry.problem:
        return [Check(f"{client} server", path, "wrong", entry.problem)]
    program = entry.words[0] if entry.words else ""
    greeting = greetings.get(entry.words)
    ours = software()
    found = [client_checks.server(client, path, value, program, greeting, ours, hooked=hooked)]
    if value is not None and client_checks.runs_us(value):
        limit = client_checks.limit(client, value, place.environment)
        found += [limit] if limit is not None else []
        here, worth = place.environment, worth_passing(place.environment)
        found.append(client_checks.environment(client, value, here, worth))
        found += _policy(value, place) if client == "claude-code" else []
    return found


def _policy(entry: Members, place: Place) -> list[Check]:
    """Tell what Claude Code's other files say of its server; of hooks their own check does."""
    obstacles = policy(place).obstacles(entry)
    return [
        Check("claude-code policy", "server not used" if o.what else "unknown", "warning", o.why)
        for o in obstacles
        if o.what != "hooks"
    ]


# ---------------------------------------------------------------- hooks


def _of_hooks(kind: ClientKind, place: Place) -> list[Check]:
    if kind.hooks is None:
        return []
    edits = kind.hooks(place, _NOTHING)
    try:
        found = [check for edit in edits for check in _of_hook_file(kind, edit, place)]
    except SignalpostError as error:
        return [Check(f"{kind.name} hooks", str(edits[0].path), "wrong", str(error))]
    return found[-1:]


def _of_hook_file(kind: ClientKind, edit: Edit, place: Place) -> list[Check]:
    text = _text(edit.path)
    if isinstance(edit.change, Whole):
        check = client_checks.hooks(kind.name, [], some=bool(text), off="", gone="")
        return [check]
    if not isinstance(edit.change, JsonItems):
        return []
    lists = [path for path, _ in edit.change.items]
    ours = {path: _ours(text, path) for path in lists}
    missing = [path[-1] for path, items in ours.items() if not items]
    commands = [hook for items in ours.values() for item in items for hook in _commands(item)]
    gone = next((word for each in commands if (word := _absent(each))), "")
    off = _off(kind.name, text, edit.path, place)
    some = len(missing) < len(ours)
    return [client_checks.hooks(kind.name, missing, some=some, off=off, gone=gone)]


def _ours(text: str, path: tuple[str, ...]) -> list[Plain]:
    found = jsonc.get(text, path) if read(text) is not None else None
    return [item for item in items_of(found) if is_ours(item)]


def _commands(item: Plain) -> list[str]:
    hooks = items_of(members_of(item).get("hooks", [item]))
    commands = [members_of(hook).get("command") for hook in hooks]
    return [command for command in commands if isinstance(command, str)]


def _absent(command: str) -> str:
    """Return the program of a hook if it is not there; a shell runs it, and knows variables."""
    try:
        word = next(word for word in shlex.split(command) if not _BEFORE_A_PROGRAM.fullmatch(word))
    except (ValueError, StopIteration):
        return command
    path = os.path.expanduser(os.path.expandvars(word))
    return "" if "$" in path or shutil.which(path) else word


def _off(client: str, text: str, path: Path, place: Place) -> str:
    """Return why a client does not run its hooks, as far as its files tell."""
    match client:
        case "claude-code":
            obstacles = policy(place).obstacles({})
            return next((each.why for each in obstacles if each.what == "hooks"), "")
        case "gemini" if jsonc.get(text, ("hooksConfig", "enabled")) is False:
            return f"hooksConfig.enabled is false in {path}."
        case "codex" if not _trusted(path, place):
            return "Codex has not been told to trust them: start `codex` and say so."
        case _:
            return ""


def _trusted(hooks: Path, place: Place) -> bool:
    """Tell whether Codex has noted that hooks of this file may run."""
    config = place.own("CODEX_HOME", ".codex") / "config.toml"
    try:
        state = toml_text.get(_text(config), ("hooks", "state")) or {}
    except SignalpostError:
        return True  # its own check tells that the file is broken
    return any(key.startswith(f"{hooks}:") for key in state)
