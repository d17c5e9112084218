"""What the ledger is told of a message that passes: its ids, and which addresses had part in it."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from mailpopbox.addresses import ascii_domain, mailboxes
from mailpopbox.config import Config
from mailpopbox.headers import Header, among, numbered
from mailpopbox.message import Decision, Transaction, applied
from mailpopbox.submission import domain_of
from mailpopbox.tag import looks_like_one
from mailpopbox.thread import message_ids, with_a_tag
from mailpopbox.words import shown

# One has one id. Whoever writes more of them shall not fill the disk.
_MOST_IDS = 8


@dataclass(frozen=True, slots=True)
class Use:
    """One address of a mailbox had part in a message."""

    login: str
    address: str
    # Whether it went out as that address; else it came in for it.
    sent: bool = False
    # Of who wrote to the address; "" where that is not known.
    domain: str = ""

    @property
    def key(self) -> str:
        return self.address.lower()


@dataclass(frozen=True, slots=True)
class Passage:
    """A message that passed."""

    ids: tuple[str, ...]
    uses: tuple[Use, ...]


def passage_of(transaction: Transaction, decision: Decision, config: Config) -> Passage:
    """Return what is to be remembered of a message that is about to be accepted."""
    pairs = among(transaction.headers, "from", "message-id")
    before = after = tuple(numbered(pairs))
    seen = [before]
    # Most mail comes in, and passes unchanged: that is not worth reading twice.
    if decision.changes:
        after = tuple(numbered(applied(pairs, decision.changes)))
        # First the id that the world sees, and answers.
        seen = [after, before]
    found = message_ids(each for each in chain(*seen) if each.key == "message-id")
    ids = tuple(dict.fromkeys(found))[:_MOST_IDS]
    if transaction.login is None and _has_a_tag(transaction):
        ids += tuple(map(with_a_tag, ids))
    uses = chain(_going_out(transaction, decision, config), _coming_in(transaction, after, config))
    return Passage(ids, tuple(uses))


def _has_a_tag(transaction: Transaction) -> bool:
    """Tell whether the Subject has what the answer to it would be taken for tagged by."""
    subjects = [value for name, value in transaction.headers if name.lower() == "subject"]
    # Most have not, which is seen without decoding.
    return any(
        looks_like_one(shown(value).text)
        for value in subjects
        if not value.isascii() or "sendas" in value.lower() or "=?" in value
    )


def digest(message_id: str) -> bytes:
    """Return what stands for an id in the ledger: as long for 900 octets as for nine."""
    return hashlib.sha256(message_id.encode("utf-8", "surrogateescape")).digest()[:16]


def canonical(address: str) -> str:
    """Return an address with its domain as DNS spells it, and without octets that are no text."""
    local, at, domain = address.rpartition("@")
    local = local.encode("utf-8", "backslashreplace").decode().replace("\0", "")
    return f"{local}{at}{ascii_domain(domain) or domain}"


def _going_out(transaction: Transaction, decision: Decision, config: Config) -> Iterator[Use]:
    login, address = transaction.login, decision.address
    if login is not None and address is not None and not config.is_doctor(login):
        yield Use(login.lower(), address, sent=True)


def _coming_in(
    transaction: Transaction, headers: tuple[Header, ...], config: Config
) -> Iterator[Use]:
    addresses = {each.lower(): each for each in map(canonical, reversed(transaction.recipients))}
    receivers = {key: config.receiver_of(key) for key in sorted(addresses)}
    domain = _domain_of_sender(transaction, headers) if any(receivers.values()) else ""
    for key, receiver in receivers.items():
        if receiver is not None:
            yield Use(receiver, addresses[key], domain=domain)


def _domain_of_sender(transaction: Transaction, headers: Iterable[Header]) -> str:
    """Return the domain that a person sees, else that of the envelope."""
    found = next((each for each in headers if each.key == "from"), None)
    senders = mailboxes(found.value) if found else []
    for address in (*(each.address for each in senders), transaction.sender):
        if domain := ascii_domain(domain_of(address)) if "@" in address else "":
            return domain.lower()
    return ""
