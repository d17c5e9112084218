"""Figures and tables of the benches, from samples that are given."""

import pytest
from figures import Sample, Spread, comparison, percentile, side_by_side, table


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1), (1, 1), (50, 50), (50.5, 51), (99, 99), (100, 100)]
)
def test_percentiles(percent: float, expected: float) -> None:
    assert percentile(reversed(range(1, 101)), percent) == expected


def test_a_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7], 99) == 7


def test_a_sample_counts_messages_a_second_and_milliseconds() -> None:
    assert Sample.of(2, 0.3, [0.001] * 98 + [0.005] * 2) == Sample(50, 3, 1, 5)


def test_a_spread_shows_the_median_and_both_ends() -> None:
    assert Spread.of([3, 1, 2]).show(".1f") == "2.0 (1.0 to 3.0)"


def test_ratios_are_taken_within_a_round() -> None:
    """The machine was half as fast in one round; the ratio does not show it."""
    rounds = {
        "none": [Sample(100, 2, 1, 2), Sample(50, 2, 2, 4), Sample(100, 2, 1, 2)],
        "ours": [Sample(90, 3, 2, 4), Sample(45, 3, 3, 8), Sample(90, 3, 2, 3)],
    }
    heads, _, none, ours = comparison({"small": rounds}, "none").splitlines()
    assert cells(heads)[:4] == ["", "milter", "messages a second", "of none"]
    assert cells(none) == ["small", "none", "100 (50 to 100)", "1", "2.0", "", "1.0", "", "2.0", ""]
    assert cells(ours) == [
        *("small", "ours", "90 (45 to 90)", "0.90 (0.90 to 0.90)"),
        *("3.0", "+1.0", "2.0", "+1.0", "4.0", "+2.0"),
    ]


def test_a_round_that_misses_a_sample_is_noticed() -> None:
    rounds = {"none": [Sample(1, 1, 1, 1)] * 2, "ours": [Sample(1, 1, 1, 1)]}
    with pytest.raises(ValueError, match="argument"):
        comparison({"small": rounds}, "none")


def test_two_stand_side_by_side() -> None:
    rounds = {
        "empty": [{"rows": 1000, "µs": 10}, {"rows": 500, "µs": 20}],
        "large": [{"rows": 900, "µs": 11}, {"rows": 450, "µs": 22}],
    }
    heads, _, rows, micros = side_by_side(rounds, "large", "empty").splitlines()
    assert cells(heads) == ["", "empty", "large", "of empty"]
    assert cells(rows) == [
        *("rows", "750 (500 to 1000)", "675 (450 to 900)", "0.90 (0.90 to 0.90)"),
    ]
    assert cells(micros)[1:3] == ["15.0 (10.0 to 20.0)", "16.5 (11.0 to 22.0)"]


def test_a_table_stands_in_line() -> None:
    assert table(["a", "long"], [["wider", "b"]]) == (
        "| a     | long |\n| ----- | ---- |\n| wider | b    |"
    )


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
