"""``signalpost mcp [AGENT]``, as MCP clients start it, without the command line.

Nothing has to be read there that takes a library, and an agent waits for its
tools. Whatever is more than that, or wrong, is left to the command line.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from .mcp_bridge.options import BridgeOptions
from .transport import endpoint
from .transport.errors import SignalpostError
from .variables import BROKER


def bridge(words: Sequence[str]) -> BridgeOptions | None:
    """Return how the bridge is set up that ``words`` ask for; None: the command line must look."""
    if words[:1] != ["mcp"] or len(words) > 2 or any(word.startswith("-") for word in words):
        return None
    if any(os.environ.get(variable) for names in BROKER.values() for variable in names):
        return None
    try:
        folder = endpoint.data_dir(None)
    except SignalpostError:
        return None
    return BridgeOptions(data_dir=folder, agent=words[1] if len(words) > 1 else "")
