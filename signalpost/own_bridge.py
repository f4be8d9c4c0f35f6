"""Whether an agent can come at all: its client runs a bridge of ours, as it runs this process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from .actors import shim_tree
from .actors.ancestry import lineage
from .bridge_words import program_of_bridge
from .transport.process import words


def lives() -> bool:
    """Tell whether a bridge is among the processes of the client that this one belongs to.

    Where no client is known by its name, whatever started all of them counts as one.

    :raises OSError: out of descriptors; nothing is known
    """
    above = lineage(os.getppid())
    return bool(above) and any(program_of_bridge(words(pid)) for pid in _below(above[-1][0]))


def _below(root: int) -> Iterator[int]:
    if sys.platform != "linux":
        yield from (p.pid for p in shim_tree.descendants([root], shim_tree.processes()))
        return
    front = [root]
    while front:
        found = shim_tree.children(front.pop())
        yield from found
        front += found
