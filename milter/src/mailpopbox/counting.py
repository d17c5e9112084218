"""Numbers, and several things, as people read them."""

from collections.abc import Iterable, Sequence


def counted(number: int, one: str, many: str = "") -> str:
    """Write how many of something there are."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def octets(number: int) -> str:
    """Write a size."""
    size = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def first_of(words: Sequence[object], most: int) -> str:
    """Write several things so, of too many only the first: a, b and 7 more."""
    more = len(words) - most
    return listed([*words[:most], f"{more} more"] if more > 0 else words)


def listed(words: Iterable[object]) -> str:
    """Write several things as one says them: a, b and c."""
    *first, last = map(str, words)
    return f"{', '.join(first)} and {last}" if first else last
