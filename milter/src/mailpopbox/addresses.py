"""Address headers, and the question whether a header holds an address.

Python's email package can raise on what people really send, and refuses bytes that are not
UTF-8. This parser accepts everything and understands what RFC 5322 allows.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote

from mailpopbox.words import as_seen, encoded, shown, shown_variously, unfold

_TOKEN = re.compile(
    r"""
      (?P<quoted> "(?:[^"\\]|\\.)*"? )
    | (?P<literal> \[[^\]]*\]? )
    | (?P<comment> \( )
    | [<>,;:@]
    | (?P<space> \s+ )
    | (?P<atom> [^\s"<>,;:@\[(]+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
# In quotes, "=?" would still be read as an encoded word by some.
_PLAIN_NAME = re.compile(r"(?:(?!=\?)[ -~])*")
_LONGEST_PLAIN_NAME = 200
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)
_LONGEST_DOMAIN = 253
_QUOTES = re.compile(r'["\\]')
_CONTINUATION = re.compile(r";\s*[\w-]+\*[0-9]+\*?\s*=")
_DOT_ATOM = re.compile(r"[^\s\"(),:;<>@\[\]\\.]+(?:\.[^\s\"(),:;<>@\[\]\\.]+)*")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name, decoded, and an address; either may be empty."""

    name: str
    address: str


class _Token(NamedTuple):
    # A group of _TOKEN, or the very character that parts others.
    kind: str
    text: str


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    # Every character starts one of the kinds, so this goes on to the end.
    while found := _TOKEN.match(text, position):
        position = found.end()
        if found.lastgroup == "comment":
            position = _end_of_comment(text, found.start())
            yield _Token("comment", text[found.end() : position - 1])
        else:
            yield _Token(found.lastgroup or found[0], found[0])


def _end_of_comment(text: str, start: int) -> int:
    depth, position = 0, start
    while position < len(text):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        position += 2 if text[position] == "\\" else 1
        if depth == 0:
            return position
    return len(text) + 1


def mailboxes(value: str) -> list[Mailbox]:
    """Read an address header. Groups are read as the mailboxes in them."""
    found: list[Mailbox] = []
    current: list[_Token] = []
    in_angle = False
    for token in _tokens(unfold(value)):
        if token.kind in {"<", ">"}:
            in_angle = token.kind == "<"
        if token.kind in {",", ";"} and not in_angle:
            found.append(_mailbox(current))
            current = []
        elif token.kind == ":" and not in_angle:
            current = []  # the name of a group
        else:
            current.append(token)
    found.append(_mailbox(current))
    return [box for box in found if box.name or box.address]


def _mailbox(tokens: list[_Token]) -> Mailbox:
    kinds = [token.kind for token in tokens]
    if "<" in kinds:
        start = kinds.index("<")
        end = kinds.index(">", start) if ">" in kinds[start:] else len(tokens)
        inside = tokens[start + 1 : end]
        # A source route stands before the address: <@a,@b:user@c>
        route = [place for place, token in enumerate(inside) if token.kind == ":"]
        return Mailbox(
            _phrase(tokens[:start]), _address(inside[route[-1] + 1 :] if route else inside)
        )
    comments = [token for token in tokens if token.kind == "comment"]
    return Mailbox(_phrase(comments), _address(tokens))


def _phrase(tokens: Iterable[_Token]) -> str:
    """Return a name as it is shown: words without their quotes, encoded ones decoded."""
    text = "".join(
        _unquoted(token.text) if token.kind == "quoted" else " " if token.kind == "space"
        else token.text
        for token in tokens
    )  # fmt: skip
    return " ".join(shown(text).text.split())


def _unquoted(text: str) -> str:
    inner = text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:]
    return _QUOTED_PAIR.sub(r"\1", inner)


def _address(tokens: Iterable[_Token]) -> str:
    """Return an address without comments and white space, and without quotes it can spare."""
    parts = []
    for token in tokens:
        if token.kind == "quoted":
            inner = _unquoted(token.text)
            parts.append(inner if _DOT_ATOM.fullmatch(inner) else token.text)
        elif token.kind not in {"space", "comment"}:
            parts.append(token.text)
    return "".join(parts)


def rendered(boxes: Iterable[Mailbox]) -> str:
    """Write mailboxes as a header's value, one a line."""
    return ",\n ".join(_rendered(box) for box in boxes)


def _rendered(box: Mailbox) -> str:
    if not box.name:
        return box.address
    if len(box.name) > _LONGEST_PLAIN_NAME or not _PLAIN_NAME.fullmatch(box.name):
        return f"{encoded(box.name)}\n <{box.address}>"
    name = box.name if _ATOMS.fullmatch(box.name) else f'"{_escaped(box.name)}"'
    return f"{name} <{box.address}>"


def _escaped(text: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", text)


def ascii_domain(domain: str) -> str:
    """Return a domain as DNS spells it, in the case it has; "" if it is none."""
    try:
        # Its codec takes long over long names.
        name = domain[: _LONGEST_DOMAIN + 1].encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return name if len(name) <= _LONGEST_DOMAIN and _DOMAIN.fullmatch(name) else ""


def without_comments(text: str) -> str:
    """Put a space in the place of every comment, also of nested ones; one left open is text."""
    kept: list[str] = []
    opened: list[int] = []
    for piece in re.split(r"(\\.|[()])", text) if "(" in text else [text]:
        if piece == ")" and opened:
            del kept[opened.pop() :]
            kept.append(" ")
            continue
        if piece == "(":
            opened.append(len(kept))
        kept.append(piece)
    return "".join(kept)


def addresses_in(text: str) -> Iterator[str]:
    """Yield all that reads like an address, wherever it stands in a text."""
    for view in _views(text):
        for before, after in pairwise(re.sub(r"[<>()\[\],:;]", " ", view).split("@")):
            if before.split() and (domain := re.match(r"\s*([\w.-]*\w)", after)):
                yield f"{before.split()[-1]}@{ascii_domain(domain[1]) or domain[1]}"


class Finder:
    """Finds addresses in headers, however they are written (rule 13)."""

    def __init__(self, addresses: Iterable[str]) -> None:
        bare = {_without_quotes(address).lower() for address in addresses if "@" in address}
        self._patterns = [_pattern(address) for address in bare]
        self._spellings = {_squeezed(name) for address in bare for name in _spellings(address)}

    def found_in(self, value: str) -> bool:
        """Tell whether any of the addresses stands in a header's value, as a whole."""
        if not self._patterns or not _may_hold_an_address(value):
            return False
        return any(self._stands_in(view) for view in _views(value))

    def _stands_in(self, view: str) -> bool:
        # The quick test, which nearly always is enough.
        squeezed = _squeezed(view).replace("%40", "@").lower()
        return any(spelling in squeezed for spelling in self._spellings) and any(
            pattern.search(view) for pattern in self._patterns
        )


def _may_hold_an_address(text: str) -> bool:
    """Tell whether anybody might read an @ in a text; most headers have none, and none hidden.

    What is read out of ASCII comes from % or an encoded word, else things are only left out.
    """
    return "@" in text or "%" in text or "=?" in text or not text.isascii()


def _squeezed(text: str) -> str:
    return "".join(text.split())


# Every message of a login needs the same ones.
@lru_cache(maxsize=128)
def _spellings(address: str) -> frozenset[str]:
    """Return an address with its domain in ASCII and in its own script."""
    local, _, domain = address.rpartition("@")
    ascii_one = ascii_domain(domain)
    try:
        own = ascii_one.encode("ascii").decode("idna")
    except UnicodeError:
        own = ""
    found = (f"{local}@{name}".lower() for name in (ascii_one, own) if name)
    return frozenset([address, *found])


@lru_cache(maxsize=128)
def _pattern(address: str) -> re.Pattern[str]:
    """Match an address where it isn't a part of a longer one.

    Letters and digits are those of ASCII: in scripts without spaces a word ends where an
    address begins.
    """
    local = address.rpartition("@")[0]
    domains = {spelling.rpartition("@")[2] for spelling in _spellings(address)}
    return re.compile(
        r"(?<![A-Za-z0-9._+~-])"
        + _spaced(local)
        + r"\s*(?:@|%40)\s*"
        + "(?:" + "|".join(map(_spaced, sorted(domains))) + ")"
        + r"(?![A-Za-z0-9-]|\.[A-Za-z0-9])",
        re.IGNORECASE,
    )  # fmt: skip


def _spaced(dotted: str) -> str:
    """Let white space stand around every dot."""
    return r"\s*\.\s*".join(map(re.escape, dotted.split(".")))


def _without_quotes(text: str) -> str:
    return _QUOTES.sub("", text)


def _without_continuations(text: str) -> str:
    """Join what RFC 2231 splits: name*0=…; name*1=… is one text."""
    pieces = _CONTINUATION.split(text) if "*" in text else [text]
    return "".join(map(str.strip, pieces)) if len(pieces) > 1 else text


def _views(value: str) -> set[str]:
    """Return a value as it stands and as those may read it who decode one thing or another."""
    views = {unfold(value)}
    if not value.isascii() or "=?" in value:
        views |= shown_variously(value)
    elif not _READ_VARIOUSLY.search(value):
        return views
    for reading in _READINGS:
        views |= {reading(view) for view in views}
    return views


# What one of the readings would change in ASCII; most values have none of it.
_READ_VARIOUSLY = re.compile(r'[%"\\(*]')
_READINGS: tuple[Callable[[str], str], ...] = (
    as_seen,
    unquote,
    _without_quotes,
    _without_continuations,
    without_comments,
)
