"""A figure and the table that they are printed in."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured number; `goal` is the most that it should be, or with `at_least` the least."""

    name: str
    value: float
    unit: str
    goal: float
    runs: int
    at_least: bool = False

    @property
    def reached(self) -> bool:
        """Whether the goal is reached."""
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def row(self) -> tuple[str, ...]:
        """The cells of its row."""
        sign = ">=" if self.at_least else "<="
        return (
            self.name,
            f"{self.value:.3g} {self.unit}",
            f"{sign} {self.goal:g} {self.unit}",
            "yes" if self.reached else "NO",
            str(self.runs),
        )


def table(figures: Sequence[Figure]) -> str:
    """All figures as text."""
    rows = [("FIGURE", "MEASURED", "GOAL", "REACHED", "RUNS"), *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many per cent of the values do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
