"""From samples to figures to a table; nothing here measures anything.

Candidates take turns within a round, so whatever else the machine does meets them alike: ratios
and differences are taken within each round, and the median of the rounds stands in the table.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from statistics import median


def percentile(values: Iterable[float], percent: float) -> float:
    """Return the smallest value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1]


@dataclass(frozen=True)
class Sample:
    """One candidate in one round."""

    rate: float  # messages a second
    processor: float  # milliseconds of the server's processor time for a message
    p50: float  # milliseconds from the end of a message to its answer
    p99: float

    @classmethod
    def of(cls, seconds: float, processor: float, latencies: Sequence[float]) -> "Sample":
        """Sum up a run from its seconds, and those that each message took."""
        count = len(latencies)
        middle, slow = (percentile(latencies, percent) * 1000 for percent in (50, 99))
        return cls(count / seconds, processor * 1000 / count, middle, slow)


# What is told in milliseconds, and as a difference.
FIGURES: list[Callable[[Sample], float]] = [
    attrgetter("processor"),
    attrgetter("p50"),
    attrgetter("p99"),
]
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


def paired(rounds: Rounds, name: str, base: str) -> list[tuple[Sample, Sample]]:
    """Set a candidate against the base, within each round."""
    return list(zip(rounds[name], rounds[base], strict=True))


def compared(workload: str, rounds: Rounds, base: str) -> Iterator[list[str]]:
    """Yield the table's row for each candidate."""
    for name, samples in rounds.items():
        rates = Spread.of(sample.rate for sample in samples)
        pairs = paired(rounds, name, base)
        ratios = Spread.of(one.rate / other.rate for one, other in pairs)
        row = [workload, name, rates.show(".0f"), "1" if name == base else ratios.show(".2f")]
        for figure in FIGURES:
            added = median(figure(one) - figure(other) for one, other in pairs)
            row += [f"{median(map(figure, samples)):.1f}", "" if name == base else f"{added:+.1f}"]
        yield row


def comparison(workloads: Mapping[str, Rounds], base: str) -> str:
    """Return the table of all candidates under all workloads."""
    heads = ["", "milter", "messages a second", f"of {base}"]
    heads += ["processor ms", "added", "p50 ms", "added", "p99 ms", "added"]
    rows = [row for name, rounds in workloads.items() for row in compared(name, rounds, base)]
    return table(heads, rows)


def side_by_side(figures: Mapping[str, Sequence[Mapping[str, float]]], name: str, base: str) -> str:
    """Return the table of what was measured of two, named by what is measured, round by round."""
    rows = []
    for what in figures[base][0]:
        ones, others = ([each[what] for each in figures[which]] for which in (name, base))
        ratios = Spread.of(one / other for one, other in zip(ones, others, strict=True))
        form = ".1f" if max(ones + others) < 1000 else ".0f"
        shown = [Spread.of(values).show(form) for values in (others, ones)]
        rows.append([what, *shown, ratios.show(".2f")])
    return table(["", base, name, f"of {base}"], rows)


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
