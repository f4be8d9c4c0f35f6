"""Configuration files as people have them, by client and path below the home."""

from __future__ import annotations

SAMPLES = {
    ("claude-code", ".claude.json"): """\
{
  "numStartups": 112,
  "installMethod": "native",
  "tipsHistory": {},
  "projects": {
    "/home/alice/app": {
      "allowedTools": [],
      "mcpServers": {},
      "hasTrustDialogAccepted": true
    }
  },
  "mcpServers": {
    "docs": {
      "type": "http",
      "url": "https://example.org/mcp"
    }
  },
  "userID": "0f"
}""",
    ("claude-code", ".claude/settings.json"): """\
{
  "$schema": "https://json.schemastore.org/claude-code-settings.json",
  "permissions": {
    "allow": ["Bash(git status:*)", "mcp__docs"],
    "deny": []
  },
  "hooks": {
    "Stop": [
      {
        "hooks": [
          { "type": "command", "command": "notify-send 'wait --rewake it'", "timeout": 5 }
        ]
      }
    ],
    "PreToolUse": []
  },
  "statusLine": { "type": "command", "command": "~/bin/line" }
}
""",
    ("claude-desktop", ".config/Claude/claude_desktop_config.json"): """\
{
    "mcpServers": {},
    "globalShortcut": ""
}
""",
    ("codex", ".codex/config.toml"): """\
# my Codex
model = "gpt-5.5"
approval_policy = "on-request" # ask me
notify = [
  "python3", # a comment in a list
  "/home/alice/notify.py",
]

[mcp_servers.docs]
command = "npx"
args = ["-y", "docs-mcp"]
env = { TOKEN = "x" }

[projects."/home/alice/app"]
trust_level = "trusted"
""",
    ("codex", ".codex/hooks.json"): """\
{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "say done"}]}]}}
""",
    ("gemini", ".gemini/settings.json"): """\
{
  // the look
  "ui": { "theme": "GitHub" /* dark */ },
  "security": {
    "auth": { "selectedType": "oauth-personal" },
  },
  "mcpServers": {
    "docs": { "command": "npx", "args": ["docs-mcp"], },
  },
}
""",
    ("cursor", ".cursor/mcp.json"): """\
{
\t"mcpServers": {
\t\t"docs": {
\t\t\t"url": "https://example.org/mcp"
\t\t}
\t}
}
""",
    ("cursor", ".cursor/hooks.json"): """\
{
  "version": 1,
  "hooks": {
    "stop": [{ "command": "./mine.sh" }]
  }
}
""",
    ("vscode", ".config/Code/User/mcp.json"): """\
{
\t// added by hand
\t"servers": {
\t\t"docs": {
\t\t\t"type": "stdio",
\t\t\t"command": "docs-mcp" // on PATH
\t\t}
\t},
\t"inputs": []
}
""",
    ("copilot", ".copilot/mcp-config.json"): """\
{
  "mcpServers": {
    "docs": { "type": "local", "command": "docs-mcp", "args": [], "tools": ["*"] }
  }
}
""",
    (
        "cline",
        ".config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
    ): """\
{
  "mcpServers": {
  }
}
""",
    ("windsurf", ".codeium/windsurf/mcp_config.json"): """\
{
  "mcpServers": {
    "docs": {"command": "docs-mcp", "args": [], "disabled": true}
  }
}
""",
    ("amp", ".config/amp/settings.json"): """\
{
  "amp.notifications.enabled": true,
  // heavy
  "amp.commands.allowlist": ["git status"],
}
""",
    ("opencode", ".config/opencode/opencode.json"): """\
{
  "$schema": "https://opencode.ai/config.json",
  "plugin": ["opencode-notifier"],
  "permission": { "bash": { "git *": "allow" } }
}
""",
    ("firebender", ".firebender/firebender.json"): """\
{
  "rules": ["Be brief."],
  "mcpServers": {}
}
""",
}

HAND_EDITED = {
    "codex": """\
[mcp_servers.signalpost] # mine
command = "uvx"
args = ["--from", "/src/signalpost", "signalpost", "mcp", "carol", "--no-tasks", "--queue", "a=1", "--queue", "b=2"]
env_vars = ["MY_FLAGS"]
enabled = false

[mcp_servers.signalpost.tools.run_task]
approval_mode = "prompt"
""",
    "opencode": """\
{
  "mcp": {
    "signalpost": {
      "type": "local",
      "command": ["signalpost", "mcp", "carol", "--no-tasks", "--queue=a=1", "--queue", "b=2"],
      "enabled": false // for now
    }
  }
}
""",
    "json": """\
{
  "HOLDER": {
    "signalpost": {
      "command": "signalpost", // mine
      "args": ["mcp", "--no-tasks", "carol", "--queue", "a=1", "--queue", "b=2"],
      "env": { "A": "1" },
      "disabled": true
    }
  }
}
""",
}
"""The server as a person has written it, and changed it."""
