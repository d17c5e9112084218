"""Numbers as people read them."""


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
