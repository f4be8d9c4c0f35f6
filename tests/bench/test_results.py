from __future__ import annotations

import json
from pathlib import Path

from bench.results import Line, curves, last_run, latest, ratio, tables


def line(run: str, bench: str = "latency: 64 bytes", **more: object) -> Line:
    return {"run": run, "bench": bench, "side": "broker", **more}


def test_the_latest_run_is_the_last_that_ended() -> None:
    done = line("one", side="", took_seconds=1.0)
    lines = [line("one"), done, line("two")]
    assert last_run(lines) == [line("one"), done]


def test_a_measure_that_has_not_run_has_no_lines(tmp_path: Path) -> None:
    assert latest("latency", tmp_path) == []


def test_lines_are_read_back(tmp_path: Path) -> None:
    kept = [line("one"), line("one", side="", took_seconds=1.0)]
    text = "".join(json.dumps(each) + "\n" for each in kept)
    (tmp_path / "latency.jsonl").write_text(text)
    assert latest("latency", tmp_path) == kept


def test_notes_are_no_rows_of_a_table() -> None:
    lines = [line("one", "a"), line("one", "b"), line("one", "a", side="", note="x")]
    assert tables(lines) == {"a": [lines[0]], "b": [lines[1]]}


def test_a_curve_goes_through_several_tables() -> None:
    lines = [line("one", unit="ms", x=x, axis="agents", p50=x / 2) for x in (1.0, 10.0)]
    assert curves(lines) == {("agents", "ms"): {"broker": [(1.0, 0.5), (10.0, 5.0)]}}


def test_a_curve_may_go_through_the_rows_of_one_table() -> None:
    lines = [
        line("one", side=f"{x}", unit="ms", x=x, axis="inboxes", curve="latency", p50=1.0)
        for x in (1.0, 10.0)
    ]
    assert curves(lines) == {("inboxes", "ms"): {"latency": [(1.0, 1.0), (10.0, 1.0)]}}


def test_one_point_is_no_curve() -> None:
    assert curves([line("one", unit="ms", x=1.0, axis="agents", p50=1.0)]) == {}


def test_a_ratio_is_within_one_table() -> None:
    lines = [
        line("one", "a", p50=3.0),
        line("one", "a", side="relay", p50=2.0),
        line("one", "b", side="other", p50=1.0),
    ]
    assert ratio(lines, "a", "broker", "relay") == 1.5
    assert ratio(lines, "a", "broker", "other") is None
