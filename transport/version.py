"""Which Signalpost this is."""

from __future__ import annotations

VERSION = "0.1.0"
"""The same as in pyproject.toml; asking the installation's metadata would cost 12 ms a start."""


def software() -> str:
    """Return this version, as told to peers and people."""
    return VERSION
