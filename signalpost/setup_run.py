"""One run of ``signalpost setup``, as the person at the terminal sees it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from . import exit_codes, setup
from .bypass import bypassing
from .claude_policy import policy
from .claude_rules import project_here, rules
from .client_edits import Edit, JsonEntry
from .client_kind import ClientKind, Place, Wishes
from .client_table import CLIENTS
from .jsonc_tree import members_of
from .notice import say
from .setup import Plan, Plans, Scope
from .setup_record import SetupRecord
from .transport import endpoint
from .transport.errors import BadRequest

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


class SetupRun:
    """What is wanted, and the steps to it."""

    def __init__(
        self, place: Place, wishes: Wishes, scope: Scope, data_dir: Path, *, as_json: bool
    ) -> None:
        self._place = place
        self._wishes = wishes
        self._scope = scope
        self._record = SetupRecord(data_dir)
        self._as_json = as_json

    def add(self, names: Sequence[str], *, dry: bool, sure: bool) -> int:
        """Write what the clients need."""
        kinds = self._kinds(names)
        plans = setup.plan(self._edits(kinds))
        return self._go_on(kinds, plans, dry=dry, sure=sure, removing=False)

    def remove(self, names: Sequence[str], *, dry: bool, sure: bool) -> int:
        """Take it back."""
        kinds = [kind for kind in CLIENTS if not names or kind.name in names]
        if self._scope.hooks is None:
            self._scope = replace(self._scope, hooks=True)
        plans = setup.plan_removal(self._edits(kinds), self._record)
        return self._go_on(kinds, plans, dry=dry, sure=sure, removing=True)

    # ------------------------------------------------------------ inside

    def _kinds(self, names: Sequence[str]) -> list[ClientKind]:
        if names:
            return [kind for kind in CLIENTS if kind.name in names]
        found = setup.installed(CLIENTS, self._place)
        if not found:
            listed = ", ".join(kind.name for kind in CLIENTS)
            raise BadRequest(f"no client was found. Name it with --client: {listed}.")
        return found

    def _edits(self, kinds: Sequence[ClientKind]) -> list[Edit]:
        return [
            edit
            for kind in kinds
            for edit in setup.edits_of(kind, self._place, self._wishes, self._scope)
        ]

    def _go_on(
        self, kinds: Sequence[ClientKind], plans: Plans, *, dry: bool, sure: bool, removing: bool
    ) -> int:
        wanted = [each for each in plans.files if each.changes]
        obstacles = [] if removing or not wanted else self._obstacles(kinds, plans)
        if not self._as_json:
            self._show(wanted)
            for each in obstacles:
                say(f"Claude Code will not use all of it. {each}")
        done: list[Plan] = []
        if wanted and not dry:
            if not (sure or self._may()):
                return exit_codes.WRONG
            done = setup.carry_out(plans, self._record, removing=removing)
        if self._as_json:
            self._print_json(kinds, plans, wanted, done, obstacles)
        else:
            self._tell(kinds, plans, wanted, done, dry=dry, removing=removing)
        return exit_codes.WRONG if plans.problems else exit_codes.OK

    def _obstacles(self, kinds: Sequence[ClientKind], plans: Plans) -> list[str]:
        """Return what Claude Code's other files say of what is to be written for it."""
        kind = next((kind for kind in kinds if kind.name == "claude-code"), None)
        if kind is None:
            return []
        (entry,) = kind.entries(self._place, self._wishes)
        assert isinstance(entry.change, JsonEntry)  # noqa: S101  # so is Claude Code's
        wanted = {"server"} if self._scope.entry else set[str]()
        wanted |= {"hooks"} if self._scope.hooks is not False else set()
        after = next((each.after for each in plans.files if each.path == entry.path), None)
        server = members_of(entry.change.value(setup.decoded(after or b"")))
        found = policy(self._place).obstacles(server)
        return [each.why for each in found if each.what in wanted or not each.what]

    def _may(self) -> bool:
        if self._as_json or not sys.stdin.isatty():
            raise BadRequest("nobody can be asked here. Look with --dry-run, then say --yes.")
        return click.confirm("Make these changes?", default=True)

    def _show(self, wanted: Sequence[Plan]) -> None:
        for each in wanted:
            for line in each.diff().splitlines():
                click.secho(line, fg=_COLOURS.get(line[:1]))
            click.echo()

    def _tell(
        self,
        kinds: Sequence[ClientKind],
        plans: Plans,
        wanted: Sequence[Plan],
        done: Sequence[Plan],
        *,
        dry: bool,
        removing: bool,
    ) -> None:
        for each in done:
            copy = None if removing else self._record.backup(each.path)
            kept = f" (as it was: {copy})" if copy is not None else ""
            verb = "restored" if removing else "wrote" if each.after is not None else "removed"
            click.echo(f"{verb} {each.path}: {', '.join(each.whats)}{kept}")
            if removing and each.ours_after:
                click.echo(
                    "  as it was before setup, with what was there of Signalpost then;"
                    " the same once more removes that"
                )
        if not wanted and not plans.problems:
            click.echo(f"nothing to do for {_listed(kinds)}")
        if dry and wanted:
            files = "1 file" if len(wanted) == 1 else f"{len(wanted)} files"
            click.echo(f"{files} would change; nothing was written")
        _tell_of_what_stays(plans)
        if not removing:
            self._advise(kinds)
        elif kinds == [*CLIENTS]:
            self._tell_of_others(plans)

    def _tell_of_others(self, plans: Plans) -> None:
        seen = [*(each.path for each in plans.files), *(path for path, _ in plans.problems)]
        for path in setup.others(self._record, seen):
            say(
                f"{path} still has what setup wrote into it. No client is told now to look there:"
                " set the variables that were set then (CODEX_HOME and the like), or go to the"
                " project's folder and add --project; then run this again"
            )

    def _advise(self, kinds: Sequence[ClientKind]) -> None:
        for kind in kinds:
            if kind.note:
                click.echo(f"{kind.title}: {kind.note}")
            if not kind.seen:
                click.echo(
                    f"{kind.title}: written after its documentation; nobody has run it here."
                )
        for rule in bypassing(rules(self._place, project_here())):
            click.echo(f"Claude Code: the permission {rule} lets heavy commands go past the queue.")

    def _print_json(
        self,
        kinds: Sequence[ClientKind],
        plans: Plans,
        wanted: Sequence[Plan],
        done: Sequence[Plan],
        obstacles: Sequence[str],
    ) -> None:
        value = {
            "clients": [kind.name for kind in kinds],
            "files": [
                {"path": str(each.path), "what": [*each.whats], "changed": each in done}
                for each in wanted
            ],
            "left": [str(path) for path in _left(plans)],
            "problems": [{"path": str(path), "detail": why} for path, why in plans.problems],
            "policy": [*obstacles],
            "bypassing": bypassing(rules(self._place, project_here())),
        }
        click.echo(json.dumps(value))


def this_place() -> Place:
    """Return whose files are meant: this user's."""
    mac = sys.platform == "darwin"
    return Place(home=endpoint.home(), environment=os.environ, mac=mac, exists=Path.exists)


def _tell_of_what_stays(plans: Plans) -> None:
    for path, why in plans.problems:
        say(f"{path}: left as it is: {why}")
    for path in _left(plans):
        say(
            f"{path}: its entry signalpost is not one that setup wrote: left as it is."
            " Take it out by hand if it is to go"
        )


def _left(plans: Plans) -> list[Path]:
    return [each.path for each in plans.files if each.leaves]


def _listed(kinds: Sequence[ClientKind]) -> str:
    return ", ".join(kind.title for kind in kinds)
