"""What the commands change in the ledger. The milter asks at every RCPT, so it holds at once."""

import secrets
from collections.abc import Iterable

from mailpopbox.ledger.database import Database, Work
from mailpopbox.ledger.engine import Connection

_OCTETS_OF_KEY = 32


class Admin:
    """Changes one ledger."""

    def __init__(self, database: Database, now: int) -> None:
        self.database = database
        self._now = now

    # Addresses. One that is not known yet is written down: it may be blocked before it is used.

    def block(self, login: str, address: str, reason: str, exceptions: Iterable[str]) -> None:
        """Refuse mail for an address, but for some senders; a second time adds to the first."""

        def work(connection: Connection) -> None:
            number = _number_of(connection, login, address)
            connection.run(
                "UPDATE address SET blocked_at = coalesce(blocked_at, ?),"
                " reason = coalesce(nullif(?, ''), reason) WHERE id = ?",
                [self._now, reason, number],
            )
            for sender in exceptions:
                connection.run(
                    "INSERT INTO exception VALUES (?, ?) ON CONFLICT DO NOTHING", [number, sender]
                )

        self.database.write(work)

    def unblock(self, login: str, address: str) -> None:
        """Let mail for an address in again, also if its time was over."""

        def work(connection: Connection) -> None:
            number = _number_of(connection, login, address)
            connection.run("DELETE FROM exception WHERE address = ?", [number])
            connection.run(
                "UPDATE address SET blocked_at = NULL, reason = '',"
                " expires_at = CASE WHEN expires_at > ? THEN expires_at END WHERE id = ?",
                [self._now, number],
            )

        self.database.write(work)

    def expire(self, login: str, address: str, expires_at: int | None, reason: str = "") -> None:
        """Let mail for an address in until then; None: for good."""

        def work(connection: Connection) -> None:
            number = _number_of(connection, login, address)
            connection.run(
                "UPDATE address SET expires_at = ?, reason = coalesce(nullif(?, ''), reason)"
                " WHERE id = ?",
                [expires_at, reason, number],
            )
            if expires_at is None:
                # Nothing is left that it could be the reason of, but for a block.
                connection.run(
                    "UPDATE address SET reason = '' WHERE id = ? AND blocked_at IS NULL", [number]
                )

        self.database.write(work)

    def name(self, login: str, address: str, name: str) -> None:
        """Keep the name that stands before an address when it writes."""
        self.database.write(_setting("display_name", name, login, address))

    def forget(self, login: str, address: str) -> None:
        """Clear all that is known of an address, but for which messages came in for it."""

        def work(connection: Connection) -> None:
            number = _number_of(connection, login, address)
            for table in ("correspondent", "exception"):
                connection.run(f"DELETE FROM {table} WHERE address = ?", [number])
            connection.run(
                "UPDATE address SET first_used = NULL, last_used = NULL, last_sent = NULL,"
                " received = 0, sent = 0, first_domain = '', display_name = '',"
                " blocked_at = NULL, expires_at = NULL, reason = '' WHERE id = ?",
                [number],
            )

        self.database.write(work)

    # Mailboxes.

    def freeze(self, login: str) -> None:
        self.database.write(_freezing(login, self._now))

    def unfreeze(self, login: str) -> None:
        self.database.write(_freezing(login, None))

    def signing_key(self, login: str) -> bytes:
        """Return the key of a mailbox, which is made when it is first asked for."""
        asking = "SELECT signing_key FROM mailbox WHERE login = ? AND signing_key IS NOT NULL"
        if not self.database.read(asking, [login]):
            self.database.write(_with_key(login, secrets.token_bytes(_OCTETS_OF_KEY)))
        # Somebody else may have made one meanwhile, and given out what it made.
        [(key,)] = self.database.read(asking, [login])
        return bytes(key)


_NOTHING_KEPT = (
    "first_used IS NULL AND blocked_at IS NULL AND expires_at IS NULL AND display_name = ''"
)


def sweep(database: Database) -> None:
    """Remove the addresses that were forgotten, once no message is left that came in for them."""
    # Looked for beforehand, since that takes long and must not keep others from writing.
    found = database.read(
        f"SELECT id FROM address WHERE {_NOTHING_KEPT}"
        " AND NOT EXISTS (SELECT 1 FROM known WHERE known.address = address.id)"
    )

    def work(connection: Connection) -> None:
        for (number,) in found:
            connection.run(f"DELETE FROM address WHERE id = ? AND {_NOTHING_KEPT}", [number])

    database.write(work)


def _number_of(connection: Connection, login: str, address: str) -> int:
    [(number,)] = connection.run(
        "INSERT INTO address (login, address, spelled) VALUES (?, ?, ?)"
        " ON CONFLICT (login, address) DO UPDATE SET spelled = address.spelled RETURNING id",
        [login, address.lower(), address],
    )
    return int(number)


def _setting(column: str, value: object, login: str, address: str) -> Work:
    def work(connection: Connection) -> None:
        number = _number_of(connection, login, address)
        statement = f"UPDATE address SET {column} = ? WHERE id = ?"
        connection.run(statement, [value, number])

    return work


def _freezing(login: str, since: int | None) -> Work:
    def work(connection: Connection) -> None:
        connection.run(
            "INSERT INTO mailbox (login, frozen_at) VALUES (?, ?)"
            " ON CONFLICT (login) DO UPDATE SET frozen_at = excluded.frozen_at",
            [login, since],
        )

    return work


def _with_key(login: str, key: bytes) -> Work:
    def work(connection: Connection) -> None:
        connection.run(
            "INSERT INTO mailbox (login, signing_key) VALUES (?, ?) ON CONFLICT (login)"
            " DO UPDATE SET signing_key = coalesce(mailbox.signing_key, excluded.signing_key)",
            [login, key],
        )

    return work
