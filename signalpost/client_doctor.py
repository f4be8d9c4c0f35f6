"""``signalpost doctor``: looks at the installed clients, and asks the server that each would start."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import psutil

from . import client_findings, jsonc
from .bypass import bypassing
from .checks import Check
from .claude_rules import rules
from .client_edits import Edit, JsonEntry, JsonItems, TomlTable
from .client_findings import Findings
from .client_hooks import HookWishes
from .client_table import CLIENTS, ClientKind, Place, Wishes
from .config_file import ConfigFile
from .jsonc_tree import Plain
from .setup import installed
from .setup_run import this_place, this_program
from .transport.errors import SignalpostError
from .transport.version import software

_ANSWER_SECONDS = 15.0
_HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "signalpost-doctor", "version": "0"},
    },
}


def clients() -> list[Check]:
    """Return a verdict of each installed client, and of what runs past us."""
    place = this_place()
    versions: dict[tuple[str, ...], str] = {}
    found: list[Check] = []
    for kind in installed(CLIENTS, place):
        findings = _look(kind, place, versions)
        found.append(client_findings.verdict(findings, software()))
        if kind.name == "codex" and findings.entry is not None:
            found.append(client_findings.variables(os.environ, findings.entry))
    if found:
        found += client_findings.bypassed(bypassing(rules(place, Path.cwd())))
        found.append(client_findings.stale([*_older_bridges()]))
    return found


def _look(kind: ClientKind, place: Place, versions: dict[tuple[str, ...], str]) -> Findings:
    program = this_program()
    wishes = Wishes(program=program, hooks=HookWishes(program=program))
    try:
        entry = _entry(kind.entry(place, wishes))
        wanted, there = _hooks(kind.hooks(place, wishes)) if kind.hooks is not None else (0, 0)
    except SignalpostError as error:
        return Findings(title=kind.title, name=kind.name, broken=str(error))
    words = client_findings.words_of(entry) if entry is not None else [""]
    missing = "" if entry is None or shutil.which(words[0]) else words[0]
    version = ""
    if entry is not None and not missing:
        version = versions.setdefault(tuple(words), _version(words))
    return Findings(
        title=kind.title,
        name=kind.name,
        entry=entry,
        missing_program=missing,
        version=version,
        hooks=there,
        hooks_wanted=wanted,
    )


def _entry(edit: Edit) -> Mapping[str, Plain] | None:
    text = (ConfigFile(edit.path).read() or b"").decode(errors="replace")
    value: Plain = None
    if isinstance(edit.change, JsonEntry):
        value = jsonc.get(text, edit.change.path)
    elif isinstance(edit.change, TomlTable):
        value = _table(text, edit.change)
    return cast("Mapping[str, Plain]", value) if isinstance(value, dict) else None


def _table(text: str, change: TomlTable) -> Plain:
    change.remove(text)
    try:
        value: Plain = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError:
        return None if not text.strip() else change.put(text)  # which says where it is broken
    for key in change.path:
        tables = cast("dict[str, Plain]", value) if isinstance(value, dict) else {}
        value = tables.get(key)
    return value


def _hooks(edit: Edit) -> tuple[int, int]:
    """Return how many hooks there should be, and of how many events there are any of ours."""
    assert isinstance(edit.change, JsonItems)  # noqa: S101  # hooks are items, in every client
    text = (ConfigFile(edit.path).read() or b"").decode(errors="replace")
    there = 0
    for path, item in edit.change.items:
        found = jsonc.get(text, path)
        listed = cast("list[object]", found) if isinstance(found, list) else []
        there += _kind(item) in [_kind(each) for each in listed]
    return len(edit.change.items), there


def _kind(item: object) -> str:
    """Return what a hook of ours does, whatever its options; of others' nothing."""
    text = json.dumps(item)
    if " wait --rewake" in text:
        return "wait"
    _, found, rest = text.partition(" hook ")
    return rest.split()[0] if found and "signalpost" in text else ""


def _version(words: list[str]) -> str:
    """Start a server, greet it and return the version that it tells; empty: it does not answer."""
    environment = {k: v for k, v in os.environ.items() if k != "SIGNALPOST_AGENT"}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, subprocess.TimeoutExpired):
        ran = subprocess.run(
            words,
            input=json.dumps(_HELLO).encode() + b"\n",
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=_ANSWER_SECONDS,
            check=False,
        )
        return str(json.loads(ran.stdout.split(b"\n")[0])["result"]["serverInfo"]["version"])
    return ""


def _older_bridges() -> Iterator[int]:
    """Yield this user's bridges that run since before this program was installed."""
    installed_at = Path(__file__).stat().st_ctime
    for process in psutil.process_iter(["cmdline", "create_time", "uids"]):
        words = cast("list[str]", process.info["cmdline"] or [])
        ours = any(Path(word).name == "signalpost" for word in words[:4]) and "mcp" in words[:5]
        uids = process.info["uids"]
        if (
            ours
            and uids
            and uids.real == os.getuid()
            and process.info["create_time"] < installed_at
        ):
            yield process.pid
