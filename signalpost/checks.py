"""What ``signalpost doctor`` thinks of what it finds. Pure: findings in, verdicts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .transport.letters import AgentState, InboxState

SAFE_SQLITE = (3, 51, 3)
FEW_FILES = 1024
TOO_FEW_FILES = 256
"""A broker keeps a third of its limit free and needs about four descriptors a task."""
UNLIMITED = -1
LONG_LOG = 64 << 20
"""The store's log is folded in and begun anew at about 4 MiB, if nobody hinders it."""
NEARLY_FULL = 0.8
"""Of an inbox's bound."""

_WAL_RESET = (
    "SQLite before 3.51.3 has the WAL-reset bug: two connections that write at once can damage"
    " a database. The broker uses one; let no other program write to queue.db, or use a Python"
    " with a newer SQLite."
)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. ``remedy`` says what to do when it is not ok."""

    name: str
    found: str
    state: Literal["ok", "warning", "wrong"] = "ok"
    remedy: str = ""


def sqlite(name: str, version: str) -> Check:
    """Judge a version of SQLite."""
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    if numbers >= SAFE_SQLITE:
        return Check(name, version)
    return Check(name, version, "warning", _WAL_RESET)


def folder(name: str, path: str, problem: str) -> Check:
    """Judge a folder by what looking at it complained about."""
    return Check(name, path, "wrong", problem) if problem else Check(name, path)


def open_files(soft: int, hard: int) -> Check:
    """Judge the limits of open files (-1: none); the broker raises the soft one to the hard one."""
    found = f"soft {soft}, hard {hard}"
    remedy = f"Raise the hard limit (ulimit -H -n) to {FEW_FILES} or more before a broker starts."
    if hard == UNLIMITED:
        return Check("open files", "unlimited")
    if hard < TOO_FEW_FILES:
        return Check("open files", found, "wrong", f"A broker cannot work with these. {remedy}")
    if hard < FEW_FILES:
        return Check("open files", found, "warning", f"Enough for few agents only. {remedy}")
    return Check("open files", found)


def stray(pid: int, lock: Path) -> Check:
    """Judge a broker that lives and cannot be found."""
    remedy = (
        "Files of it were removed, or it is just starting or ending. The next use, or `signalpost"
        " stop`, has it put them back; if that fails it ends with its running tasks, and"
        " `signalpost stop --force` ends it and kills them."
    )
    return Check("broker", f"pid {pid} holds {lock} but cannot be reached", "wrong", remedy)


def silent(pid: int, log: Path, *, stopped: bool) -> Check:
    """Judge a broker that could be found and did not answer."""
    found = f"pid {pid} does not answer"
    if stopped:
        return Check("broker", found, "wrong", f"It is stopped. To let it go on: kill -CONT {pid}")
    remedy = (
        f"It hangs, has too much to do, or has just ended; see {log}. Try again; `signalpost stop"
        " --force` ends it and kills what runs."
    )
    return Check("broker", found, "wrong", remedy)


def store_log(path: Path, size: int) -> Check:
    """Judge the size of the log beside the store."""
    found = f"{size / (1 << 20):.1f} MiB"
    if size < LONG_LOG:
        return Check("store log", found)
    remedy = (
        f"A program that reads {path.name.removesuffix('-wal')} keeps its transaction open, so the"
        f" log cannot be folded in. See which: lsof {path}; close it, and the log shrinks."
    )
    return Check("store log", found, "warning", remedy)


def broker_version(broker: str, ours: str) -> Check:
    """Judge whether the broker and this program are of one version."""
    if broker == ours:
        return Check("broker version", broker)
    remedy = f"This program is {ours}. When no task runs: signalpost stop; the next use starts it."
    return Check("broker version", broker, "warning", remedy)


def settings(broker: Mapping[str, str], config: Mapping[str, str]) -> Check:
    """Judge whether the broker keeps to what ``config.toml`` says now."""
    differing = [name for name in config if broker.get(name) != config[name]]
    found = " ".join(f"{name} {value}" for name, value in broker.items() if value)
    if not differing:
        return Check("broker settings", found)
    listed = ", ".join(f"{name} {config[name] or '(none)'}" for name in differing)
    remedy = (
        f"config.toml says {listed}. The broker was started with other options, or before the"
        " file was changed; it reads the file when it starts: signalpost stop"
    )
    return Check("broker settings", found, "warning", remedy)


def agents(known: Sequence[AgentState]) -> Check:
    """Tell who is known, by presence."""
    counted = Counter(agent.presence for agent in known)
    parts = ", ".join(f"{count} {presence}" for presence, count in sorted(counted.items()))
    return Check("agents", f"{len(known)} known" + (f": {parts}" if parts else ""))


def inboxes(states: Sequence[InboxState]) -> Check:
    """Judge whether there is room in every inbox."""
    unread = sum(state.depth for state in states)
    full = [
        f"{state.agent} {state.depth} of {state.max_size}"
        for state in states
        if state.waiting_senders or state.depth >= NEARLY_FULL * state.max_size
    ]
    if not full:
        return Check("inboxes", f"{unread} messages unread")
    remedy = (
        "A full inbox keeps its senders waiting and then refuses them. See what is in it:"
        " signalpost inbox AGENT; let its agent receive and acknowledge."
    )
    return Check("inboxes", f"nearly full: {', '.join(full)}", "warning", remedy)


def dead_letters(count: int, most: int) -> Check:
    """Judge whether mail was given up.

    :param most: no more than so many were counted
    """
    if not count:
        return Check("dead letters", "none")
    remedy = "See why: signalpost dead list; then signalpost dead redrive, or signalpost dead purge"
    found = f"{most} or more" if count >= most else str(count)
    return Check("dead letters", found, "warning", remedy)
