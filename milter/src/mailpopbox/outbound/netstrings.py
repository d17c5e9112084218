"""The frame of questions and answers: `5:hello,`."""

from io import BufferedIOBase

_MOST_OCTETS = 100_000
_MOST_DIGITS = 6


def framed(text: str) -> bytes:
    octets = text.encode("utf-8", "surrogateescape")
    return b"%d:%b," % (len(octets), octets)


def read(stream: BufferedIOBase) -> str | None:
    """Return the next text, or nothing at the end of the stream; ValueError if it is none."""
    digits = b""
    while (octet := stream.read(1)).isdigit() and len(digits) < _MOST_DIGITS:
        digits += octet
    if not digits and not octet:
        return None
    if not digits or octet != b":" or int(digits) > _MOST_OCTETS:
        raise ValueError("not a netstring")
    octets = stream.read(int(digits) + 1)
    if len(octets) != int(digits) + 1 or not octets.endswith(b","):
        raise ValueError("not a whole netstring")
    return octets[:-1].decode("utf-8", "surrogateescape")
