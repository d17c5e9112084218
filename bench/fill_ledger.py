#!/usr/bin/env python3
"""Make a large ledger: fill_ledger.py FILE MESSAGES. Runs on the server, as the ledger's owner.

It writes past the ledger's own code, which takes minutes instead of hours, and leaves a file as
years would have.
"""

import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from aliases import ALIASES, LOGIN, day_of, known_alias, old_id, parts
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.store import engine_for
from mailpopbox.passage import digest

_DAY = 24 * 60 * 60
# Each part goes in by the order of its digests, so pages are met in turn and need not be held; as
# there are many parts, they are split as they are when single messages come, and as full.
_PART = 250_000


def make_tables(path: Path) -> None:
    with closing(Database(engine_for(str(path)))) as database:
        database.read("SELECT 1")


def fill(path: Path, messages: int) -> None:
    now = int(time.time())
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # Whatever happens to it while it is made, it is made anew.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -100000")
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO address (id, login, address, spelled, first_used, last_used, received,"
            " first_domain) VALUES (?1, ?2, ?3, ?3, ?4, ?4, ?5, 'shop.test')",
            (
                (number + 1, LOGIN, known_alias(number), now, max(messages // ALIASES, 1))
                for number in range(ALIASES)
            ),
        )
        connection.execute(
            "INSERT INTO correspondent"
            " SELECT id, first_domain, first_used, last_used, received FROM address"
        )
        connection.execute("COMMIT")
        for part in parts(messages, _PART):
            insert(connection, part, now // _DAY)
            say(f"{part.stop:,} of {messages:,} messages")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def insert(connection: sqlite3.Connection, numbers: range, today: int) -> None:
    rows = sorted(
        (digest(old_id(number)), number % ALIASES + 1, day_of(number, today)) for number in numbers
    )
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO message VALUES (?, ?, ?)", rows)
    connection.execute("COMMIT")


def say(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)


def main() -> None:
    path, messages = Path(sys.argv[1]), int(sys.argv[2])
    make_tables(path)
    fill(path, messages)


if __name__ == "__main__":
    main()
