"""Which recipients are let in: a pure function, asked at RCPT.

Whoever is kept out is told what Postfix says of an address that never was.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from mailpopbox.config import ALWAYS_OPEN, Config, Mailbox
from mailpopbox.message import Refusal
from mailpopbox.passage import canonical
from mailpopbox.submission import domain_of

_LENGTH_OF_SUFFIX = 4


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger says of an address."""

    used: bool = False
    blocked: bool = False
    expires_at: int | None = None
    # Who gets through all the same: address@domain, or @domain with all below it.
    exceptions: tuple[str, ...] = ()

    def is_closed(self, now: float) -> bool:
        return self.blocked or (self.expires_at is not None and self.expires_at <= now)


@dataclass(frozen=True, slots=True)
class MailboxState:
    """What the ledger says of a mailbox."""

    frozen: bool = False
    signing_key: bytes | None = None


class Register(Protocol):
    """What the gate asks of the ledger."""

    def standing(self, login: str, address: str) -> Standing:
        """Return how an address stands."""

    def mailbox(self, login: str) -> MailboxState:
        """Return how a mailbox stands."""


def refusal_for(
    recipient: str, sender: str, config: Config, register: Register, now: float
) -> Refusal | None:
    """Return how to refuse a recipient, None if mail for it is welcome."""
    address = canonical(recipient).lower()
    mailbox = config.mailbox_of(address)
    if mailbox is None or address.rpartition("@")[0] in ALWAYS_OPEN:
        return None
    if _is_welcome(address, sender, mailbox, register, now):
        return None
    return _unknown(recipient)


def _unknown(recipient: str) -> Refusal:
    """Answer word for word what Postfix does where there is no such mailbox."""
    shown = recipient.encode("utf-8", "replace").decode()
    text = f"<{shown}>: Recipient address rejected: User unknown in virtual mailbox table"
    return Refusal(550, "5.1.1", text)


def refusal_by_doctor(recipient: str, login: str | None, config: Config) -> Refusal | None:
    """Keep everybody else's mail from the doctor, and the doctor's from everybody else."""
    is_for_it, is_by_it = config.is_doctor(canonical(recipient)), config.is_doctor(login)
    if is_for_it == is_by_it:
        return None
    if login is None:
        return _unknown(recipient)
    return Refusal(550, "5.7.1", "The doctor writes to itself, and nobody else writes to it.")


def _is_welcome(
    address: str, sender: str, mailbox: Mailbox, register: Register, now: float
) -> bool:
    if pattern_that_blocks(address, mailbox):
        return False
    standing = register.standing(mailbox.login, address)
    if standing.is_closed(now):
        return any(_covers(exception, sender) for exception in standing.exceptions)
    if standing.used or address == mailbox.login or address in mailbox.addresses:
        return True
    state = register.mailbox(mailbox.login)
    if state.frozen:
        return False
    return mailbox.aliases == "open" or is_signed(address, state.signing_key)


def pattern_that_blocks(address: str, mailbox: Mailbox) -> str:
    """Return the entry of the configuration that keeps an address out, or ""."""
    return next((each for each in mailbox.blocked if fnmatchcase(address, each)), "")


def _covers(exception: str, sender: str) -> bool:
    """Tell whether an exception means a sender."""
    sender = canonical(sender).lower()
    local, _, domain = exception.rpartition("@")
    return sender == exception if local else f".{domain_of(sender)}".endswith(f".{domain}")


def signed(word: str, domain: str, key: bytes) -> str:
    """Return the address that a word makes, with the suffix that lets it in."""
    return f"{word}.{_suffix(word, domain, key)}@{domain}"


def is_signed(address: str, key: bytes | None) -> bool:
    local, _, domain = address.rpartition("@")
    word, dot, suffix = local.rpartition(".")
    if key is None or not dot:
        return False
    return hmac.compare_digest(suffix.encode(), _suffix(word, domain, key).encode())


def _suffix(word: str, domain: str, key: bytes) -> str:
    """Return four letters and digits: a guess at them is right once in a million times."""
    made = hmac.digest(key, f"{word}@{domain}".lower().encode(), hashlib.sha256)
    return base64.b32encode(made).decode().lower()[:_LENGTH_OF_SUFFIX]
