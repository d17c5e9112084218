"""What a mail program shows of a header, and how to write a text so that it shows just that.

Python's email package decodes word by word and never fails, which hides what can't be decoded;
and it normalises white space. Both would be leaks here, so RFC 2047 is read in this module.
"""

import binascii
import codecs
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass

# Leniently: programs show encoded words in places where the standard has none, with white space
# and question marks in them. None holds the start of another, which keeps the search linear.
_ENCODED_WORD = re.compile(
    r"=\?([^?\s]+)\?([BQ])\?((?:[^?=]|=(?!\?(?!=))|\?(?!=))*)\?=", re.IGNORECASE
)
_LINEAR_SPACE = " \t\r\n"
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_ESCAPED_OCTET = re.compile(rb"=([0-9A-Fa-f]{2})")
_PLAIN = re.compile(r"[\t -~]*")

# What programs write under the name of a smaller set.
_SUPERSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso2022_jp": "iso2022_jp_ext",
}
# Codecs of Python that are no charsets of mail.
_NO_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}

# RFC 5322 and RFC 2047 want lines, and lines with encoded words, no longer than this.
_LINE = 76
_LONGEST_PLAIN_WORD = 900
# A word with the white space before it.
_PIECE = re.compile(r"\s*\S+")
# What words of that length hold; the first one stands behind the header's name.
_WORD_OCTETS, _FIRST_WORD_OCTETS = 45, 24

# Characters that take no room, and those that look like the ASCII ones that mean something here.
_UNSEEN = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe0f\ufeff"
_LOOKALIKES = {
    **{chr(0xFF01 + place): chr(0x21 + place) for place in range(94)},  # full-width forms
    **dict(zip("\u3010\u3014\u3011\u3015\ufe13\ufe55\ufe6b", "[[]]::@", strict=True)),
}
_ODD = re.compile(f"[{_UNSEEN}{''.join(_LOOKALIKES)}]")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a mail program shows of a header; not `whole` where it can't be told."""

    text: str
    whole: bool


def unfold(value: str) -> str:
    return _FOLD.sub("", value) if "\n" in value else value


def as_seen(text: str) -> str:
    """Return a text as the eye takes it: without what takes no room, lookalikes in ASCII."""
    return text if text.isascii() else _ODD.sub(lambda odd: _LOOKALIKES.get(odd[0], ""), text)


def shown(value: str) -> Shown:
    """Decode a header's value. What can't be decoded stands there as its octets, as Latin-1."""
    if "=?" not in value and value.isascii():
        return Shown(unfold(value), whole=True)
    parts = list(_decoded_parts(unfold(value)))
    return Shown("".join(part.text for part in parts), all(part.whole for part in parts))


def shown_variously(value: str) -> set[str]:
    """Decode as programs do: some put white space where encoded words meet other text."""
    texts = [part.text for part in _decoded_parts(unfold(value))]
    return {"".join(texts), " ".join(texts).strip()}


def _decoded_parts(value: str) -> Iterator[Shown]:
    """Yield what stands between encoded words as it is, and runs of words decoded.

    Words of one charset in a row are decoded together: some programs split them within a
    character, or rely on a shift state from the word before.
    """
    end, charset, octets = 0, "", b""
    for word in _ENCODED_WORD.finditer(value):
        between = value[end : word.start()]
        name = word[1].partition("*")[0].lower()
        # White space between two words is not shown.
        apart = end == 0 or between.strip(_LINEAR_SPACE) != ""
        if octets and (name != charset or apart):
            yield _decoded(charset, octets)
            octets = b""
        if apart:
            yield _plain(between)
        charset = name
        octets += _octets(word[2], word[3])
        end = word.end()
    if octets:
        yield _decoded(charset, octets)
    yield _plain(value[end:])


def _plain(text: str) -> Shown:
    """Take text that is not encoded: UTF-8 it is, or nobody knows what."""
    octets = text.encode("utf-8", "surrogateescape")
    try:
        return Shown(octets.decode("utf-8"), whole=True)
    except UnicodeDecodeError:
        return Shown(octets.decode("latin-1"), whole=False)


def _octets(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    if encoding in "Qq":
        return _ESCAPED_OCTET.sub(
            lambda escaped: bytes([int(escaped[1], 16)]), raw.replace(b"_", b" ")
        )
    digits = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    # One digit over makes no octet.
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def _decoded(charset: str, octets: bytes) -> Shown:
    for name in (charset, _SUPERSETS.get(_canonical(charset), "")):
        if name and _canonical(name) not in _NO_CHARSETS:
            try:
                text = octets.decode(name)
                # Halves of surrogate pairs, which UTF-7 lets through, are no characters.
                text.encode()
            except (LookupError, ValueError):
                continue
            return Shown(text, whole=True)
    return Shown(octets.decode("latin-1"), whole=False)


def _canonical(charset: str) -> str:
    try:
        return codecs.lookup(charset).name.replace("-", "_")
    except (LookupError, ValueError):
        return ""


def written(text: str, indent: int = 0) -> str:
    """Write a text as a header's value: plain where that shows the same, else encoded.

    `indent` is how much of the first line is taken by the header's name.
    """
    return _folded(text, indent) if _is_plain(text) else encoded(text)


def encoded(text: str) -> str:
    return "\n ".join(_encoded_words(text))


def _is_plain(text: str) -> bool:
    return (
        _PLAIN.fullmatch(text) is not None
        and text == text.strip()
        and "=?" not in text
        and max(map(len, _PIECE.findall(text)), default=0) <= _LONGEST_PLAIN_WORD
    )


def _folded(text: str, indent: int) -> str:
    """Break lines before white space, which stays: unfolding gives back the very text."""
    lines = [""]
    room = _LINE - indent
    for piece in _PIECE.findall(text):
        if lines[-1] and len(lines[-1]) + len(piece) > room:
            lines.append("")
            room = _LINE
        lines[-1] += piece
    return "\n".join(lines)


def _encoded_words(text: str) -> Iterator[str]:
    """Yield UTF-8 words, none of which splits a character."""
    word, room = b"", _FIRST_WORD_OCTETS
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(word) + len(octets) > room:
            yield _encoded_word(word)
            word, room = b"", _WORD_OCTETS
        word += octets
    yield _encoded_word(word)


def _encoded_word(octets: bytes) -> str:
    return f"=?utf-8?b?{b64encode(octets).decode()}?="
