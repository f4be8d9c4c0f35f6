"""Plots from the JSON lines: distributions of a table, and curves through several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import peers
from bench.results import Line


class Plots:
    """Draws into one folder; without matplotlib it says so and draws nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        matplotlib = peers.module("matplotlib")
        self.available = matplotlib is not None
        if matplotlib is not None:
            matplotlib.use("svg")
            # Text stays text, and the same figures make the same file.
            matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "signalpost"})

    def distribution(self, name: str, bench: str, rows: Sequence[Line]) -> str:
        """Draw the share of samples below each value; return the file's name."""
        figure, axes = self._axes()
        for row in rows:
            share = [percent for percent, _ in row["quantiles"]]
            axes.plot([value for _, value in row["quantiles"]], share, label=row["side"])
        axes.set(xscale="log", xlabel=rows[0]["unit"], ylabel="% of samples", title=bench)
        return self._save(figure, axes, name)

    def curve(
        self,
        name: str,
        titles: tuple[str, str, str],
        sides: Mapping[str, Sequence[tuple[float, float]]],
    ) -> str:
        """Draw medians over an axis; return the file's name.

        :param titles: of the plot, of the axis, of the medians
        """
        figure, axes = self._axes()
        for side, points in sides.items():
            ordered = sorted(points)
            axes.plot([x for x, _ in ordered], [y for _, y in ordered], marker="o", label=side)
        title, axis, unit = titles
        axes.set(xscale="log", yscale="log", xlabel=axis, ylabel=f"{unit}, p50", title=title)
        return self._save(figure, axes, name)

    def _axes(self) -> tuple[Any, Any]:
        pyplot = peers.module("matplotlib.pyplot")
        assert pyplot is not None
        figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
        axes.grid(visible=True, which="both", alpha=0.3)
        return figure, axes

    def _save(self, figure: Any, axes: Any, name: str) -> str:  # noqa: ANN401
        axes.legend(fontsize="small")
        self._folder.mkdir(parents=True, exist_ok=True)
        file = f"{name}.svg"
        figure.savefig(self._folder / file, metadata={"Date": None})
        pyplot = peers.module("matplotlib.pyplot")
        assert pyplot is not None
        pyplot.close(figure)
        return file
