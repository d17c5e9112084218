"""The record of a key in DNS: what it has to be, and whether it is there."""

import re
from collections.abc import Callable, Iterable

from mailpopbox.dkim.state import Key

# What each server of a zone says under a name: the texts of its TXT records.
Answers = Iterable[Iterable[str]]
Ask = Callable[[str], Answers]


def name_of(domain: str, key: Key) -> str:
    return f"{key.selector}._domainkey.{domain}"


def text_of(key: Key, public: str) -> str:
    return f"v=DKIM1; k={key.algorithm}; p={public}"


def is_published(domain: str, key: Key, public: str, ask: Ask) -> bool:
    """Tell whether every server of the zone has the record; one that lags behind does not."""
    answers = list(ask(name_of(domain, key)))
    wanted = _tags(text_of(key, public))
    return bool(answers) and all(
        [_tags(text) for text in texts if _is_key(text)] == [wanted] for texts in answers
    )


def _is_key(text: str) -> bool:
    return "p" in _tags(text)


def _tags(text: str) -> dict[str, str]:
    """Read a record's tags; those that say what holds anyway are left out."""
    pairs = (part.partition("=") for part in text.split(";"))
    tags = {name.strip(): re.sub(r"\s+", "", value) for name, _, value in pairs if name.strip()}
    usual = {"v": "DKIM1", "k": "rsa", "t": "s", "s": "*"}
    return {name: value for name, value in tags.items() if usual.get(name) != value}
