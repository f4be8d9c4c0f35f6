"""What ``signalpost doctor`` thinks of a client's configuration. Pure: findings in, verdicts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from .bare_environment import PASSES
from .checks import Check
from .jsonc_tree import Plain, items_of, members_of
from .masking import masked_words
from .mcp_bridge.budget import MARGIN, wait_budget
from .server_entry import Members, mcp_words, words_of

_NAMES = {
    "claude-code": "claude-code",
    "claude-desktop": "claude-ai",
    "codex": "codex-mcp-client",
    "gemini": "gemini-cli-mcp-client",
    "vscode": "visual studio code",
    "copilot": "copilot-cli",
    "cline": "cline",
    "opencode": "opencode",
}
"""How a client calls itself to its servers."""
_LIMITS: dict[str, tuple[str, float, float | None]] = {
    "claude-code": ("timeout", 1000, None),
    "codex": ("tool_timeout_sec", 1, 300),
    "gemini": ("timeout", 1000, 600),
    "cline": ("timeout", 1, 60),
    "copilot": ("timeout", 1000, 180),
}
"""The member that limits a call, how many of it are a second, and the limit without it."""


_ENDLESS = 1e12
_RULES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a server said when it was started."""

    version: str = ""
    problem: str = ""
    """Why it said nothing, in one line."""


def again(client: str) -> str:
    """Return the remedy for most of it."""
    return f"signalpost setup --client {client}"


def runs_us(entry: Members) -> bool:
    """Tell whether an entry starts this program, as far as its words tell."""
    words = words_of(entry)
    return "mcp" in words and any(PurePath(word).name == "signalpost" for word in words)


def disabled(entry: Members) -> bool:
    """Tell whether the client is told not to start it."""
    return entry.get("enabled") is False or entry.get("disabled") is True


def server(
    client: str,
    path: str,
    entry: Members | None,
    program: str,
    greeting: Greeting | None,
    ours: str,
    *,
    hooked: bool = False,
) -> Check:
    """Judge the entry of the server.

    :param entry: what is there; None: nothing
    :param program: the file that its first word means; empty: there is none
    :param greeting: what it said when it was started; None: it was not
    :param ours: the version of this program
    :param hooked: the client has hooks of ours
    """
    name = f"{client} server"
    if entry is None:
        return _no_server(client, path, hooked=hooked)
    words = words_of(entry)
    if not runs_us(entry):
        found = f"{masked_words(words) or 'no command'} in {path}"
        return Check(
            name, found, "wrong", f"That is not Signalpost. Rename it, or: {again(client)}"
        )
    if not program:
        remedy = f"There is no such program any more. {again(client)} names the present one."
        return Check(name, f"{words[0]} in {path}", "wrong", remedy)
    if disabled(entry):
        return Check(name, f"switched off in {path}", "warning", "Switch it on there.")
    return _greeted(client, masked_words(words), greeting or Greeting(problem="not tried"), ours)


def _no_server(client: str, path: str, *, hooked: bool) -> Check:
    name = f"{client} server"
    if not hooked:
        return Check(name, f"none in {path}; {again(client)} connects it")
    remedy = f"Its hooks find no agent without it. {again(client)} writes it."
    return Check(name, f"none in {path}", "warning", remedy)


def _greeted(client: str, words: str, greeting: Greeting, ours: str) -> Check:
    name = f"{client} server"
    if greeting.problem:
        return Check(name, words, "wrong", f"{greeting.problem}. Try it in a terminal: {words}")
    if greeting.version != ours:
        remedy = f"It answers as {greeting.version}, this program is {ours}. {again(client)}"
        return Check(name, words, "warning", remedy)
    return Check(name, f"{words} answers as {greeting.version}")


def limit(client: str, entry: Members, environment: Mapping[str, str]) -> Check | None:
    """Judge whether a call is answered before the client gives up; None: it has no limit."""
    name = f"{client} limit"
    member, unit, default = _LIMITS.get(client, ("", 1, None))
    given = entry.get(member)
    seconds = _seconds(given, unit, default)
    budget = _budget(client, entry, environment)
    if seconds is None:
        return None
    shown = "no end" if budget is None else f"{budget:g} s"
    found = f"gives up after {seconds:g} s, is answered after {shown}"
    if budget is not None and budget <= seconds - MARGIN:
        return Check(name, found)
    remedy = (
        "It would give up first, which cancels what runs. Set --wait-budget in args to at most"
        f" {max(seconds - MARGIN, seconds / 2):g}, or {member} to more."
    )
    return Check(name, found, "wrong", remedy)


def _seconds(given: Plain, unit: float, default: float | None) -> float | None:
    """Return a limit; what is no time above 0 sets none."""
    if isinstance(given, int | float) and given is not True and given > 0:
        return min(given, _ENDLESS) / unit
    return default


def _budget(client: str, entry: Members, environment: Mapping[str, str]) -> float | None:
    _, options = mcp_words(words_of(entry))
    try:
        option = float(options["--wait-budget"]) if "--wait-budget" in options else None
    except ValueError:
        option = None  # the server itself refuses it
    called = _NAMES.get(client, client)
    return wait_budget(called, option=option, progress=True, environment=environment)


def hooks(client: str, missing: Sequence[str], *, some: bool, off: str, gone: str) -> Check:
    """Judge the hooks.

    :param missing: events that should have one of ours
    :param some: there is one of ours at all
    :param off: why the client does not run them
    :param gone: a program that they name and that is not there
    """
    name = f"{client} hooks"
    if not some:
        return Check(name, f"none; {again(client)} --hooks writes them")
    if gone:
        return Check(name, f"run {gone}", "wrong", f"There is no such program. {again(client)}")
    if missing:
        found = f"none of ours at {', '.join(missing)}"
        return Check(name, found, "warning", f"{again(client)} --hooks brings them up to date.")
    if off:
        return Check(name, "there, but not run", "warning", off)
    return Check(name, "there")


def environment(
    client: str, entry: Members, here: Mapping[str, str], worth: Sequence[str]
) -> Check:
    """Tell which variables the commands of a client's agent see: names only.

    :param here: the environment of this process
    :param worth: what is set in it and asked for by builds
    """
    name, own = f"{client} environment", [*members_of(entry.get("env"))]
    login = "--login-env" in mcp_words(words_of(entry))[1]
    more = "; and what your login shell sets" if login else ""
    passed = PASSES.get(client)
    if passed is None:
        return Check(name, f"commands see {' '.join(['that of the client', *own])}{more}")
    names = _named(entry.get("env_vars")) if client == "codex" else []
    seen = [*passed, *(each for each in names if each in here), *own]
    check = Check(name, f"commands see {' '.join(seen)}{more}")
    lost = [each for each in worth if each not in (*passed, *names, *own)]
    if login or not lost:
        return check
    how = f"{again(client)} names them" if client == "codex" else f"{again(client)} --login-env"
    remedy = f"Set here and not passed on: {' '.join(lost)}. {how}."
    return Check(name, check.found, "warning", remedy)


def _named(given: Plain) -> list[str]:
    """Return the names in ``env_vars``, whose items are names or tables with one."""
    names = [members_of(item).get("name", item) for item in items_of(given)]
    return [name for name in names if isinstance(name, str)]


def bypass(rules: Sequence[str], unread: Sequence[str]) -> Check:
    """Judge the permissions that let heavy commands go past the queue.

    :param unread: files that may hold more of them and cannot be read
    """
    name, many = "claude-code permissions", len(rules) - _RULES_SHOWN
    shown = [*rules[:_RULES_SHOWN], *([f"{many} more"] if many > 0 else [])]
    remedy = "These let heavy commands run in its shell, unasked: remove them from its settings."
    if unread:
        known = ", ".join(shown) or "none is known"
        more = f"{remedy} " if rules else ""
        found = f"{known}; not all could be read"
        return Check(name, found, "warning", f"{more}Mend {' and '.join(unread)}.")
    if not rules:
        return Check(name, "none lets heavy commands go past the queue")
    return Check(name, ", ".join(shown), "warning", remedy)


def stale(bridges: Sequence[tuple[int, str]], installed: str) -> Check | None:
    """Judge the bridges that are older than the program; None: there is none.

    :param bridges: pid and client's name of each that was started before
    :param installed: when this program was installed
    """
    if not bridges:
        return None
    listed = ", ".join(f"{pid} ({client})" for pid, client in bridges)
    remedy = f"Started before this program was installed ({installed}). Start these clients again."
    return Check("bridges", f"older: {listed}", "warning", remedy)
