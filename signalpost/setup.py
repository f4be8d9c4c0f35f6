"""``signalpost setup``: finds the clients, plans what changes in their files, and does it.

    clients ──> edits ──> one plan per file: before, after ──> diff ──> yes? ──> copies, then files

A file that cannot be changed is told and left; the others go on.
"""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .bypass import INSTRUCTIONS
from .client_edits import Block, Edit, FormerFile, FormerItem, JsonEntry, TomlEntry
from .client_kind import ClientKind, Place, Wishes
from .config_file import ConfigFile
from .markers import MARKDOWN
from .masking import masked
from .setup_record import SetupRecord
from .transport.errors import BadRequest, SignalpostError


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which kinds of changes are wanted."""

    entry: bool = True
    hooks: bool | None = None
    """None: where they were seen to work."""
    instructions: bool = True
    project: Path | None = None
    """Write the instructions into this folder instead of the user's own files."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of one file."""

    path: Path
    before: bytes | None
    after: bytes | None
    whats: tuple[str, ...]
    ours_before: bool = False
    """There is something of ours in it."""
    ours_after: bool = False
    """There will be."""
    leaves: bool = False
    """An entry under our name stays, which somebody else has made."""

    @property
    def changes(self) -> bool:
        return self.before != self.after

    def diff(self) -> str:
        """Return the change as a unified diff, without what may be secrets of others."""
        old, new = (_lines(side) for side in (self.before, self.after))
        was, becomes = (
            str(self.path) if side is not None else "/dev/null"
            for side in (self.before, self.after)
        )
        return masked("\n".join(difflib.unified_diff(old, new, was, becomes, lineterm="")))


@dataclass(slots=True)
class Plans:
    """All plans of one run, and what could not be planned."""

    files: list[Plan] = field(default_factory=list[Plan])
    problems: list[tuple[Path, str]] = field(default_factory=list[tuple[Path, str]])


def installed(kinds: Sequence[ClientKind], place: Place) -> list[ClientKind]:
    """Return those that are there, by their program or their folder."""
    return [
        kind
        for kind in kinds
        if any(
            shutil.which(program, path=place.environment.get("PATH")) for program in kind.programs
        )
        or any(folder.is_dir() for folder in kind.folders(place))
    ]


def edits_of(kind: ClientKind, place: Place, wishes: Wishes, scope: Scope) -> list[Edit]:
    """Return what is to be changed for one client."""
    edits = [*kind.entries(place, wishes)] if scope.entry else []
    hooks = kind.hooks_seen if scope.hooks is None else scope.hooks
    if hooks and kind.hooks is not None:
        edits += kind.hooks(place, wishes)
    if kind.former is not None:
        edits += kind.former(place)
    if scope.instructions and (path := _instructions(kind, place, scope)) is not None:
        edits.append(Edit(path, Block(INSTRUCTIONS, MARKDOWN), "instructions"))
    return edits


def plan(edits: Sequence[Edit]) -> Plans:
    """Return what is to be done for ``edits``, file by file."""

    def planned(path: Path, ours: Sequence[Edit]) -> Plan:
        before = ConfigFile(path).read()
        ours = _needed(ours, before)
        after = _edited(before or b"", ours) or (b"" if before == b"" else None)
        return Plan(path, before, after, _whats(ours), _has_ours(before, ours), ours_after=True)

    return _planned(edits, planned)


def plan_removal(edits: Sequence[Edit], record: SetupRecord) -> Plans:
    """Return how each file becomes as it was, or loses what is ours where others changed it since."""

    def planned(path: Path, ours: Sequence[Edit]) -> Plan:
        now = ConfigFile(path).read()
        ours = _needed(ours, now)
        if not record.known(path):
            written = _written(ours, now)
            after = _without(now, written, None)
            return Plan(path, now, after, _whats(written), after != now, leaves=written != ours)
        was = record.before(path)
        if record.untouched(path, now):
            written = _written(ours, was)
            again = _has_ours(was, written)
            return Plan(path, now, was, _whats(ours), True, again, leaves=written != ours)
        after = _without(now, ours, decoded(was or b""))
        leaves = _written(ours, after) != ours
        return Plan(path, now, after, _whats(ours), after != now, leaves=leaves)

    return _planned(edits, planned)


def carry_out(plans: Plans, record: SetupRecord, *, removing: bool) -> list[Plan]:
    """Make the changes; return those that were made, and note the others as problems.

    :raises BadRequest: the state folder cannot be used
    """
    done: list[Plan] = []
    with record.alone():
        # What was made first goes last: it may be a folder in which the others are.
        for each in reversed(plans.files) if removing else plans.files:
            try:
                if _carried_out(each, record, removing=removing):
                    done.append(each)
            except (SignalpostError, OSError) as error:
                plans.problems.append((each.path, str(error)))
    return done


def others(record: SetupRecord, seen: Sequence[Path]) -> list[Path]:
    """Return the files besides ``seen`` that setup once wrote into, and that name it still."""
    targets = [ConfigFile(path).target for path in seen]
    return [
        path for path in record.paths() if path not in targets and b"signalpost" in _content(path)
    ]


def decoded(content: bytes) -> str:
    """Return a file's text.

    :raises BadRequest: it is no UTF-8
    """
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"it is no UTF-8 (byte {error.start}). Save it as UTF-8 first.") from error


# ---------------------------------------------------------------- inside


def _content(path: Path) -> bytes:
    try:
        return ConfigFile(path).read() or b""
    except BadRequest:
        return b""


def _instructions(kind: ClientKind, place: Place, scope: Scope) -> Path | None:
    if scope.project is not None:
        name = kind.project_instructions
        return scope.project / name if name else None
    return kind.instructions(place) if kind.instructions is not None else None


def _planned(edits: Sequence[Edit], planned: Callable[[Path, Sequence[Edit]], Plan]) -> Plans:
    plans, files = Plans(), dict[Path, list[Edit]]()
    for edit in edits:  # AGENTS.md may be a link to CLAUDE.md
        files.setdefault(ConfigFile(edit.path).target, []).append(edit)
    for ours in files.values():
        path = ours[0].path
        try:
            plans.files.append(planned(path, ours))
        except (SignalpostError, OSError) as error:
            plans.problems.append((path, str(error)))
    return plans


def _needed(edits: Sequence[Edit], content: bytes | None) -> list[Edit]:
    """Return the edits without those that would clear away what is not there."""
    text = decoded(content or b"")
    former = (FormerFile, FormerItem)
    return [e for e in edits if not isinstance(e.change, former) or e.change.put(text) != text]


def _written(edits: Sequence[Edit], content: bytes | None) -> list[Edit]:
    """Return the edits without those of an entry that setup has not written."""
    text, entry = decoded(content or b""), (JsonEntry, TomlEntry)
    return [e for e in edits if not (isinstance(e.change, entry) and e.change.is_strange(text))]


def _carried_out(plan: Plan, record: SetupRecord, *, removing: bool) -> bool:
    path, file = plan.path, ConfigFile(plan.path)
    restored = removing and record.known(path) and record.before(path) == plan.after
    changes = plan.changes and file.read() != plan.after  # or another run was faster
    if changes:
        if not removing and plan.after is not None:
            record.keep(path, plan.before, plan.after, first=not plan.ours_before)
        file.write(plan.after, plan.before)
    if removing:
        record.forget(path, restored=restored)
    return changes


def _whats(edits: Sequence[Edit]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(edit.what for edit in edits))


def _edited(before: bytes, edits: Sequence[Edit]) -> bytes:
    text = decoded(before)
    for edit in edits:
        text = edit.change.put(text)
    return text.encode()


def _without(now: bytes | None, edits: Sequence[Edit], before: str | None) -> bytes | None:
    if now is None:
        return None
    text = decoded(now)
    for edit in reversed(edits):
        text = edit.change.remove(text, before)
    return text.encode() if text.strip() or now.strip() == b"" else None


def _has_ours(content: bytes | None, edits: Sequence[Edit]) -> bool:
    return content is not None and _without(content, edits, None) != content


def _lines(side: bytes | None) -> list[str]:
    return (side or b"").decode(errors="replace").splitlines()
