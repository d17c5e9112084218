"""The ledger as the milter uses it: what the rules and the gate ask, and what passed."""

import functools
import threading
import time
from collections.abc import Callable
from pathlib import Path

from mailpopbox.gate import MailboxState, Standing
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.engine import Connection, Engine
from mailpopbox.ledger.sqlite import SQLite
from mailpopbox.ledger.tidy import DAY
from mailpopbox.passage import Passage, Use, digest

_USED = """
    INSERT INTO address
        (login, address, spelled, first_used, last_used, last_sent, received, sent, first_domain)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (login, address) DO UPDATE SET
        first_used = coalesce(address.first_used, excluded.first_used),
        last_used = excluded.last_used,
        last_sent = coalesce(excluded.last_sent, address.last_sent),
        received = address.received + excluded.received,
        sent = address.sent + excluded.sent,
        first_domain = coalesce(nullif(address.first_domain, ''), excluded.first_domain)
    RETURNING id
"""
_WROTE = """
    INSERT INTO correspondent VALUES (?, ?, ?, ?, 1)
    ON CONFLICT (address, domain) DO UPDATE SET
        last_used = excluded.last_used, received = correspondent.received + 1
"""
_PASSED = """
    INSERT INTO recent VALUES (?, ?, ?)
    ON CONFLICT (digest, address) DO UPDATE SET day = excluded.day
"""


def engine_for(place: str) -> Engine:
    """Return the engine for `mailpopbox_ledger`."""
    if place.startswith("postgresql://"):
        # Here, because only hosts that keep their ledger so have the package.
        from mailpopbox.ledger.postgres import PostgreSQL  # noqa: PLC0415

        return PostgreSQL(place)
    return SQLite(Path(place))


class Store:
    """A ledger in a database."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.clock = clock

    # What the rules ask.

    def addresses_of(self, login: str, message_id: str) -> frozenset[str]:
        rows = self.database.read(
            "SELECT address.spelled FROM known JOIN address ON address.id = known.address"
            " WHERE known.digest = ? AND address.login = ?",
            [digest(message_id), login],
        )
        return frozenset(spelled for (spelled,) in rows)

    def display_name(self, login: str, address: str) -> str:
        rows = self.database.read(
            "SELECT display_name FROM address WHERE login = ? AND address = ?",
            [login, address.lower()],
        )
        return rows[0][0] if rows else ""

    # What the gate asks.

    def standing(self, login: str, address: str) -> Standing:
        rows = self.database.read(
            "SELECT first_used, blocked_at, expires_at, sender FROM address"
            " LEFT JOIN exception ON exception.address = address.id"
            " WHERE login = ? AND address.address = ?",
            [login, address],
        )
        if not rows:
            return Standing()
        first_used, blocked_at, expires_at, _ = rows[0]
        exceptions = tuple(sender for *_, sender in rows if sender is not None)
        return Standing(first_used is not None, blocked_at is not None, expires_at, exceptions)

    def mailbox(self, login: str) -> MailboxState:
        rows = self.database.read(
            "SELECT frozen_at, signing_key FROM mailbox WHERE login = ?", [login]
        )
        if not rows:
            return MailboxState()
        [(frozen_at, signing_key)] = rows
        return MailboxState(frozen_at is not None, signing_key and bytes(signing_key))

    # What passed.

    def remember(self, passage: Passage) -> None:
        """Remember a message; when this returns, it is on disk."""
        if passage.uses:
            self.database.write(functools.partial(_remember, passage, int(self.clock())))


def _remember(passage: Passage, now: int, connection: Connection) -> None:
    digests = [digest(message_id) for message_id in passage.ids]
    for use in passage.uses:
        address = _use(use, now, connection)
        if use.domain:
            connection.run(_WROTE, [address, use.domain, now, now])
        for each in digests:
            connection.run(_PASSED, [each, address, now // DAY])


def _use(use: Use, now: int, connection: Connection) -> int:
    sent = int(use.sent)
    last_sent = now if use.sent else None
    values = [use.login, use.key, use.address, now, now, last_sent, 1 - sent, sent, use.domain]
    [(number,)] = connection.run(_USED, values)
    return int(number)


_opening = threading.Lock()
_opened: dict[str, Store] = {}


def ledger_at(place: str) -> Store:
    """Return the ledger that is kept in a place, the same one for everybody who asks."""
    with _opening:
        return _opened.setdefault(place, Store(Database(engine_for(place))))
