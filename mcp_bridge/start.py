"""The start of a bridge process: what it needs is loaded, then it serves.

Half of an agent's wait for its tools is the loading of classes.
"""

from __future__ import annotations

import gc
import logging
import sys
from typing import TYPE_CHECKING

from . import lean_imports
from .options import BridgeOptions

if TYPE_CHECKING:
    from .broker_port import Dial

logger = logging.getLogger(__name__)


def main(options: BridgeOptions, dial: Dial | None = None) -> None:
    """Serve one MCP client and end the process, which is the bridge's own.

    For the parameters see :func:`process.serve`.
    """
    logging.basicConfig(stream=sys.stderr, format="signalpost mcp: %(message)s")
    # Collecting garbage while thousands of classes are made finds none and costs a tenth of the start.
    gc.disable()
    if reason := lean_imports.load():
        logger.warning("starts slower than it could and takes more memory: %s", reason)
    from . import process

    gc.freeze()
    gc.enable()
    process.main(options, dial)
