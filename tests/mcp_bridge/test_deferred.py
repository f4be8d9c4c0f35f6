"""A deferred module is loaded when something of it is used, and not before."""

from __future__ import annotations

import sys
from collections.abc import Generator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import TypeAdapter, ValidationError

from signalpost.mcp_bridge.deferred import defer

FIRST = """
from deferred_second import Name
class Named(Name): pass
class Shape:
    sides = 4
class Round: pass
def twice(number, *, plus=0): return 2 * number + plus
"""
SECOND = "class Name: pass"


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[ModuleType, None, None]:
    (tmp_path / "deferred_first.py").write_text(FIRST)
    (tmp_path / "deferred_second.py").write_text(SECOND)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    defer("deferred_first", "deferred_second")
    yield sys.modules["deferred_first"]
    for name in ("deferred_first", "deferred_second"):
        sys.modules.pop(name, None)


def _is_loaded(name: str = "deferred_first") -> bool:
    return sys.modules[name].__spec__ is not None


def test_importing_and_joining_its_names_loads_nothing(first: ModuleType) -> None:
    assert import_module("deferred_first") is first
    _ = first.Shape | first.Round
    assert first.Shape is first.Shape
    assert not _is_loaded()


def test_a_call_is_the_real_ones(first: ModuleType) -> None:
    twice = first.twice
    assert twice(3, plus=1) == 7
    assert _is_loaded()


def test_what_a_name_holds_is_the_real_ones(first: ModuleType) -> None:
    assert first.Shape.sides == 4
    assert _is_loaded()


def test_once_loaded_it_gives_the_real_names(first: ModuleType) -> None:
    shape = first.Shape()
    assert isinstance(shape, first.Shape)
    assert first.Shape is sys.modules["deferred_first"].Shape


def test_a_family_is_loaded_together_so_that_its_members_meet_the_real_ones(
    first: ModuleType,
) -> None:
    name = sys.modules["deferred_second"].Name
    assert isinstance(first.Named(), sys.modules["deferred_second"].Name)
    assert type(name()) is sys.modules["deferred_second"].Name
    assert _is_loaded("deferred_second")


def test_a_type_adapter_validates_by_the_real_types(first: ModuleType) -> None:
    either = first.Shape | first.Round
    adapter: TypeAdapter[object] = TypeAdapter(either, config={"arbitrary_types_allowed": True})
    shape = first.Shape()
    assert adapter.validate_python(shape) is shape
    with pytest.raises(ValidationError):
        adapter.validate_python(4)


def test_a_name_that_is_not_there_is_said_when_it_is_used(first: ModuleType) -> None:
    missing = first.missing
    with pytest.raises(AttributeError, match="missing"):
        missing()


def test_a_module_that_is_loaded_already_is_left_alone() -> None:
    loaded = sys.modules["pathlib"]
    defer("pathlib")
    assert sys.modules["pathlib"] is loaded
