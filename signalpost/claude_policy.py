"""What of ours Claude Code will not use, as its organisation's files and its user's settings say.

    managed-mcp.json ── is there ──> only the servers in it are loaded
    managed-settings.json, managed-settings.d/*.json, settings.json
        deniedMcpServers ──> never loaded      allowedMcpServers ──> nothing else is loaded
        allowManagedHooksOnly, disableAllHooks, strictPluginOnlyCustomization ──> no hooks of ours

After its documentation (code.claude.com/docs/en/managed-mcp, managed-settings). What an
organisation sends by other ways, and what a project says, is not seen here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .client_checks import runs_us
from .client_kind import Place
from .jsonc_tree import Plain, items_of, members_of, read
from .server_entry import Members, words_of
from .transport.errors import BadRequest
from .transport.regular_file import MIB, read_regular

_MOST = 16 * MIB
_NAME = "signalpost"
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_STRICT = "strictPluginOnlyCustomization"
_DENIED, _ALLOWED = "deniedMcpServers", "allowedMcpServers"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that is not used, or a file of which that is not known."""

    what: Literal["server", "hooks", ""]
    why: str
    """A sentence that names the file."""


@dataclass(frozen=True, slots=True)
class _Said:
    """One file and what it says."""

    path: Path
    members: Members


@dataclass(slots=True)
class ClaudePolicy:
    """What the files say, those of the organisation first. Make one with :func:`policy`."""

    environment: Mapping[str, str]
    managed: list[_Said] = field(default_factory=list[_Said])
    own: list[_Said] = field(default_factory=list[_Said])
    servers: list[_Said] = field(default_factory=list[_Said])
    unread: list[Obstacle] = field(default_factory=list[Obstacle])

    def obstacles(self, entry: Members) -> list[Obstacle]:
        """Return what is in the way of the server of this entry, and of hooks."""
        server, hooks = self._of_server(entry), self._of_hooks()
        found = [Obstacle("server", server)] if server else []
        return [*found, *([Obstacle("hooks", hooks)] if hooks else []), *self.unread]

    # ------------------------------------------------------------ inside

    def _of_server(self, entry: Members) -> str:
        for said in self.servers:
            known = members_of(said.members.get("mcpServers")).values()
            if any(runs_us(members_of(each)) for each in known):
                return ""
            return f"{said.path}: Claude Code loads the servers in it and no others."
        if (path := self._strict("mcp")) is not None:
            return f"{_STRICT} in {path}: servers are taken from plugins only."
        words = [self._expanded(word) for word in words_of(entry)]
        for said in [*self.managed, *self.own]:
            if any(self._means(each, words) for each in items_of(said.members.get(_DENIED))):
                return f"{_DENIED} in {said.path} names the server {_NAME}."
        return self._unless_allowed(words)

    def _unless_allowed(self, words: list[str]) -> str:
        only = self._last("allowManagedMcpServersOnly", managed_only=True)
        sources = self.managed if only is not None else [*self.managed, *self.own]
        setting = [said for said in sources if isinstance(said.members.get(_ALLOWED), list)]
        listed = [members_of(e) for said in setting for e in items_of(said.members[_ALLOWED])]
        # A name counts only where no entry is about commands.
        commands = [entry for entry in listed if "serverCommand" in entry]
        if not setting or any(self._means(entry, words) for entry in commands or listed):
            return ""
        return f"{_ALLOWED} in {setting[0].path} does not name the server {_NAME}."

    def _means(self, entry: Plain, words: list[str]) -> bool:
        members = members_of(entry)
        command = items_of(members.get("serverCommand"))
        return members.get("serverName") == _NAME or (
            bool(words) and [self._expanded(str(word)) for word in command] == words
        )

    def _of_hooks(self) -> str:
        if (path := self._last("disableAllHooks")) is not None:
            return f"disableAllHooks in {path}: no hook is run."
        if (path := self._last("allowManagedHooksOnly", managed_only=True)) is not None:
            return f"allowManagedHooksOnly in {path}: only hooks of the organisation are run."
        if (path := self._strict("hooks")) is not None:
            return f"{_STRICT} in {path}: hooks are taken from plugins only."
        return ""

    def _last(self, key: str, *, managed_only: bool = False) -> Path | None:
        """Return the file in which a switch is on; of the organisation's, the last one counts."""
        setting = [said for said in self.managed if key in said.members][-1:]
        own = [] if managed_only else self.own
        return next((s.path for s in setting or own if s.members.get(key) is True), None)

    def _strict(self, what: str) -> Path | None:
        for said in reversed(self.managed):
            value = said.members.get(_STRICT)
            if value is True or what in items_of(value):
                return said.path
        return None

    def _expanded(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            return self.environment.get(found[1], found[0] if found[2] is None else found[2])

        return _VARIABLE.sub(value, text)


def policy(place: Place) -> ClaudePolicy:
    """Read what there is. Nothing is changed, and a file that is missing says nothing."""
    found = ClaudePolicy(place.environment)
    folder = place.claude_managed()
    for path in (folder / "managed-settings.json", *_further(folder / "managed-settings.d")):
        _add(path, found.managed, found)
    _add(folder / "managed-mcp.json", found.servers, found)
    own = place.own("CLAUDE_CONFIG_DIR", ".claude") / "settings.json"
    _add(own, found.own, ClaudePolicy(place.environment))  # the check of hooks tells what is wrong
    return found


def _further(folder: Path) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [folder / n for n in names if n.endswith(".json") and not n.startswith(".")]


def _add(path: Path, to: list[_Said], found: ClaudePolicy) -> None:
    try:
        node = read(read_regular(path, _MOST).decode())
    except FileNotFoundError:
        return
    except OSError as error:
        found.unread.append(Obstacle("", f"{path} cannot be read: {error.strerror}."))
    except (BadRequest, UnicodeDecodeError) as error:
        found.unread.append(Obstacle("", f"{path} cannot be read: {error}"))
    else:
        to.append(_Said(path, members_of(node.plain() if node is not None else None)))
