"""What ``signalpost doctor`` thinks of one client's configuration. Pure: findings in, verdicts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from .bare_environment import CODEX_PASSES
from .checks import Check
from .jsonc_tree import Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found of one installed client."""

    title: str
    name: str
    entry: Mapping[str, Plain] | None = None
    """Of our server, as the client has it; None: none."""
    broken: str = ""
    """Why its file could not be read."""
    missing_program: str = ""
    """The program that the entry runs, if it is not there."""
    version: str = ""
    """What the server says of itself; empty: it does not start."""
    hooks: int = 0
    hooks_wanted: int = 0


def verdict(found: Findings, ours: str) -> Check:
    """Judge one client; ``ours`` is the version of this program."""
    name, remedy = found.title, f"signalpost setup --client {found.name}"
    if found.broken:
        return Check(name, f"its file cannot be read: {found.broken}", "wrong", "Mend the file.")
    if found.entry is None:
        return Check(name, "installed, without Signalpost", "ok", f"To add it: {remedy}")
    if found.missing_program:
        text = f"runs {found.missing_program}, which is not there"
        return Check(name, text, "wrong", f"Write it anew: {remedy}")
    if not found.version:
        text = f"runs {' '.join(words_of(found.entry))}, which does not answer"
        return Check(name, text, "wrong", f"Run that in a terminal to see why, or: {remedy}")
    if found.version != ours:
        text = f"runs version {found.version}"
        return Check(name, text, "warning", f"This program is {ours}. Write it anew: {remedy}")
    if problem := limit_problem(found.name, found.entry):
        return Check(name, problem, "warning", f"Set both: {remedy}")
    if found.hooks < found.hooks_wanted:
        text = f"{found.hooks} of {found.hooks_wanted} hooks"
        return Check(name, text, "warning", f"Without them nothing tells it of mail: {remedy}")
    hooks = f", {found.hooks} hooks" if found.hooks_wanted else ""
    return Check(name, f"version {found.version}{hooks}")


def words_of(entry: Mapping[str, Plain]) -> list[str]:
    """Return the command line of an entry, in whichever form a client writes it."""
    command, more = entry.get("command"), entry.get("args", [])
    if isinstance(command, list):
        return [str(word) for word in cast("list[object]", command)]
    rest = cast("list[object]", more) if isinstance(more, list) else []
    return [str(command or ""), *(str(word) for word in rest)]


def limit_problem(client: str, entry: Mapping[str, Plain]) -> str:
    """Return why a call would be cut off before it is answered; empty: it would not."""
    units = {
        "codex": ("tool_timeout_sec", 1.0),
        "gemini": ("timeout", 1000.0),
        "cline": ("timeout", 1.0),
    }
    usual = {"codex": 300.0, "gemini": 600.0, "cline": 60.0}
    if client not in units:
        return ""
    name, unit = units[client]
    limit = entry.get(name)
    seconds = float(limit) / unit if isinstance(limit, int | float) else usual[client]
    words = words_of(entry)
    budget = usual[client] - 10
    if "--wait-budget" in words[:-1]:
        budget = _number(words[words.index("--wait-budget") + 1])
    if 0 < budget < seconds:
        return ""
    return f"gives up after {seconds:g} s, and the server answers after {budget:g} s"


def variables(environment: Mapping[str, str], entry: Mapping[str, Plain]) -> Check:
    """Tell which variables commands get that Codex's server runs."""
    passed = entry.get("env_vars")
    names = [str(name) for name in cast("list[object]", passed)] if isinstance(passed, list) else []
    own = entry.get("env")
    names += (
        [str(name) for name in cast("dict[object, object]", own)] if isinstance(own, dict) else []
    )
    seen = [name for name in (*CODEX_PASSES, *names) if name in environment or name in names]
    more = ", and what the login shell sets" if "--login-env" in words_of(entry) else ""
    return Check("Codex passes on", " ".join(dict.fromkeys(seen)) + more)


def stale(pids: Sequence[int]) -> Check:
    """Judge bridges that run since before this version was installed."""
    if not pids:
        return Check("bridges", "none older than this version")
    listed = ", ".join(str(pid) for pid in pids)
    remedy = "They run the old code. Start their clients anew when it suits."
    return Check("bridges", f"from before this version was installed: {listed}", "warning", remedy)


def bypassed(rules: Sequence[str]) -> list[Check]:
    """Judge permission rules that let heavy commands go past the queue."""
    remedy = "Remove them from permissions.allow, so that the agent takes turns."
    return [Check("Claude Code rules", ", ".join(rules), "warning", remedy)] if rules else []


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
