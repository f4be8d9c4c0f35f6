from __future__ import annotations

from pathlib import Path

import pytest

from bench import report
from bench.results import Line


def test_the_page_is_left_as_it_is_where_a_measure_has_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("figures")

    def all_but_relay(name: str) -> list[Line]:
        return [] if name == "relay" else [{"run": "one"}]

    monkeypatch.setattr(report, "DOCS", tmp_path)
    monkeypatch.setattr(report, "latest", all_but_relay)

    with pytest.raises(SystemExit, match=r"not measured here: relay\. Run: make bench"):
        report.main()
    assert page.read_text() == "figures"
