"""Somebody with a home of their own, where some agents' clients are installed."""

from __future__ import annotations

import stat
from pathlib import Path

from tests.system.home import Done, Home

CODEX = '# mine\nmodel = "gpt-5"\n'
CLAUDE = '{\n  "permissions": {\n    "allow": ["Bash(gradle:*)", "Read"]\n  }\n}\n'
GEMINI = '{\n  // mine\n  "theme": "dark",\n}\n'
_OTHERS = (
    "XDG_CONFIG_HOME",
    "CODEX_HOME",
    "CLAUDE_CONFIG_DIR",
    "GEMINI_CLI_HOME",
    "COPILOT_HOME",
    "CLINE_MCP_SETTINGS_PATH",
)


class User:
    """Codex, Claude Code, Gemini CLI and opencode have been used; none is on PATH."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.folder = home.folder / "user"
        self.write(".codex/config.toml", CODEX)
        self.write(".claude/settings.json", CLAUDE)
        self.write(".gemini/settings.json", GEMINI)
        (self.folder / ".config" / "opencode").mkdir(parents=True)
        for name in _OTHERS:
            home.environment.pop(name, None)
        home.environment |= {"HOME": str(self.folder), "PATH": "/usr/bin:/bin", "JAVA_HOME": "/j"}

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def install(self, program: str, script: str = "exit 0") -> Path:
        """Put a stand-in for a program on PATH."""
        path = self.write(f"bin/{program}", f"#!/bin/sh\n{script}\n")
        path.chmod(stat.S_IRWXU)
        self.home.environment["PATH"] = f"{path.parent}:/usr/bin:/bin"
        return path

    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }

    def setup(self, *words: str) -> Done:
        return self.home.run("setup", *words)
