"""A message that a login submits, what the rules may ask of it, and how they answer."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mailpopbox.config import Config
from mailpopbox.headers import Header
from mailpopbox.ledger import Ledger
from mailpopbox.message import Change, Refusal, RemoveHeader, Transaction

# RFC 5321: a line of a reply has 512 octets at most, with the codes before the text.
_LONGEST_SENTENCE = 490
_UNPRINTABLE = re.compile(r"[^ -~]")


class RefusedError(Exception):
    """A rule refuses the message."""

    def __init__(self, rule: int, code: int, enhanced: str, text: str) -> None:
        super().__init__(text)
        self.rule = rule
        self.refusal = Refusal(code, enhanced, _fitted(text))


def _fitted(text: str) -> str:
    """Shorten a text before its last sentence, which says what to do."""
    if len(text) <= _LONGEST_SENTENCE:
        return text
    start, _, advice = text.rpartition(". ")
    end = f"... {advice}"[-_LONGEST_SENTENCE:]
    return start[: _LONGEST_SENTENCE - len(end)] + end


def forbidden(rule: int, text: str) -> RefusedError:
    """The login may not send this."""
    return RefusedError(rule, 550, "5.7.1", text)


def unclear(rule: int, text: str) -> RefusedError:
    """This is not understood, or would leak."""
    return RefusedError(rule, 554, "5.6.0", text)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found, and what is to change because of it."""

    rule: int
    text: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Submission:
    """A message of a login, and all that the rules may ask."""

    transaction: Transaction
    config: Config
    ledger: Ledger
    login: str
    headers: tuple[Header, ...]

    def named(self, key: str) -> list[Header]:
        return [header for header in self.headers if header.key == key]

    def owns(self, address: str) -> bool:
        owner = self.config.owner_of(address)
        if self.config.is_doctor(self.login):
            # Whoever owns an address: the gate lets it write to itself only.
            return owner is not None or self.config.is_doctor(address)
        return owner == self.login

    def tag_for(self, address: str) -> str:
        """Return the shortest tag that names an address of the login."""
        local, _, domain = address.rpartition("@")
        return f"[sendas:{local if domain.lower() == domain_of(self.login) else address}]"


def removals(found: Iterable[Header]) -> tuple[RemoveHeader, ...]:
    return tuple(RemoveHeader(header.name, header.occurrence) for header in found)


def domain_of(address: str) -> str:
    return address.rpartition("@")[2]


def quoted(text: str) -> str:
    """Return what a client sent so that it fits into one line of a reply."""
    plain = text.encode("ascii", "replace").decode()
    return _UNPRINTABLE.sub("?", plain[:200])
