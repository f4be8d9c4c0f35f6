"""The plugin for opencode, told which program it is to run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

FIRST_LINE = "// Wakes an idle opencode session when mail waits for its agent."
"""How it begins, in every version."""
_PROGRAM, _AGENT, _OPTIONS = '["signalpost"]', 'const AGENT = ""', "const OPTIONS = []"


def plugin_text(program: Sequence[str], agent: str, data_dir: str) -> str:
    """Return its source."""
    text = Path(__file__).with_name("opencode_plugin.js").read_text("utf-8")
    options = ["--data-dir", data_dir] if data_dir else []
    text = text.replace(_PROGRAM, json.dumps([*program]))
    text = text.replace(_AGENT, f"const AGENT = {json.dumps(agent)}")
    return text.replace(_OPTIONS, f"const OPTIONS = {json.dumps(options)}")
