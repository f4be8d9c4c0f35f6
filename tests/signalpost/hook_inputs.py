"""What clients write to their hooks: as they were seen to, and as they document it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

Inputs = dict[str, dict[str, dict[str, object]]]

_FILE = cast(
    "dict[str, Inputs]",
    json.loads(Path(__file__).with_name("hook_inputs.json").read_text("utf-8")),
)
SEEN = _FILE["seen"]
"""By our name of the client and its own name of the event."""
DOCUMENTED = _FILE["documented"]


def given(client: str, event: str, **changed: object) -> dict[str, object]:
    """Return one input, but for the fields given."""
    found = SEEN.get(client, {}).get(event) or DOCUMENTED[client][event]
    return {**found, **changed}


def written(client: str, event: str, **changed: object) -> bytes:
    """Return one input as its client writes it."""
    return json.dumps(given(client, event, **changed)).encode()
