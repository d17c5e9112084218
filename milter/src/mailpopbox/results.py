"""Rule 25: nobody but this server says in its name what it found out about a message (RFC 8601)."""

import re
from collections.abc import Iterable, Iterator

from mailpopbox.addresses import without_comments
from mailpopbox.headers import Header
from mailpopbox.message import RemoveHeader
from mailpopbox.words import unfold

RULE = 25
KEY = "authentication-results"
_WORD = re.compile(r"[a-z0-9.-]+")


def forged(headers: Iterable[Header], hostname: str) -> Iterator[RemoveHeader]:
    """Take out what came in under our name."""
    for header in headers:
        if header.key == KEY and hostname in _names(header.value):
            yield RemoveHeader(header.name, header.occurrence)


def _names(value: str) -> set[str]:
    """Return each word that somebody may take for the name of the server that speaks.

    It is the first one, after any comments. But readers differ in what a comment or a quote is, so
    all up to the first result count, however they are hidden.
    """
    text = unfold(value).lower().replace("\\", "").replace('"', "")
    heads = (text.partition(";")[0], without_comments(text).partition(";")[0])
    return {word.strip(".") for head in heads for word in _WORD.findall(head)}
