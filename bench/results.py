"""The JSON lines of earlier runs: the latest of each measure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.harness import RESULTS

Line = dict[str, Any]


def latest(name: str, folder: Path = RESULTS) -> list[Line]:
    """Return the lines of a measure's latest finished run; none: it has not run yet."""
    path = folder / f"{name}.jsonl"
    if not path.exists():
        return []
    lines: list[Line] = [json.loads(line) for line in path.read_text().splitlines()]
    return last_run(lines)


def last_run(lines: list[Line]) -> list[Line]:
    """Return the lines of the last run that came to its end."""
    finished = [line["run"] for line in lines if "took_seconds" in line]
    return [line for line in lines if finished and line.get("run") == finished[-1]]


def tables(lines: list[Line]) -> dict[str, list[Line]]:
    """Return the rows by table, in the order in which they were measured."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        if line["side"]:
            found.setdefault(line["bench"], []).append(line)
    return found


def curves(lines: list[Line]) -> dict[tuple[str, str], dict[str, list[tuple[float, float]]]]:
    """Return, by axis and unit, each side's points (x, p50)."""
    found: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = {}
    for line in lines:
        if "x" in line:
            sides = found.setdefault((line["axis"], line["unit"]), {})
            sides.setdefault(str(line.get("curve", line["side"])), []).append(
                (line["x"], line["p50"])
            )
    return {
        what: sides
        for what, sides in found.items()
        if any(len(points) > 1 for points in sides.values())
    }


def ratio(lines: list[Line], bench: str, side: str, base: str) -> float | None:
    """Return one side's p50 by another's in the same table; None: not measured."""
    rows = {line["side"]: line for line in lines if line["bench"] == bench and "p50" in line}
    return rows[side]["p50"] / rows[base]["p50"] if side in rows and base in rows else None
