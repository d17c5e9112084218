"""Forgetting: which messages the ledger no longer has to know."""

from itertools import pairwise

from mailpopbox.ledger.database import Database
from mailpopbox.ledger.engine import Connection

DAY = 24 * 60 * 60

# A ledger of millions of messages is swept in parts, so that no message waits for a sweep.
_BOUNDS = [bytes([first]) for first in range(256)] + [b"\xff" * 17]
_FORGET = "DELETE FROM message WHERE digest >= ? AND digest < ? AND day < ? RETURNING day"


def tidy(database: Database, days: int, now: float) -> int:
    """Forget messages that passed more than some days ago; return how many rows that were."""
    oldest = int(now) // DAY - days
    return sum(_forget(database, start, end, oldest) for start, end in pairwise(_BOUNDS))


def _forget(database: Database, start: bytes, end: bytes, oldest: int) -> int:
    forgotten = 0

    def forget(connection: Connection) -> None:
        nonlocal forgotten
        forgotten = len(connection.run(_FORGET, [start, end, oldest]))

    database.write(forget)
    return forgotten
