"""A mapping of the configuration, read key by key."""

import difflib
import reprlib
from collections.abc import Callable

_shortener = reprlib.Repr()
_shortener.maxstring = _shortener.maxother = 80
show = _shortener.repr


class Section:
    """A mapping of the file, read key by key.

    What is wrong is noted, not raised, so that reading goes on and finds the rest. A wrong
    value reads as "" or empty, and nobody ever sees it: `parse` raises in the end.
    """

    def __init__(self, values: dict[object, object], where: str, problems: list[str]) -> None:
        self._values = values
        self._where = where
        self._problems = problems

    def has(self, key: str) -> bool:
        return key in self._values

    def require(self, key: str, example: str) -> None:
        """Note it if the key is missing."""
        if not self.has(key):
            self.note(key, f'missing; add it, for instance "{key}: {example}"')

    def text(self, key: str, wrong: Callable[[str], str], example: str = "") -> str:
        """Read a text that must be there."""
        self.require(key, example)
        return self._checked(key, self._values[key], wrong) if self.has(key) else ""

    def optional(
        self,
        key: str,
        wrong: Callable[[str], str],
        default: str,
        shown: Callable[[object], str] = show,
    ) -> str:
        """Read a text that may be left out."""
        return self._checked(key, self._values[key], wrong, shown) if self.has(key) else default

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        """Read one of a few words, which may be left out."""
        known = ", ".join(choices)
        return self.optional(
            key, lambda word: "" if word in choices else f"is none of {known}", default
        )

    def switch(self, key: str, *, default: bool = True) -> bool:
        """Read true or false, which may be left out."""
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            self.note(key, f"{show(value)} is neither true nor false")
        return value is True

    def number(self, key: str, least: int, default: int) -> int:
        """Read a whole number, which may be left out."""
        value = self._values.get(key, default)
        # To Python, true is a number.
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            self.note(key, f"{show(value)} is no whole number from {least} up")
            return default
        return value

    def texts(self, key: str, wrong: Callable[[str], str]) -> tuple[str, ...]:
        """Read a list of texts, in lower case, which may be left out."""
        if not self.has(key):
            return ()
        return tuple(
            self._checked(f"{key}[{number}]", entry, wrong).lower()
            for number, entry in enumerate(self.entries(key), start=1)
        )

    def entries(self, key: str) -> list[object]:
        """Read a list that must be there, with whatever is in it."""
        self.require(key, "[…]")
        value = self._values.get(key, [])
        if self.has(key) and not (isinstance(value, list) and value):
            self.note(key, f"{show(value)} is no list with entries; write a line “- …” for each")
        return value if isinstance(value, list) else []

    def note(self, key: object, problem: str) -> None:
        name = key if isinstance(key, str) and key.isprintable() else show(key)
        self._problems.append(f"{self._where}.{name}: {problem}".removeprefix("."))

    def _checked(
        self,
        key: str,
        value: object,
        wrong: Callable[[str], str],
        shown: Callable[[object], str] = show,
    ) -> str:
        if not isinstance(value, str):
            self.note(key, f"{shown(value)} is no text; put it in quotes if it is meant as one")
        elif problem := wrong(value):
            self.note(key, f"{shown(value)} {problem}")
        else:
            return value
        return ""


def section_of(
    value: object, where: str, known: tuple[str, ...], problems: list[str]
) -> Section | None:
    """Open a mapping and note the keys nobody knows; None, and noted, if it is none."""
    if not isinstance(value, dict):
        problem = f"{show(value)} is no mapping; write keys and values, like “{known[0]}: …”"
        problems.append(f"{where}: {problem}".removeprefix(": "))
        return None
    section = Section(value, where, problems)
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            fix = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(known)}"
            section.note(key, f"unknown key; {fix}")
    return section
