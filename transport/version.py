"""Which Signalpost this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def software() -> str:
    """Return this installation's version, as told to peers and people."""
    try:
        return version("signalpost")
    except PackageNotFoundError:
        return "source"  # run from a checkout that was never installed
