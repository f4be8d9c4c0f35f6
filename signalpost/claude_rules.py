"""What Claude Code may run in its shell without asking, as far as its settings tell."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from . import jsonc
from .client_kind import Place
from .config_file import ConfigFile
from .transport.errors import BadRequest


def rules(place: Place, project: Path) -> list[str]:
    """Return the rules of the user's and the project's settings; what cannot be read has none."""
    user = place.own("CLAUDE_CONFIG_DIR", ".claude") / "settings.json"
    own = [project / ".claude" / name for name in ("settings.json", "settings.local.json")]
    found = [rule for path in (user, *own) for rule in _allowed(path)]
    return list(dict.fromkeys(found))


def _allowed(path: Path) -> list[str]:
    try:
        text = (ConfigFile(path).read() or b"").decode()
        allowed = jsonc.get(text, ("permissions", "allow"))
    except (UnicodeDecodeError, BadRequest):
        return []
    found = cast("list[object]", allowed) if isinstance(allowed, list) else []
    return [rule for rule in found if isinstance(rule, str)]
