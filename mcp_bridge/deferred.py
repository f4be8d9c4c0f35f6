"""Modules that are loaded when something of them is first used.

    defer("starlette.routing", "starlette.middleware")
    from starlette.routing import Route     # a stand-in; nothing is loaded
    Route("/", page)                        # loads both and calls the real one

    hold_back("mcp")                        # nothing is run
    import mcp.types                        # of it only this is
    mcp.Client                              # runs the package, nothing is deferred any more

For a library that imports more than its user needs, and of which is known that
it only passes the names on while it is imported: a stand-in can be called,
asked for what it holds and joined to a union, but is neither a class to inherit
from nor one to test for. Modules that know each other are deferred together:
loaded, they meet the real ones.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module, util
from types import ModuleType
from typing import Any

_Schema = Callable[[object], object]


class StandIn:
    """Something of a module that is not loaded yet; whoever uses it gets the real one's answer."""

    __slots__ = ("_real",)

    def __init__(self, real: Callable[[], Any]) -> None:
        self._real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self._real(), name)

    def __call__(self, *args: object, **options: object) -> object:
        return self._real()(*args, **options)

    def __or__(self, other: StandIn) -> StandIn:
        return StandIn(lambda: self._real() | other._real())

    def __get_pydantic_core_schema__(self, _source: object, schema: _Schema) -> object:
        # A type adapter looks for this in what it is made of.
        return schema(self._real())


class _DeferredModule(ModuleType):
    """Stands for a module in ``sys.modules``, until one of its ``family`` is used."""

    def __init__(self, name: str, family: tuple[str, ...]) -> None:
        super().__init__(name)
        self._family = family
        self._stand_ins: dict[str, StandIn] = {}

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(f"{self.__name__} stands for a module and has no {name}")
        if sys.modules.get(self.__name__) is not self:
            return getattr(self._loaded(), name)
        # The same one each time: it may be the key of a cache.
        make = self._stand_ins.setdefault
        return make(name, StandIn(lambda: getattr(self._loaded(), name)))

    def _loaded(self) -> ModuleType:
        _let_in(self._family)
        return import_module(self.__name__)


class _DormantPackage(ModuleType):
    """A package whose modules can be imported; it runs itself when it is asked for a name."""

    def __getattr__(self, name: str) -> object:
        spec = self.__spec__
        if name.startswith("__") or spec is None or spec.loader is None:
            raise AttributeError(f"package {self.__name__} has no {name}")
        self.__class__ = ModuleType  # type: ignore[assignment]  # awake
        _let_in(tuple(sys.modules))  # what it imports may do more than pass names on
        spec.loader.exec_module(self)
        return getattr(self, name)


def _let_in(names: tuple[str, ...]) -> None:
    """Have the real ones loaded at the next import."""
    for name in names:
        if isinstance(sys.modules.get(name), _DeferredModule):
            del sys.modules[name]


def hold_back(package: str) -> None:
    """Put a package into ``sys.modules`` without running it."""
    spec = util.find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    module = sys.modules[package] = util.module_from_spec(spec)
    module.__class__ = _DormantPackage
    parent, _, name = package.rpartition(".")
    if parent:
        setattr(sys.modules[parent], name, module)


def defer(*names: str) -> None:
    """Put stand-ins into ``sys.modules`` for those that are not loaded, as one family."""
    for name in names:
        sys.modules.setdefault(name, _DeferredModule(name, names))
