"""The part of the SDK that a bridge uses, without the rest.

Whatever is imported of ``mcp`` loads all of it: its client, HTTP, OAuth and two
generations of wire types, two thirds of a bridge's start. None of that is needed
to serve one pipe, so here packages are set up without running what they import,
and modules whose names are only passed on are deferred.

That depends on how the SDK is laid out inside. So it is done for releases that
were tried and for no others, and undone when an import fails; then the SDK is
loaded whole, and nothing but time and memory is different. It is done for the
whole process: only where the process is the bridge's own.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from importlib import import_module, util
from pathlib import Path

from .deferred import defer, hold_back

_Next = Callable[[object], Awaitable[object]]

RELEASES = ("2.3.0",)
"""The releases whose layout is known: ``tests/mcp_bridge/test_start.py`` was run with them."""
# What is loaded of these, by whomever, is taken out of sys.modules again.
_ROOTS = ("mcp", "mcp_types", "opentelemetry", "secrets", "ssl", "starlette")
_PACKAGES = ("mcp", "mcp.server")
"""Packages that import what a bridge does not use."""
_HTTP = (
    "mcp.server.auth.middleware.auth_context",
    "mcp.server.auth.middleware.bearer_auth",
    "mcp.server.auth.provider",
    "mcp.server.auth.routes",
    "mcp.server.auth.settings",
    "mcp.server.streamable_http",
    "mcp.server.streamable_http_manager",
    "mcp.server.transport_security",
    "starlette.applications",
    "starlette.middleware",
    "starlette.middleware.authentication",
    "starlette.routing",
)
_TRACING = ("mcp.server._otel", "mcp.shared._otel", "opentelemetry.trace")
_OPENSSL = ("secrets", "ssl")
"""What loads it, 4 MiB; our own random bytes come from the system."""
_WIRE_TYPES = ("mcp_types._v2025_11_25", "mcp_types._v2026_07_28")
"""One for each protocol era; most clients speak in one."""
_USED = ("mcp.types", "mcp.server.lowlevel", "mcp.server.runner", "mcp.shared.inbound")


class _Untraced:
    """Middleware that passes every message on."""

    async def __call__(self, context: object, call_next: _Next) -> object:
        return await call_next(context)


def load() -> str:
    """Load the SDK's part; return an empty text, or why the SDK is to be loaded whole."""
    if "mcp" in sys.modules or "mcp_types" in sys.modules:
        return "mcp is loaded already"
    if not any(_is_installed(release) for release in RELEASES):
        return f"mcp is not of a release whose inside is known ({', '.join(RELEASES)})"
    before = set(sys.modules)
    try:
        _set_up()
        for name in _USED:
            import_module(name)
    except Exception as error:  # noqa: BLE001 - whatever it is: loaded whole it may work
        _undo(before)
        return f"mcp is not laid out as expected ({type(error).__name__}: {error})"
    return ""


def _is_installed(release: str) -> bool:
    # What importlib.metadata would say, without the 12 ms that it takes.
    return all(_notes_of(package, release) for package in ("mcp", "mcp_types"))


def _notes_of(package: str, release: str) -> bool:
    """Tell whether the notes of this release's installation lie beside a package."""
    spec = util.find_spec(package)  # runs nothing: it has no parent
    if spec is None or spec.origin is None:
        return False
    return (Path(spec.origin).parents[1] / f"{package}-{release}.dist-info").is_dir()


def _set_up() -> None:
    for name in _PACKAGES:
        hold_back(name)
    defer(*_HTTP)
    defer(*_TRACING)
    # Every server makes one, ours throws it away: not worth loading what it traces with.
    vars(sys.modules["mcp.server._otel"])["OpenTelemetryMiddleware"] = _Untraced
    for name in (*_OPENSSL, *_WIRE_TYPES):
        defer(name)


def _undo(before: set[str]) -> None:
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in _ROOTS:
            del sys.modules[name]
