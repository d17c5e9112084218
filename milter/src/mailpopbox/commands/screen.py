"""What is printed: tables, colours where a terminal shows them, JSON."""

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"
_GAP = "  "


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of text in a table."""

    text: str
    style: str = ""

    def within(self, room: int) -> str:
        """Return as much of it as there is room for."""
        text = printable(self.text)
        if width_of(text) <= room:
            return text
        while width_of(text) >= room > 0:
            text = text[:-1]
        return f"{text}…"


@dataclass(frozen=True, slots=True)
class Listing(Cell):
    """Several words; those for which there is no room are counted. The text is left empty."""

    text: str = ""
    words: tuple[str, ...] = ()

    def within(self, room: int) -> str:
        for shown in range(len(self.words), 1, -1):
            text = self._text(shown)
            if width_of(text) <= room:
                return text
        if len(self.words) < 2:
            return Cell(", ".join(self.words)).within(room)
        more = f" +{len(self.words) - 1}"
        return Cell(self.words[0]).within(max(room - len(more), 1)) + more

    def _text(self, shown: int) -> str:
        rest = len(self.words) - shown
        text = ", ".join(map(printable, self.words[:shown]))
        return f"{text} +{rest}" if rest else text


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what stands above it, and how narrow it may become."""

    title: str
    right: bool = False
    narrowest: int | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    """Where the answer goes. Without a width nothing is shortened."""

    out: TextIO
    err: TextIO
    width: int | None = None
    coloured: bool = False

    @classmethod
    def of_process(cls, environment: Mapping[str, str] = os.environ) -> "Screen":
        terminal = sys.stdout.isatty()
        width = shutil.get_terminal_size().columns if terminal else None
        coloured = terminal and not environment.get("NO_COLOR") and _is_able(environment)
        return cls(sys.stdout, sys.stderr, width, coloured)

    def line(self, text: str = "", style: str = "") -> None:
        self.write(self.styled(printable(text), style))

    def write(self, line: str) -> None:
        """Print a line that has its styles already."""
        self.out.write(_encodable(line, self.out) + "\n")

    def note(self, text: str) -> None:
        """Say something that is not the answer."""
        self.err.write(_encodable(printable(text), self.err) + "\n")

    def json(self, value: object) -> None:
        self.out.write(json.dumps(value) + "\n")

    def styled(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if style and self.coloured and text else text

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
        heads = [Cell(column.title, BOLD) for column in columns]
        whole = [heads, *rows]
        widths = _widths(columns, whole, self.width)
        for row in whole:
            cells = [self._padded(*each) for each in zip(row, columns, widths, strict=True)]
            self.out.write(_encodable(_GAP.join(cells).rstrip(), self.out) + "\n")

    def pairs(self, pairs: Iterable[tuple[str, Cell]]) -> None:
        """Print names and what belongs to them."""
        shown = list(pairs)
        room = max(len(name) for name, _ in shown)
        for name, cell in shown:
            text = self.styled(cell.within(10**6), cell.style)
            line = f"{self.styled(name.ljust(room), BOLD)}{_GAP}{text}".rstrip()
            self.out.write(_encodable(line, self.out) + "\n")

    def _padded(self, cell: Cell, column: Column, width: int) -> str:
        text = cell.within(width)
        room = " " * (width - width_of(text))
        shown = self.styled(text, cell.style)
        return room + shown if column.right else shown + room


def _widths(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int | None
) -> list[int]:
    """Return how wide the columns are; the last that may shrinks first."""
    unbounded = 10**6
    widths = [
        max(width_of(row[number].within(unbounded)) for row in rows)
        for number in range(len(columns))
    ]
    if width is None:
        return widths
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width
    for number in reversed(range(len(columns))):
        narrowest = columns[number].narrowest
        if excess > 0 and narrowest is not None:
            spared = min(excess, max(widths[number] - narrowest, 0))
            widths[number] -= spared
            excess -= spared
    return widths


def width_of(text: str) -> int:
    """Return how many columns a text takes on a terminal."""
    return sum(_width_of(character) for character in text)


def _width_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def printable(text: str) -> str:
    """Return a text without what could steer a terminal: strangers choose addresses."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _encodable(text: str, stream: TextIO) -> str:
    """Return what can be written to a stream, wherever the locale knows little."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def _is_able(environment: Mapping[str, str]) -> bool:
    return environment.get("TERM", "dumb") != "dumb"
