"""From samples to figures to a table; nothing here measures anything.

Candidates take turns within a round, so whatever else the machine does meets them alike: ratios
and differences are taken within each round, and the median of the rounds stands in the table.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


def percentile(values: Iterable[float], percent: float) -> float:
    """Return the smallest value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1]


@dataclass(frozen=True)
class Sample:
    """One candidate in one round."""

    rate: float  # messages a second
    p50: float  # milliseconds from the end of a message to its answer
    p99: float

    @classmethod
    def of(cls, seconds: float, latencies: Sequence[float]) -> "Sample":
        """Sum up a run from its seconds, and those that each message took."""
        middle, slow = (percentile(latencies, percent) * 1000 for percent in (50, 99))
        return cls(len(latencies) / seconds, middle, slow)


# The samples of each candidate, round by round.
Rounds = Mapping[str, Sequence[Sample]]


@dataclass(frozen=True)
class Spread:
    """The median of the rounds between the lowest and the highest of them."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        ordered = sorted(values)
        return cls(median(ordered), ordered[0], ordered[-1])

    def show(self, form: str) -> str:
        low, middle, high = (
            format(value, form) for value in (self.lowest, self.median, self.highest)
        )
        return f"{middle} ({low} to {high})"


def paired(
    rounds: Rounds, name: str, base: str, how: Callable[[Sample, Sample], float]
) -> Iterator[float]:
    """Set a candidate against the base, within each round."""
    for sample, against in zip(rounds[name], rounds[base], strict=True):
        yield how(sample, against)


def compared(workload: str, rounds: Rounds, base: str) -> Iterator[list[str]]:
    """Yield the table's row for each candidate."""
    for name, samples in rounds.items():
        ratios = Spread.of(paired(rounds, name, base, lambda one, other: one.rate / other.rate))
        added50 = median(paired(rounds, name, base, lambda one, other: one.p50 - other.p50))
        added99 = median(paired(rounds, name, base, lambda one, other: one.p99 - other.p99))
        itself = name == base
        yield [
            workload,
            name,
            Spread.of(sample.rate for sample in samples).show(".0f"),
            "1" if itself else ratios.show(".2f"),
            f"{median(sample.p50 for sample in samples):.1f}",
            "" if itself else f"{added50:+.1f}",
            f"{median(sample.p99 for sample in samples):.1f}",
            "" if itself else f"{added99:+.1f}",
        ]


def comparison(workloads: Mapping[str, Rounds], base: str) -> str:
    """Return the table of all candidates under all workloads."""
    heads = ["", "milter", "messages a second", f"of {base}"]
    heads += ["p50 ms", "added", "p99 ms", "added"]
    rows = [row for name, rounds in workloads.items() for row in compared(name, rounds, base)]
    return table(heads, rows)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown that reads well as it stands, too."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [heads, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    )
