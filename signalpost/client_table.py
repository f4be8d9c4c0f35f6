"""The clients that ``signalpost setup`` knows: where their files are and what is written there. Pure.

What was seen in the real program says ``seen``; the rest is taken from its documentation.
``setup`` writes into files and calls no ``claude mcp add`` or ``codex mcp add``: these cannot change
an entry that is there, know nothing of hooks, and leave no way back to the last byte; a file can be
shown before it is written, and is there when the program is not.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .client_edits import Edit, FormerFile, FormerItem, JsonEntry, TomlEntry, Whole
from .client_hooks import HookClient, hook_file, hooks_for
from .client_kind import ClientKind, Place, Wishes
from .jsonc_tree import Plain
from .opencode_text import FIRST_LINE, plugin_text

LONG_SECONDS = 3600
"""How long a call may take where the client is told a limit, and keeps to it."""
MARGIN_SECONDS = 10
BUDGET = LONG_SECONDS - MARGIN_SECONDS
CLINE = "saoudrizwan.claude-dev"

File = Callable[[Place], Path]
Edits = Callable[[Place, Wishes], list[Edit]]


def _plain(file: File, holder: str, *, bare: bool = False, **more: Plain) -> Edits:
    """Return the edits of a client whose entry says no more than what to run."""

    def edits(place: Place, wishes: Wishes) -> list[Edit]:
        entry = JsonEntry((holder,), wishes.server(more, bare=bare))
        return [Edit(file(place), entry, "MCP server")]

    return edits


def _hooks(client: HookClient, file: File) -> Edits:
    return lambda place, wishes: [Edit(file(place), hooks_for(client, wishes.hooks), "hooks")]


def _below(folder: File, *names: str) -> File:
    return lambda place: folder(place).joinpath(*names)


# ---------------------------------------------------------------- folders


def _claude(place: Place) -> Path:
    return place.own("CLAUDE_CONFIG_DIR", ".claude")


def _claude_json(place: Place) -> Path:
    return place.own("CLAUDE_CONFIG_DIR", "") / ".claude.json"


def _codex(place: Place) -> Path:
    return place.own("CODEX_HOME", ".codex")


def _gemini(place: Place) -> Path:
    return place.own("GEMINI_CLI_HOME", "") / ".gemini"


def _copilot(place: Place) -> Path:
    return place.own("COPILOT_HOME", ".copilot")


def _code(place: Place) -> Path:
    return place.config() / "Code" / "User"


def _opencode(place: Place) -> Path:
    return place.xdg() / "opencode"  # on macOS as well


def _opencode_json(place: Place) -> Path:
    folder = _opencode(place)
    return place.first(folder / "opencode.json", folder / "opencode.jsonc")


def _home(*names: str) -> File:
    return lambda place: place.home.joinpath(*names)


def _cline_extension(place: Place) -> Path:
    return _code(place) / "globalStorage" / CLINE


# ---------------------------------------------------------------- entries


def _codex_entries(place: Place, wishes: Wishes) -> list[Edit]:
    server = wishes.server(
        approval=("default_tools_approval_mode", "approve"),
        bare=True,
        budget=BUDGET,
        limits={"startup_timeout_sec": 30, "tool_timeout_sec": LONG_SECONDS},
        names=True,
    )
    return [Edit(_codex(place) / "config.toml", TomlEntry(("mcp_servers",), server), "MCP server")]


def _gemini_entries(place: Place, wishes: Wishes) -> list[Edit]:
    limits = {"timeout": LONG_SECONDS * 1000}
    server = wishes.server(approval=("trust", True), budget=BUDGET, limits=limits)
    path = _gemini(place) / "settings.json"
    return [Edit(path, JsonEntry(("mcpServers",), server), "MCP server")]


def _copilot_entries(place: Place, wishes: Wishes) -> list[Edit]:
    server = wishes.server(
        {"type": "local", "tools": ["*"]},
        budget=BUDGET,
        limits={"timeout": LONG_SECONDS * 1000},
    )
    path = _copilot(place) / "mcp-config.json"
    return [Edit(path, JsonEntry(("mcpServers",), server), "MCP server")]


def _cline_entries(place: Place, wishes: Wishes) -> list[Edit]:
    server = wishes.server(bare=True, budget=BUDGET, limits={"timeout": LONG_SECONDS})
    name = Path("settings", "cline_mcp_settings.json")
    named = Path(place.environment.get("CLINE_MCP_SETTINGS_PATH", ""))
    terminal = named if named.is_absolute() else place.home / ".cline" / "data" / name
    extension = _cline_extension(place) / name
    known = [p for p in (extension, terminal) if place.exists(p) or place.exists(p.parents[1])]
    return [
        Edit(path, JsonEntry(("mcpServers",), server), "MCP server")
        for path in known or [extension]
    ]


def _opencode_entries(place: Place, wishes: Wishes) -> list[Edit]:
    server = wishes.server({"type": "local", "enabled": True}, one_list=True)
    return [Edit(_opencode_json(place), JsonEntry(("mcp",), server), "MCP server")]


def _opencode_plugin(place: Place, wishes: Wishes) -> list[Edit]:
    # What lies in this folder is loaded; one that the configuration lists is not called.
    file = _opencode(place) / "plugin" / "signalpost.js"
    source = plugin_text(wishes.program, wishes.agent, wishes.data_dir)
    return [Edit(file, Whole(source), "plugin")]


def _opencode_former(place: Place) -> list[Edit]:
    file = _opencode(place) / "signalpost.js"
    listed = FormerItem(("plugin",), file.as_uri())
    return [
        Edit(file, FormerFile(FIRST_LINE), "former plugin"),
        Edit(_opencode_json(place), listed, "former plugin"),
    ]


def _copilot_hooks(place: Place, wishes: Wishes) -> list[Edit]:
    path = _copilot(place) / "hooks" / "signalpost.json"
    return [Edit(path, Whole(hook_file("copilot", wishes.hooks)), "hooks")]


CLIENTS = (
    ClientKind(
        name="claude-code",
        title="Claude Code",
        programs=("claude",),
        folders=lambda place: [_claude(place)],
        entries=_plain(_claude_json, "mcpServers", type="stdio"),
        hooks=_hooks("claude-code", _below(_claude, "settings.json")),
        hooks_seen=True,
        instructions=_below(_claude, "CLAUDE.md"),
        project_instructions="CLAUDE.md",
        seen=True,
        read=True,
        note="Sessions that run already see the server when they are started again.",
    ),
    ClientKind(
        name="claude-desktop",
        title="Claude Desktop",
        folders=lambda place: [place.config() / "Claude"],
        entries=_plain(
            lambda place: place.config() / "Claude" / "claude_desktop_config.json",
            "mcpServers",
            bare=True,
        ),
        project_instructions="",
        note="Quit it and open it again.",
    ),
    ClientKind(
        name="codex",
        title="Codex",
        programs=("codex",),
        folders=lambda place: [_codex(place)],
        entries=_codex_entries,
        hooks=_hooks("codex", _below(_codex, "hooks.json")),
        hooks_seen=True,
        instructions=_below(_codex, "AGENTS.md"),
        seen=True,
        read=True,
        note="It asks once whether to trust the hooks; `codex exec` skips them until then.",
    ),
    ClientKind(
        name="gemini",
        title="Gemini CLI",
        programs=("gemini",),
        folders=lambda place: [_gemini(place)],
        entries=_gemini_entries,
        hooks=_hooks("gemini", _below(_gemini, "settings.json")),
        hooks_seen=True,
        instructions=_below(_gemini, "GEMINI.md"),
        project_instructions="GEMINI.md",
        seen=True,
        read=True,
        note="It connects servers only in folders that it trusts.",
    ),
    ClientKind(
        name="cursor",
        title="Cursor",
        programs=("cursor", "cursor-agent"),
        folders=lambda place: [place.home / ".cursor"],
        entries=_plain(_home(".cursor", "mcp.json"), "mcpServers"),
        hooks=_hooks("cursor", _home(".cursor", "hooks.json")),
    ),
    ClientKind(
        name="vscode",
        title="VS Code",
        programs=("code",),
        folders=lambda place: [_code(place)],
        entries=_plain(_below(_code, "mcp.json"), "servers", type="stdio"),
    ),
    ClientKind(
        name="copilot",
        title="Copilot CLI",
        programs=("copilot",),
        folders=lambda place: [_copilot(place)],
        entries=_copilot_entries,
        hooks=_copilot_hooks,
        hooks_seen=True,
        instructions=_below(_copilot, "copilot-instructions.md"),
        seen=True,
        read=True,
    ),
    ClientKind(
        name="cline",
        title="Cline",
        programs=("cline",),
        folders=lambda place: [_cline_extension(place), place.home / ".cline"],
        entries=_cline_entries,
        seen=True,
        read=True,
    ),
    ClientKind(
        name="windsurf",
        title="Windsurf",
        programs=("windsurf",),
        folders=lambda place: [place.home / ".codeium" / "windsurf"],
        entries=_plain(_home(".codeium", "windsurf", "mcp_config.json"), "mcpServers"),
        instructions=_home(".codeium", "windsurf", "memories", "global_rules.md"),
    ),
    ClientKind(
        name="amp",
        title="Amp",
        programs=("amp",),
        folders=lambda place: [place.xdg() / "amp"],
        entries=_plain(lambda place: place.xdg() / "amp" / "settings.json", "amp.mcpServers"),
        instructions=lambda place: place.xdg() / "amp" / "AGENTS.md",
        seen=True,
        read=True,
        note="It was seen to list the server; the rest is after its documentation.",
    ),
    ClientKind(
        name="opencode",
        title="opencode",
        programs=("opencode",),
        folders=lambda place: [_opencode(place)],
        entries=_opencode_entries,
        hooks=_opencode_plugin,
        former=_opencode_former,
        instructions=_below(_opencode, "AGENTS.md"),
        seen=True,
        read=True,
        note="The plugin that wakes it is written with --hooks; see docs/clients.md.",
    ),
    ClientKind(
        name="firebender",
        title="Firebender",
        folders=lambda place: [place.home / ".firebender"],
        entries=_plain(_home(".firebender", "firebender.json"), "mcpServers"),
        project_instructions="",
    ),
)
