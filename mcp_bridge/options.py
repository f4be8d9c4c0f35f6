"""How one bridge is set up. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class BridgeOptions:
    """What ``signalpost mcp`` was told on its command line."""

    data_dir: Path
    agent: str = ""
    """The agent's name; empty: from the environment, else unnamed."""
    tail_lines: int = 50
    """Lines of output shown with a result that is no success; 0 shows none."""
    wait_budget: float | None = None
    """Seconds after which a call answers RUNNING; None: by client, 0: never."""
    on_disconnect: Literal["kill", "finish"] = "kill"
    broker_options: tuple[str, ...] = ()
    """Words for ``signalpost broker``, in case this bridge has to start it."""
    no_tasks: bool = False
    """Offer no tool that runs or touches tasks."""
    login_env: bool = False
    """Complete the commands' environment by that of the user's login shell."""
    wake: Literal["", "channel", "codex-queue"] = ""
    """By what door of its client an idle model is told of mail; empty: by none."""
