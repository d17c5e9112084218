"""What the doctor finds: how a thing stands, in a plain sentence, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass

GOOD, WARNING, BAD, UNKNOWN = "good", "warning", "bad", "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """How one thing stands."""

    state: str
    # What it is about: a unit, a record, a port. With it, one finding is told from another.
    about: str
    sentence: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What one check found."""

    check: str
    findings: tuple[Finding, ...]


def good(sentence: str) -> Finding:
    return Finding(GOOD, "", sentence)


def warning(about: str, sentence: str, fix: str) -> Finding:
    """It works, but will not for long, or not for everybody."""
    return Finding(WARNING, about, sentence, fix)


def bad(about: str, sentence: str, fix: str) -> Finding:
    return Finding(BAD, about, sentence, fix)


def unknown(about: str, sentence: str, fix: str = "") -> Finding:
    """It could not be found out, and so is not good."""
    return Finding(UNKNOWN, about, sentence, fix)


def or_good(findings: Iterable[Finding], sentence: str) -> tuple[Finding, ...]:
    """Return what is wrong, or say that nothing is."""
    return tuple(findings) or (good(sentence),)
