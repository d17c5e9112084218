"""What is printed, on terminals of any width and without one."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailpopbox.commands.screen import BOLD, RED, Cell, Column, Listing, Screen, width_of

COLUMNS = (
    Column("ALIAS", narrowest=10),
    Column("IN", right=True),
    Column("FROM", narrowest=8),
)
DOMAINS = ("shop.example", "casino.test", "x.example")
ROWS = [
    [Cell("shop@example.com"), Cell("20"), Listing(words=DOMAINS)],
    [Cell("a@example.com", RED), Cell("1"), Listing()],
]


def printed(width: int | None, *, coloured: bool = False) -> str:
    out = io.StringIO()
    Screen(out, io.StringIO(), width, coloured).table(COLUMNS, ROWS)
    return out.getvalue()


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (
            None,
            ("ALIAS             IN  FROM\n"
            "shop@example.com  20  shop.example, casino.test, x.example\n"
            "a@example.com      1\n"),
        ),
        (
            52,
            ("ALIAS             IN  FROM\n"
            "shop@example.com  20  shop.example, casino.test +1\n"
            "a@example.com      1\n"),
        ),
        (
            40,
            ("ALIAS             IN  FROM\n"
            "shop@example.com  20  shop.example +2\n"
            "a@example.com      1\n"),
        ),
        (
            30,
            ("ALIAS             IN  FROM\n"
            "shop@example.com  20  shop… +2\n"
            "a@example.com      1\n"),
        ),
        (
            26,
            ("ALIAS         IN  FROM\n"
            "shop@exampl…  20  shop… +2\n"
            "a@example.c…   1\n"),
        ),
        (
            5,
            "ALIAS       IN  FROM\nshop@exam…  20  shop… +2\na@example…   1\n",
        ),
    ],
)  # fmt: skip
def test_a_table(width: int | None, expected: str) -> None:
    assert printed(width) == expected


def test_colours_take_no_room() -> None:
    assert printed(None, coloured=True).splitlines()[::2] == [
        "\x1b[1mALIAS\x1b[0m             \x1b[1mIN\x1b[0m  \x1b[1mFROM\x1b[0m",
        "\x1b[31ma@example.com\x1b[0m      1",
    ]


WORDS = st.text(max_size=30)


@given(
    st.lists(st.tuples(WORDS, WORDS, st.lists(WORDS, max_size=5)), max_size=5),
    st.integers(20, 100),
)
def test_no_line_is_longer_than_the_terminal(
    rows: list[tuple[str, str, list[str]]], width: int
) -> None:
    out = io.StringIO()
    columns = [Column("A", narrowest=4), Column("B", narrowest=4), Column("C", narrowest=8)]
    cells = [[Cell(a), Cell(b), Listing(words=tuple(c))] for a, b, c in rows]
    Screen(out, out, width).table(columns, cells)
    lines = out.getvalue().split("\n")
    assert len(lines) == len(rows) + 2
    assert all(width_of(line) <= width and (line + "x").isprintable() for line in lines)


def test_names_and_what_belongs_to_them() -> None:
    out = io.StringIO()
    screen = Screen(out, out, None, coloured=True)
    screen.pairs([("a", Cell("1")), ("long", Cell("2\n", RED)), ("x", Cell(""))])
    assert out.getvalue() == (
        "\x1b[1ma   \x1b[0m  1\n\x1b[1mlong\x1b[0m  \x1b[31m2?\x1b[0m\n\x1b[1mx   \x1b[0m\n"
    )


@pytest.mark.parametrize(("text", "width"), [("ab", 2), ("山田", 4), ("e\u0301", 1), ("", 0)])
def test_how_wide_a_text_is(text: str, width: int) -> None:
    assert width_of(text) == width


def test_what_a_locale_cannot_write() -> None:
    octets = io.BytesIO()
    out = io.TextIOWrapper(octets, encoding="ascii", newline="\n")
    screen = Screen(out, out)
    screen.line("Jürgen…", BOLD)
    screen.note("山")
    out.flush()
    assert octets.getvalue() == b"J?rgen?\n?\n"


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("environment", [{"TERM": "xterm"}, {"TERM": "xterm", "NO_COLOR": ""}])
def test_on_a_terminal(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "123")
    screen = Screen.of_process(environment)
    assert (screen.width, screen.coloured) == (123, True)


@pytest.mark.parametrize("environment", [{"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}, {}])
def test_a_terminal_that_wants_no_colours(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert not Screen.of_process(environment).coloured


def test_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    screen = Screen.of_process({"TERM": "xterm"})
    assert (screen.width, screen.coloured) == (None, False)
