"""Times as people and programs write them."""

from argparse import ArgumentTypeError

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailpopbox.times import DAY, HOUR, MINUTE, YEAR, age, ago, clock, left, local, span
from mailpopbox.utc import days_of, iso, iso_day, seconds_of

NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30min", 30 * MINUTE),
        ("1h", HOUR),
        ("30d", 30 * DAY),
        ("8w", 56 * DAY),
        ("1y", YEAR),
        ("100y", 100 * YEAR),
    ],
)
def test_ages(text: str, seconds: int) -> None:
    assert age(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "0d", "-1d", "1", "d", "1m", "1.5d", "101y", "99999h", "1 d", "\u0661d"]
)
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="write one like 30min, 12h, 30d, 8w or 1y"):
        age(text)


@pytest.mark.parametrize(
    ("seconds", "took", "takes"),
    [
        (1, "0min", "1min"),
        (HOUR - 1, "59min", "60min"),
        (HOUR, "1h", "1h"),
        (HOUR + MINUTE, "1h", "2h"),
        (2 * DAY - 1, "47h", "48h"),
        (2 * DAY, "2d", "2d"),
        (7 * DAY - 5, "6d", "7d"),
        (2 * YEAR, "2y", "2y"),
        (2 * YEAR + 1, "2y", "3y"),
    ],
)
def test_spans(seconds: int, took: str, takes: str) -> None:
    assert (span(seconds), left(seconds)) == (took, takes)


def test_ago() -> None:
    assert ago(None, NOW) == "-"
    assert ago(NOW + 5, NOW) == ago(NOW - 59, NOW) == "now"
    assert ago(NOW - 60, NOW) == "1min ago"


def test_local() -> None:
    assert local(None, NOW) == "never"
    assert local(NOW - DAY, NOW) == f"{clock(NOW - DAY)} (24h ago)"


def test_for_programs() -> None:
    assert iso(NOW) == "2027-01-15T08:00:00Z"
    assert iso(None) is None
    assert iso_day(NOW // DAY) == "2027-01-15"


@given(st.integers(0, 200_000_000_000))
def test_there_and_back(seconds: int) -> None:
    assert seconds_of(iso(seconds) or "") == seconds
    assert days_of(iso_day(seconds // DAY)) == seconds // DAY
