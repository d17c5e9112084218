"""What the ledger holds of addresses and mailboxes, for people to read."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from mailpopbox.ledger.engine import Row


class Readable(Protocol):
    """What can be asked: a database, or that which stands for one that is not there yet."""

    def read(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Run a statement that changes nothing, and return its rows."""


class NothingThere:
    """Stands for a ledger that nobody has written to yet."""

    def read(self, sql: str, values: Sequence[object] = ()) -> list[Row]:  # noqa: ARG002
        return []


@dataclass(frozen=True, slots=True)
class Correspondent:
    """A domain that wrote to an address."""

    domain: str
    first_used: int
    last_used: int
    received: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An address, and what became of it."""

    login: str
    address: str
    spelled: str
    first_used: int | None = None
    last_used: int | None = None
    last_sent: int | None = None
    received: int = 0
    sent: int = 0
    first_domain: str = ""
    display_name: str = ""
    blocked_at: int | None = None
    expires_at: int | None = None
    reason: str = ""
    exceptions: tuple[str, ...] = ()
    # That of the first message comes first, then whoever wrote last.
    correspondents: tuple[Correspondent, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left but which messages came in for it."""
        held = (self.first_used, self.blocked_at, self.expires_at)
        return all(each is None for each in held) and not self.display_name

    @property
    def domains(self) -> tuple[str, ...]:
        return tuple(each.domain for each in self.correspondents)


_COLUMNS = (
    "id, login, address.address, spelled, first_used, last_used, last_sent, received, sent,"
    " first_domain, display_name, blocked_at, expires_at, reason"
)


def entries(ledger: Readable, login: str = "") -> list[Entry]:
    """Return all addresses, or those of one mailbox; who was used last comes first."""
    found = _entries(ledger, "WHERE login = ?" if login else "", [login] if login else [])
    held = [each for each in found if not each.is_empty]
    return sorted(held, key=lambda each: (-(each.last_used or 0), each.address))


def entry(ledger: Readable, login: str, address: str) -> Entry | None:
    """Return what is known of an address, None if that is nothing."""
    found = _entries(ledger, "WHERE login = ? AND address.address = ?", [login, address])
    return found[0] if found and not found[0].is_empty else None


def all_entries(ledger: Readable) -> list[Entry]:
    """Return all addresses, also those that were forgotten, in the order of their first use."""
    return _entries(ledger, "", [])


def _entries(ledger: Readable, which: str, values: Sequence[object]) -> list[Entry]:
    rows = ledger.read(f"SELECT {_COLUMNS} FROM address {which} ORDER BY id", values)
    correspondents = defaultdict(list)
    for number, *columns in ledger.read(
        "SELECT correspondent.address, domain, correspondent.first_used, correspondent.last_used,"
        " correspondent.received FROM correspondent"
        f" JOIN address ON address.id = correspondent.address {which}",
        values,
    ):
        correspondents[number].append(Correspondent(*columns))
    exceptions = defaultdict(list)
    for number, sender in ledger.read(
        "SELECT exception.address, sender FROM exception"
        f" JOIN address ON address.id = exception.address {which} ORDER BY sender",
        values,
    ):
        exceptions[number].append(sender)
    return [
        replace(
            Entry(*columns),
            exceptions=tuple(exceptions[number]),
            correspondents=_in_order(columns[8], correspondents[number]),
        )
        for number, *columns in rows
    ]


def _in_order(first: str, found: list[Correspondent]) -> tuple[Correspondent, ...]:
    return tuple(sorted(found, key=lambda c: (c.domain != first, -c.last_used, c.domain)))


def frozen_mailboxes(ledger: Readable) -> dict[str, int]:
    """Return the mailboxes that take no new addresses, and since when."""
    rows = ledger.read("SELECT login, frozen_at FROM mailbox WHERE frozen_at IS NOT NULL")
    return dict(sorted(rows))


@dataclass(frozen=True, slots=True)
class Totals:
    """The ledger in a few numbers."""

    addresses: int = 0
    messages: int = 0
    received: int = 0
    sent: int = 0
    last_received: int | None = None
    last_sent: int | None = None
    schema: int = 0


def totals(ledger: Readable) -> Totals:
    rows = ledger.read(
        "SELECT count(first_used), (SELECT count(*) FROM known),"
        " coalesce(sum(received), 0), coalesce(sum(sent), 0),"
        " (SELECT max(last_used) FROM correspondent), max(last_sent),"
        " (SELECT number FROM version) FROM address"
    )
    if not rows:
        return Totals()
    *numbers, last_received, last_sent, schema = rows[0]
    addresses, messages, received, sent = map(int, numbers)
    return Totals(addresses, messages, received, sent, last_received, last_sent, schema)
