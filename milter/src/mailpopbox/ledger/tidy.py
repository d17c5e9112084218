"""Every night: put what is recent to the rest, and forget which messages are too old to matter."""

from itertools import pairwise

from mailpopbox.ledger.database import Database
from mailpopbox.ledger.engine import Connection

DAY = 24 * 60 * 60

# A ledger of millions of messages is swept in parts, so that no message waits for a sweep.
_BOUNDS = [bytes([first]) for first in range(256)] + [b"\xff" * 17]
_TAKE = "DELETE FROM recent WHERE digest >= ? AND digest < ? RETURNING digest, address, day"
_PUT = """
    INSERT INTO message VALUES (?, ?, ?)
    ON CONFLICT (digest, address) DO UPDATE SET day = excluded.day
"""
_FORGET = "DELETE FROM message WHERE digest >= ? AND digest < ? AND day < ? RETURNING day"


def tidy(database: Database, days: int, now: float) -> int:
    """Forget messages that passed more than some days ago; return how many rows that were."""
    oldest = int(now) // DAY - days
    return sum(_tidy(database, start, end, oldest) for start, end in pairwise(_BOUNDS))


def _tidy(database: Database, start: bytes, end: bytes, oldest: int) -> int:
    forgotten = 0

    def work(connection: Connection) -> None:
        nonlocal forgotten
        # In their order, so that those of one page meet it together.
        for row in sorted(connection.run(_TAKE, [start, end])):
            connection.run(_PUT, row)
        forgotten = len(connection.run(_FORGET, [start, end, oldest]))

    database.write(work)
    return forgotten
