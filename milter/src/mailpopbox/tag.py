"""The tag [sendas:ADDRESS] in a Subject (rules 3 to 10): found, understood, taken out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from mailpopbox.addresses import ascii_domain
from mailpopbox.words import as_seen

_START = re.compile(r"\[\s*sendas\s*:", re.IGNORECASE)
# A name in quotes may hold a bracket.
_CONTENT = re.compile(r'((?:"(?:[^"\\]|\\.)*"|[^\]"])*)\]', re.DOTALL)
_CONTENT_WITH_ODD_QUOTES = re.compile(r"([^\]]*)\]")
_NAMED = re.compile(r"(.*)<([^<>]*)>", re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
# A dot-atom of RFC 5322 without % and !, which some servers read as a route.
_ATOM = r"[A-Za-z0-9#$&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"(?!-){_ATOM}(?:\.{_ATOM})*")
_LONGEST_LOCAL = 64

# What remains of a tag when a program escapes its brackets or its colon, as in a link or without
# saying so. The bound keeps the search linear; no right tag is that long.
_SPACE = r"(?:\s|%20|=20)*"
_ESCAPED = re.compile(
    rf"(?:(?:%5B|=5B){_SPACE}sendas{_SPACE}(?::|%3A|=3A)|\[{_SPACE}sendas{_SPACE}(?:%3A|=3A))"
    r"(?:(.{0,999}?)(?:%5D|=5D|\]))?",
    re.IGNORECASE | re.DOTALL,
)


class TagError(ValueError):
    """Something starts like a tag and is none; the text says why."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag: where it stands in the text, and what it says."""

    start: int
    end: int
    name: str
    local: str
    domain: str  # as DNS spells it, or "" where none was written


def looks_like_one(text: str) -> bool:
    return _START.search(as_seen(with_plain_brackets(text))) is not None


def with_plain_brackets(text: str) -> str:
    """Return the text with tags whose brackets were escaped as they were meant."""

    def plain(found: re.Match[str]) -> str:
        if found[1] is None:
            return "[sendas:"
        return f"[sendas:{unquote(found[1].replace('=40', '@').replace('=20', ' '))}]"

    return _ESCAPED.sub(plain, text)


def find(text: str) -> list[Tag]:
    """Return all tags in the order of the text; raise TagError if one is broken."""
    found = list(_tags(text))
    if looks_like_one(taken_out(text, found)):
        raise TagError(
            "the brackets or the colon around sendas are not the plain ones, or something hides"
            " between them"
        )
    return found


def _tags(text: str) -> Iterator[Tag]:
    end = 0
    while start := _START.search(text, end):
        content = _CONTENT.match(text, start.end()) or _CONTENT_WITH_ODD_QUOTES.match(
            text, start.end()
        )
        if not content:
            raise TagError("it has no closing bracket")
        if looks_like_one(content[1]):
            raise TagError("another one begins within it")
        end = content.end()
        yield _understood(content[1].strip(), start.start(), end)


def _understood(content: str, start: int, end: int) -> Tag:
    named = _NAMED.fullmatch(content)
    name, address = (_plain_name(named[1]), named[2].strip()) if named else ("", content)
    local, at, domain = address.partition("@")
    if not address:
        raise TagError("it names no address")
    if not _LOCAL.fullmatch(local):
        raise TagError("what it names is not an address, or has characters that none should have")
    if not is_local_part(local):
        raise TagError(f"the part before the @ is longer than {_LONGEST_LOCAL} characters")
    if at and not ascii_domain(domain):
        raise TagError("what stands behind the @ is not a domain")
    return Tag(start, end, name, local, ascii_domain(domain))


def is_local_part(text: str) -> bool:
    return len(text) <= _LONGEST_LOCAL and _LOCAL.fullmatch(text) is not None


def _plain_name(text: str) -> str:
    """Return a display name without its quotes; what may not stand in one is refused."""
    if re.search(r"[\r\n\0]", text):
        raise TagError("the name in it holds a line break")
    name = text.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = _QUOTED_PAIR.sub(r"\1", name[1:-1])
    return " ".join(name.split())


def taken_out(text: str, tags: Sequence[Tag]) -> str:
    """Return the text without its tags.

    Where white space stood beside a tag, one space stays between what it separated; none stays
    at either end of the text, and none is put where none was.
    """
    if not tags:
        return text
    for tag in reversed(tags):
        before, after = text[: tag.start], text[tag.end :]
        left, right = before.rstrip(), after.lstrip()
        separated = left != before or right != after
        text = left + (" " if left and right and separated else "") + right
    return text.strip()
