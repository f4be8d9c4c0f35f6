"""The house rules that no linter knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ["actors", "transport", "mcp_bridge"]
MIRRORED = [*ROOMS, "signalpost"]
FRONT_DOOR = "front_door"  # how signalpost/__init__.py is called in a test's name
MAX_LINES = 300
MAX_FUNCTION_LINES = 50
IMPURE = {"anyio", "asyncio", "zmq", "time", "socket", "threading", "sqlite3", "subprocess"}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).glob("**/*.py"))


OURS = [*sources(*ROOMS, "tests", "bench"), *sorted((ROOT / "signalpost").glob("*.py"))]
TESTS = [p for p in sources(*(f"tests/{room}" for room in MIRRORED)) if p.stem.startswith("test_")]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("room", ROOMS)
def test_every_module_of_a_room_is_importable_under_our_name(room: str) -> None:
    here = {path.name for path in sources(room)}
    installed = {
        path.name
        for path in files("signalpost").joinpath(room).iterdir()
        if path.name.endswith(".py")
    }
    assert installed == here


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_have_no_inner_rooms(room: str) -> None:
    # pyproject.toml names the packages one by one: a nested one would be left out of the wheel.
    assert [name(path) for path in sources(room) if path.parent != ROOT / room] == []


@pytest.mark.parametrize("test", TESTS, ids=name)
def test_every_test_file_mirrors_a_module(test: Path) -> None:
    """``test_queue.py`` and ``test_queue_stateful.py`` are of ``queue.py``."""
    room = test.parent.name
    modules = {path.stem for path in (ROOT / room).glob("*.py")} | {FRONT_DOOR}
    stem = test.stem.removeprefix("test_")
    assert any(stem == module or stem.startswith(f"{module}_") for module in modules)


@pytest.mark.parametrize("path", OURS, ids=name)
def test_files_can_be_read_in_one_sitting(path: Path) -> None:
    lines = path.read_text().count("\n")
    assert lines <= MAX_LINES


@pytest.mark.parametrize("path", OURS, ids=name)
def test_functions_fit_on_a_screen(path: Path) -> None:
    long = {f.name: n for f in functions(path) if (n := code_lines(f)) > MAX_FUNCTION_LINES}
    assert long == {}


@pytest.mark.parametrize("path", sources(*ROOMS), ids=name)
def test_what_calls_itself_pure_is_pure(path: Path) -> None:
    tree = ast.parse(path.read_text())
    if "Pure" in (ast.get_docstring(tree) or "").replace(":", ".").replace(" ", ".").split("."):
        assert imported(tree) & IMPURE == set()


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


def code_lines(function: Function) -> int:
    body = function.body
    has_words = ast.get_docstring(function) is not None
    first = body[min(1, len(body) - 1)] if has_words else body[0]
    return (function.end_lineno or 0) - first.lineno + 1


def imported(tree: ast.Module) -> set[str]:
    """Return the top-level packages that are imported when the module is."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").partition(".")[0])
    return names
