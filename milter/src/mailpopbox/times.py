"""Times as people write and read them: 30min, 12h, 30d, 8w, 1y, in the options as in the tables."""

import argparse
import re
from datetime import UTC, datetime

MINUTE, HOUR, DAY, YEAR = 60, 60 * 60, 24 * 60 * 60, 365 * 24 * 60 * 60
_UNITS = {"min": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY, "y": YEAR}
_AGE = re.compile(r"([1-9][0-9]{0,3})(min|[hdwy])", re.ASCII)
_LONGEST = 100 * YEAR


def age(text: str) -> int:
    """Read an age as seconds (a type for argparse)."""
    found = _AGE.fullmatch(text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= _LONGEST:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; write one like 30min, 12h, 30d, 8w or 1y"
        )
    return seconds


def span(seconds: int) -> str:
    """Write how long something took, in one unit."""
    unit, name = _unit_for(seconds)
    return f"{seconds // unit}{name}"


def left(seconds: int) -> str:
    """Write how long something will take: what was begun counts as whole."""
    unit, name = _unit_for(seconds)
    return f"{-(-seconds // unit)}{name}"


def _unit_for(seconds: int) -> tuple[int, str]:
    if seconds < HOUR:
        return MINUTE, "min"
    if seconds < 2 * DAY:
        return HOUR, "h"
    return (DAY, "d") if seconds < 2 * YEAR else (YEAR, "y")


def ago(then: int | None, now: int) -> str:
    """Write how long ago something was; a clock that went wrong does not matter."""
    if then is None:
        return "-"
    return "now" if now - then < MINUTE else f"{span(now - then)} ago"


def local(then: int | None, now: int) -> str:
    """Write a time of this host, and how long ago that was."""
    if then is None:
        return "never"
    return f"{clock(then)} ({ago(then, now)})"


def clock(then: int) -> str:
    """Write a time of this host."""
    return _local(then, "%Y-%m-%d %H:%M")


def clock_of_day(then: int) -> str:
    return _local(then, "%H:%M:%S")


def _local(then: int, form: str) -> str:
    return datetime.fromtimestamp(then, UTC).astimezone().strftime(form)
