"""The clients that ``signalpost setup`` knows: where their files are and what is written there. Pure.

What was seen in the real program says ``seen``; the rest is taken from its documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .client_edits import Edit, JsonEntry, JsonItems, TomlTable, Whole
from .client_hooks import HookClient, HookWishes, hooks_for
from .jsonc_tree import Plain
from .markers import TOML

LONG_SECONDS = 3600
"""How long a call may take where the client wants to be told a limit."""
MARGIN_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose files: a home, its environment, and the kind of system."""

    home: Path
    environment: Mapping[str, str]
    mac: bool = False

    def config(self) -> Path:
        """Return where programs keep their settings."""
        if self.mac:
            return self.home / "Library" / "Application Support"
        return Path(self.environment.get("XDG_CONFIG_HOME") or self.home / ".config")

    def own(self, variable: str, default: str) -> Path:
        """Return the folder of a client that has a variable for it."""
        return Path(self.environment.get(variable) or self.home / default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is to be written."""

    program: tuple[str, ...]
    """The words that run this program, the first of them an absolute path."""
    agent: str = ""
    allow: bool = False
    """Let the client's model use every tool unasked: any command, as this user."""
    variables: tuple[str, ...] = ()
    """Names of variables that a client with a bare environment is to pass on."""
    login_env: bool = False
    hooks: HookWishes

    def words(self, *options: str) -> list[str]:
        """Return the arguments behind the program's path."""
        agent = [self.agent] if self.agent else []
        login = ["--login-env"] if self.login_env else []
        return [*self.program[1:], "mcp", *agent, *options, *login]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKind:
    """One client."""

    name: str
    title: str
    programs: tuple[str, ...] = ()
    folder: Callable[[Place], Path]
    """It is installed where this folder is, or one of its programs."""
    entry: Callable[[Place, Wishes], Edit]
    hooks: Callable[[Place, Wishes], Edit] | None = None
    plugin: Callable[[Place, Wishes], list[Edit]] | None = None
    instructions: Callable[[Place], Path] | None = None
    project_instructions: str = ""
    seen: bool = False
    note: str = ""
    """What the person has to know or do."""


def _json(file: Callable[[Place], Path], *path: str, **more: Plain) -> Callable[..., Edit]:
    def entry(place: Place, wishes: Wishes) -> Edit:
        value = {"command": wishes.program[0], "args": wishes.words(), **more}
        return Edit(file(place), JsonEntry((*path, "signalpost"), value), "MCP server")

    return entry


def _hooks(client: HookClient, file: Callable[[Place], Path]) -> Callable[[Place, Wishes], Edit]:
    def hooks(place: Place, wishes: Wishes) -> Edit:
        items: JsonItems = hooks_for(client, wishes.hooks)
        return Edit(file(place), items, "hooks")

    return hooks


def _claude_file(place: Place) -> Path:
    own = place.environment.get("CLAUDE_CONFIG_DIR")
    return Path(own or place.home) / ".claude.json"


def _claude_dir(place: Place) -> Path:
    return place.own("CLAUDE_CONFIG_DIR", ".claude")


def _codex_entry(place: Place, wishes: Wishes) -> Edit:
    words = wishes.words("--wait-budget", str(LONG_SECONDS - MARGIN_SECONDS))
    table: dict[str, Plain] = {
        "command": wishes.program[0],
        "args": words,
        "startup_timeout_sec": 30,
        "tool_timeout_sec": LONG_SECONDS,
    }
    if wishes.variables:
        table["env_vars"] = [*wishes.variables]
    if wishes.allow:
        table["default_tools_approval_mode"] = "approve"
    path = place.own("CODEX_HOME", ".codex") / "config.toml"
    return Edit(path, TomlTable(("mcp_servers", "signalpost"), table, TOML), "MCP server")


def _gemini_entry(place: Place, wishes: Wishes) -> Edit:
    value: dict[str, Plain] = {
        "command": wishes.program[0],
        "args": wishes.words("--wait-budget", str(LONG_SECONDS - MARGIN_SECONDS)),
        "timeout": LONG_SECONDS * 1000,
    }
    if wishes.allow:
        value["trust"] = True
    path = place.home / ".gemini" / "settings.json"
    return Edit(path, JsonEntry(("mcpServers", "signalpost"), value), "MCP server")


def _cline_entry(place: Place, wishes: Wishes) -> Edit:
    value: dict[str, Plain] = {
        "command": wishes.program[0],
        "args": wishes.words("--wait-budget", str(LONG_SECONDS - MARGIN_SECONDS)),
        "timeout": LONG_SECONDS,
    }
    folder = place.config() / "Code" / "User" / "globalStorage" / "saoudrizwan.claude-dev"
    path = folder / "settings" / "cline_mcp_settings.json"
    return Edit(path, JsonEntry(("mcpServers", "signalpost"), value), "MCP server")


def _opencode_dir(place: Place) -> Path:
    # The same on every system.
    return Path(place.environment.get("XDG_CONFIG_HOME") or place.home / ".config") / "opencode"


def _opencode_entry(place: Place, wishes: Wishes) -> Edit:
    value = {"type": "local", "command": [wishes.program[0], *wishes.words()], "enabled": True}
    change = JsonEntry(("mcp", "signalpost"), value)
    return Edit(_opencode_dir(place) / "opencode.json", change, "MCP server")


def _opencode_plugin(place: Place, wishes: Wishes) -> list[Edit]:
    folder = _opencode_dir(place)
    file = folder / "signalpost.js"
    source = Path(__file__).with_name("opencode_plugin.js").read_text("utf-8")
    words = "[" + ", ".join(f'"{word}"' for word in wishes.program) + "]"
    source = source.replace('["signalpost"]', words).replace(
        'AGENT = ""', f'AGENT = "{wishes.agent}"'
    )
    listed = JsonItems(((("plugin",), file.as_uri()),))
    return [
        Edit(file, Whole(source), "plugin"),
        Edit(folder / "opencode.json", listed, "plugin"),
    ]


CLIENTS = (
    ClientKind(
        name="claude-code",
        title="Claude Code",
        programs=("claude",),
        folder=_claude_dir,
        entry=_json(_claude_file, "mcpServers", type="stdio"),
        hooks=_hooks("claude-code", lambda place: _claude_dir(place) / "settings.json"),
        instructions=lambda place: _claude_dir(place) / "CLAUDE.md",
        project_instructions="CLAUDE.md",
        seen=True,
        note="Close it first: while it runs it writes ~/.claude.json anew.",
    ),
    ClientKind(
        name="claude-desktop",
        title="Claude Desktop",
        folder=lambda place: place.config() / "Claude",
        entry=_json(
            lambda place: place.config() / "Claude" / "claude_desktop_config.json", "mcpServers"
        ),
    ),
    ClientKind(
        name="codex",
        title="Codex",
        programs=("codex",),
        folder=lambda place: place.own("CODEX_HOME", ".codex"),
        entry=_codex_entry,
        hooks=_hooks("codex", lambda place: place.own("CODEX_HOME", ".codex") / "hooks.json"),
        instructions=lambda place: place.own("CODEX_HOME", ".codex") / "AGENTS.md",
        project_instructions="AGENTS.md",
        seen=True,
        note="It asks once whether to trust the hooks; `codex exec` skips them until then.",
    ),
    ClientKind(
        name="gemini",
        title="Gemini CLI",
        programs=("gemini",),
        folder=lambda place: place.home / ".gemini",
        entry=_gemini_entry,
        hooks=_hooks("gemini", lambda place: place.home / ".gemini" / "settings.json"),
        instructions=lambda place: place.home / ".gemini" / "GEMINI.md",
        project_instructions="GEMINI.md",
        seen=True,
        note="It connects servers only in folders that it trusts.",
    ),
    ClientKind(
        name="cursor",
        title="Cursor",
        programs=("cursor", "cursor-agent"),
        folder=lambda place: place.home / ".cursor",
        entry=_json(lambda place: place.home / ".cursor" / "mcp.json", "mcpServers"),
        hooks=_hooks("cursor", lambda place: place.home / ".cursor" / "hooks.json"),
        project_instructions="AGENTS.md",
    ),
    ClientKind(
        name="vscode",
        title="VS Code",
        programs=("code",),
        folder=lambda place: place.config() / "Code" / "User",
        entry=_json(
            lambda place: place.config() / "Code" / "User" / "mcp.json", "servers", type="stdio"
        ),
    ),
    ClientKind(
        name="copilot",
        title="Copilot CLI",
        programs=("copilot",),
        folder=lambda place: place.home / ".copilot",
        entry=_json(
            lambda place: place.home / ".copilot" / "mcp-config.json",
            "mcpServers",
            type="local",
            tools=["*"],
        ),
        note="Its hooks stand in .github/hooks of each project: see docs/hooks.md.",
    ),
    ClientKind(
        name="cline",
        title="Cline",
        folder=lambda place: (
            place.config() / "Code" / "User" / "globalStorage" / "saoudrizwan.claude-dev"
        ),
        entry=_cline_entry,
    ),
    ClientKind(
        name="windsurf",
        title="Windsurf",
        programs=("windsurf",),
        folder=lambda place: place.home / ".codeium" / "windsurf",
        entry=_json(
            lambda place: place.home / ".codeium" / "windsurf" / "mcp_config.json", "mcpServers"
        ),
    ),
    ClientKind(
        name="amp",
        title="Amp",
        programs=("amp",),
        folder=lambda place: _opencode_dir(place).parent / "amp",
        entry=_json(
            lambda place: _opencode_dir(place).parent / "amp" / "settings.json", "amp.mcpServers"
        ),
        project_instructions="AGENTS.md",
    ),
    ClientKind(
        name="opencode",
        title="opencode",
        programs=("opencode",),
        folder=_opencode_dir,
        entry=_opencode_entry,
        plugin=_opencode_plugin,
        instructions=lambda place: _opencode_dir(place) / "AGENTS.md",
        project_instructions="AGENTS.md",
        seen=True,
    ),
    ClientKind(
        name="firebender",
        title="Firebender",
        folder=lambda place: place.home / ".firebender",
        entry=_json(lambda place: place.home / ".firebender" / "firebender.json", "mcpServers"),
    ),
)
