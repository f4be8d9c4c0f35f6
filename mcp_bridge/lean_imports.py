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

import os
import sys
from importlib import import_module, util
from types import ModuleType

from .deferred import defer

RELEASES = ("2.3.0",)
"""The releases whose layout is known."""
_ROOTS = ("mcp", "mcp_types", "opentelemetry", "starlette")
_BARE = ("mcp", "mcp.server")
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
_WIRE_TYPES = ("mcp_types._v2025_11_25", "mcp_types._v2026_07_28")
"""One for each protocol era; most clients speak in one."""
_USED = ("mcp.types", "mcp.server.lowlevel", "mcp.server.runner", "mcp.shared.inbound")


def load() -> str:
    """Load the SDK's part; return an empty text, or why the SDK is to be loaded whole."""
    if "mcp" in sys.modules or "mcp_types" in sys.modules:
        return "mcp is loaded already"
    folder = _folder()
    if not any(_is_installed(folder, release) for release in RELEASES):
        return f"mcp is not of a release whose inside is known ({', '.join(RELEASES)})"
    before = set(sys.modules)
    try:
        _set_up(folder)
        for name in _USED:
            import_module(name)
    except Exception as error:
        _undo(before)
        return f"mcp is not laid out as expected ({type(error).__name__}: {error})"
    return ""


def _folder() -> str:
    """Return where ``mcp`` is installed, empty when it is nowhere."""
    found = util.find_spec("mcp")  # of a package without parents: nothing is run
    return os.path.dirname(os.path.dirname(found.origin)) if found and found.origin else ""


def _is_installed(folder: str, release: str) -> bool:
    # What importlib.metadata would say, without the 12 ms that it takes.
    return all(
        os.path.isdir(os.path.join(folder, f"{name}-{release}.dist-info"))
        for name in ("mcp", "mcp_types")
    )


def _set_up(folder: str) -> None:
    for name in _BARE:
        package = ModuleType(name)
        package.__path__ = [os.path.join(folder, *name.split("."))]
        sys.modules[name] = package
    defer(*_HTTP)
    defer(*_TRACING)
    # Made once by every server and then thrown away by ours: not worth loading tracing for.
    vars(sys.modules["mcp.server._otel"])["OpenTelemetryMiddleware"] = object
    for name in _WIRE_TYPES:
        defer(name)


def _undo(before: set[str]) -> None:
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in _ROOTS:
            del sys.modules[name]
