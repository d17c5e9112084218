"""Carrying a ledger into another one, whatever databases they are kept in.

What is there already is joined: the longer time, the larger count, and of what somebody chose
the one that is there. To do it twice changes nothing, so what was cut short is done again.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from mailpopbox.ledger.database import Database
from mailpopbox.ledger.engine import Connection
from mailpopbox.ledger.entries import Entry, Readable, all_entries
from mailpopbox.ledger.lines import Line, MailboxLine, MessageLine

_PAGE = 10_000
# One transaction, some milliseconds, after which others have their turn.
BATCH = 1_000

_MAILBOX = """
    INSERT INTO mailbox (login, frozen_at, signing_key) VALUES (?, ?, ?)
    ON CONFLICT (login) DO UPDATE SET
        frozen_at = coalesce(mailbox.frozen_at, excluded.frozen_at),
        signing_key = coalesce(mailbox.signing_key, excluded.signing_key)
"""
_LATER = """
        {0} = CASE WHEN excluded.{0} IS NULL OR {1}.{0} >= excluded.{0} THEN {1}.{0}
            ELSE excluded.{0} END"""
_EARLIER = """
        {0} = CASE WHEN excluded.{0} IS NULL OR {1}.{0} <= excluded.{0} THEN {1}.{0}
            ELSE excluded.{0} END"""
_CHOSEN = """
        {0} = coalesce(nullif({1}.{0}, ''), excluded.{0})"""
# The first domain is that of the ledger that knows the address for longer.
_ADDRESS = (
    """
    INSERT INTO address (login, address, spelled, first_used, last_used, last_sent, received,
        sent, first_domain, display_name, blocked_at, expires_at, reason)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (login, address) DO UPDATE SET
        first_domain = CASE WHEN address.first_domain = '' OR (excluded.first_domain <> ''
            AND excluded.first_used < address.first_used) THEN excluded.first_domain
            ELSE address.first_domain END,
        blocked_at = coalesce(address.blocked_at, excluded.blocked_at),
        expires_at = coalesce(address.expires_at, excluded.expires_at),"""
    + ",".join(
        [
            _EARLIER.format("first_used", "address"),
            *(_LATER.format(each, "address") for each in ("last_used", "last_sent")),
            *(_LATER.format(each, "address") for each in ("received", "sent")),
            *(_CHOSEN.format(each, "address") for each in ("display_name", "reason")),
        ]
    )
    + """
    RETURNING id
"""
)
_CORRESPONDENT = """
    INSERT INTO correspondent VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (address, domain) DO UPDATE SET""" + ",".join(
    [
        _EARLIER.format("first_used", "correspondent"),
        *(_LATER.format(each, "correspondent") for each in ("last_used", "received")),
    ]
)
_RECENT = "DELETE FROM recent WHERE digest = ? AND address = ? RETURNING digest, address, day"
_MESSAGE = """
    INSERT INTO message VALUES (?, ?, ?)
    ON CONFLICT (digest, address) DO UPDATE SET""" + _LATER.format("day", "message")


def exported(ledger: Readable) -> Iterator[Line]:
    """Yield all that is in a ledger."""
    mailboxes = ledger.read("SELECT login, frozen_at, signing_key FROM mailbox ORDER BY login")
    for login, frozen_at, key in mailboxes:
        yield MailboxLine(login, frozen_at, key and bytes(key))
    yield from all_entries(ledger)
    yield from _messages(ledger)


def _messages(ledger: Readable) -> Iterator[MessageLine]:
    """Read page by page: nothing is locked, and little held in memory."""
    # In this order, so that none is missed that `tidy` moves meanwhile.
    yield from _messages_in("recent", ledger)
    yield from _messages_in("message", ledger)


def _messages_in(table: str, ledger: Readable) -> Iterator[MessageLine]:
    last: tuple[bytes, int] | None = (b"", 0)
    while last is not None:
        rows = ledger.read(
            f"SELECT digest, {table}.address, day, login, spelled FROM {table}"
            f" JOIN address ON address.id = {table}.address"
            f" WHERE (digest, {table}.address) > (?, ?)"
            f" ORDER BY digest, {table}.address LIMIT {_PAGE}",
            last,
        )
        for digest, _, day, login, spelled in rows:
            yield MessageLine(login, spelled, bytes(digest), day)
        last = (bytes(rows[-1][0]), rows[-1][1]) if rows else None


def import_all(
    database: Database, lines: Iterable[Line], rest: Callable[[int], None] = lambda _: None
) -> int:
    """Take lines into a ledger and return their number; `rest` is called between transactions."""
    done = 0
    remaining = iter(lines)
    while batch := list(islice(remaining, BATCH)):
        database.write(_Batch(batch))
        done += len(batch)
        rest(done)
    return done


class _Batch:
    """Some lines, as the work of one transaction."""

    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines

    def __call__(self, connection: Connection) -> None:
        numbers: dict[tuple[str, str], int] = {}
        for line in self._lines:
            match line:
                case MailboxLine(login, frozen_at, key):
                    connection.run(_MAILBOX, [login, frozen_at, key])
                case MessageLine(login, address, digest, day):
                    known = (login, address.lower())
                    if known not in numbers:
                        numbers[known] = _joined(connection, Entry(*known, address))
                    _remember(connection, digest, numbers[known], day)
                case _:
                    _joined(connection, line)


def _remember(connection: Connection, digest: bytes, address: int, day: int) -> None:
    # Where it is recent it would be there twice.
    for row in (*connection.run(_RECENT, [digest, address]), (digest, address, day)):
        connection.run(_MESSAGE, row)


def _joined(connection: Connection, entry: Entry) -> int:
    [(number,)] = connection.run(
        _ADDRESS,
        [
            entry.login,
            entry.address,
            entry.spelled,
            entry.first_used,
            entry.last_used,
            entry.last_sent,
            entry.received,
            entry.sent,
            entry.first_domain,
            entry.display_name,
            entry.blocked_at,
            entry.expires_at,
            entry.reason,
        ],
    )
    for sender in entry.exceptions:
        values = [number, sender]
        connection.run("INSERT INTO exception VALUES (?, ?) ON CONFLICT DO NOTHING", values)
    for each in entry.correspondents:
        values = [number, each.domain, each.first_used, each.last_used, each.received]
        connection.run(_CORRESPONDENT, values)
    return int(number)
