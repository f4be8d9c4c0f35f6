"""What Claude Code may run in its shell without asking, as far as its settings tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from . import jsonc
from .bypass import ANYTHING, in_force
from .client_kind import Place
from .config_file import ConfigFile
from .setup import decoded
from .transport.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Permissions:
    """What the settings say, all files taken together."""

    allowed: list[str] = field(default_factory=list[str])
    refused: list[str] = field(default_factory=list[str])
    """Also what is asked: both count more than what is allowed."""
    unread: list[str] = field(default_factory=list[str])
    """Files that cannot be read."""

    @property
    def in_force(self) -> list[str]:
        """Return what is allowed and neither refused nor asked."""
        return in_force(dict.fromkeys(self.allowed), self.refused)


def project_here() -> Path | None:
    """Return the folder in which this process is; None: it was removed, and its rules with it."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def rules(place: Place, project: Path | None) -> list[str]:
    """Return the rules that are in force, of the user and the project; what cannot be read has none."""
    return permissions(place, project).in_force


def permissions(place: Place, project: Path | None) -> Permissions:
    """Return what the settings of the user say, and those of the project if there is one."""
    paths = [place.own("CLAUDE_CONFIG_DIR", ".claude") / "settings.json"]
    if project is not None:
        paths += [project / ".claude" / name for name in ("settings.json", "settings.local.json")]
    found = Permissions()
    for path in dict.fromkeys(paths):
        try:
            _read(path, found)
        except BadRequest:
            found.unread.append(str(path))
    return found


def _read(path: Path, found: Permissions) -> None:
    """Add what one file says.

    :raises BadRequest: it cannot be read
    """
    text = decoded(ConfigFile(path).read() or b"")
    found.allowed.extend(_listed(text, "allow"))
    found.refused.extend([*_listed(text, "deny"), *_listed(text, "ask")])
    if jsonc.get(text, ("permissions", "defaultMode")) == "bypassPermissions":
        found.allowed.append(ANYTHING)


def _listed(text: str, name: str) -> list[str]:
    value = jsonc.get(text, ("permissions", name))
    listed = cast("list[object]", value) if isinstance(value, list) else []
    return [rule for rule in listed if isinstance(rule, str)]
