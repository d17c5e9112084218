"""Numbers, and several things, as people read them."""

from collections.abc import Sequence

import pytest
from mailpopbox.counting import counted, first_of, listed, octets


def test_how_many() -> None:
    assert [counted(number, "message") for number in (0, 1, 2)] == [
        "0 messages",
        "1 message",
        "2 messages",
    ]
    assert counted(2, "alias", "aliases") == "2 aliases"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (12_345, "12 kB"),
        (7_650_000, "7.7 MB"),
        (2 * 10**9, "2.0 GB"),
        (5 * 10**13, "50.0 TB"),
    ],
)
def test_sizes(number: int, text: str) -> None:
    assert octets(number) == text


def test_several_things() -> None:
    assert [listed(words) for words in ("a", "ab", (1, 2, 3))] == ["a", "a and b", "1, 2 and 3"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("a", "a"),
        ("abc", "a, b and c"),
        ("abcd", "a, b, c and 1 more"),
        (range(100), "0, 1, 2 and 97 more"),
    ],
)
def test_too_many_things(words: Sequence[object], text: str) -> None:
    assert first_of(words, 3) == text
