"""Modules that are loaded when something of them is first used.

    defer("starlette.routing", "starlette.middleware")
    from starlette.routing import Route     # a stand-in; nothing is loaded
    Route("/", page)                        # loads both and calls the real one

For a library that imports more than its user needs, and of which is known that
it only passes the names on while it is imported. Modules that know each other
are deferred together: loaded, they must meet the real ones.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

_Schema = Callable[[Any], Any]


class StandIn:
    """Something of a module that is not loaded yet; whoever uses it gets the real one's answer."""

    __slots__ = ("_real",)

    def __init__(self, real: Callable[[], Any]) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real(), name)

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._real()(*args, **options)

    def __or__(self, other: StandIn) -> StandIn:
        return StandIn(lambda: self._real() | other._real())

    def __get_pydantic_core_schema__(self, _source: object, schema: _Schema) -> Any:
        # A type adapter looks for this in what it is made of.
        return schema(self._real())


class _DeferredModule(ModuleType):
    """Stands for a module in ``sys.modules``, together with its ``family``."""

    def __init__(self, name: str, family: tuple[str, ...]) -> None:
        super().__init__(name)
        self._family = family

    def __getattr__(self, name: str) -> StandIn:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} is not loaded yet, nor its {name!r}")
        stand_in = StandIn(lambda: getattr(self._loaded(), name))
        setattr(self, name, stand_in)
        return stand_in

    def _loaded(self) -> ModuleType:
        for name in self._family:
            if isinstance(sys.modules.get(name), _DeferredModule):
                del sys.modules[name]
        return import_module(self.__name__)


def defer(*names: str) -> None:
    """Put stand-ins for modules that are not loaded into ``sys.modules``, as one family."""
    for name in names:
        sys.modules[name] = _DeferredModule(name, names)
