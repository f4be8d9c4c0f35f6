"""docs/clients.md says what setup writes, and what was tried, as the table of clients has it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import click
import pytest

from signalpost.client_edits import JsonEntry
from signalpost.client_hooks import HookWishes
from signalpost.client_kind import ClientKind, Place, Wishes
from signalpost.client_table import CLIENTS
from signalpost.setup_commands import setup

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "clients.md").read_text("utf-8")
PROGRAM = ("/path/to/signalpost",)
HOME = Path("/home/alice")
PLACE = Place(home=HOME, environment={})
WISHES = Wishes(program=PROGRAM, variables=("JAVA_HOME",), hooks=HookWishes(program=PROGRAM))


def row(title: str, columns: int) -> list[str]:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    [found] = [c for c in cells if len(c) == columns and title in c[0].split(", ")]
    return found


@pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: kind.name)
def test_every_client_is_there_with_its_file_and_whether_it_was_tried(kind: ClientKind) -> None:
    _, server, _, hooks, _, _, tried = row(kind.title, 7)
    [edit] = kind.entries(PLACE, WISHES)
    assert edit.path.name in server
    assert (tried == "no") == (not kind.seen)
    assert ("reads what setup writes" in tried) == kind.read
    assert (hooks == "\u2013") == (kind.hooks is None)
    assert ("--hooks" in hooks) == (kind.hooks is not None and not kind.hooks_seen)


def test_the_help_of_setup_names_those_that_get_hooks() -> None:
    [hooks] = [p for p in setup.params if p.name == "hooks" and isinstance(p, click.Option)]
    seen = ", ".join(kind.title for kind in CLIENTS if kind.hooks_seen)
    assert hooks.help is not None
    assert hooks.help.endswith(f"seen to work: {seen}]")


@pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: kind.name)
def test_the_entry_by_hand_is_that_of_setup(kind: ClientKind) -> None:
    [edit] = kind.entries(PLACE, WISHES)
    by_hand = row(kind.title, 2)[1]
    if isinstance(edit.change, JsonEntry):
        assert json.loads("{" + by_hand.strip("`") + "}") == json.loads(edit.change.put(""))
    else:
        header, *lines = re.findall(r"`([^`]+)`", by_hand)
        assert tomllib.loads("\n".join([header, *lines])) == tomllib.loads(edit.change.put(""))


def test_every_link_leads_somewhere() -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", PAGE)]
    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []
