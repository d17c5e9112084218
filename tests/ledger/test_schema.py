"""The schema: made, brought forward, and left alone where it is newer."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from ledgers import LOGIN, SHOP, came_in
from mailpopbox.ledger import LedgerError
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.engine import Connection, Engine
from mailpopbox.ledger.schema import MIGRATIONS, migrate
from mailpopbox.ledger.store import Store, engine_for
from mailpopbox.passage import digest

NEXT = (
    *MIGRATIONS,
    """
    ALTER TABLE address ADD colour TEXT NOT NULL DEFAULT 'none';
    CREATE TABLE extra (id {id}, raw {octets});
    """,
)


@pytest.fixture
def engine(place: str) -> Engine:
    return engine_for(place)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    connection = engine.connect()
    yield connection
    connection.close()


def version(connection: Connection) -> int:
    [(number,)] = connection.run("SELECT number FROM version")
    return int(number)


def test_a_fresh_one(connection: Connection, engine: Engine) -> None:
    migrate(connection, engine)
    assert version(connection) == len(MIGRATIONS)
    migrate(connection, engine)
    for table in ("mailbox", "address", "exception", "correspondent", "message", "recent"):
        assert connection.run(f"SELECT * FROM {table}") == []  # noqa: S608 (names from above)


def test_an_older_one_is_brought_forward_with_all_that_is_in_it(
    connection: Connection, engine: Engine, store: Store
) -> None:
    store.remember(came_in("<1@a.example>", SHOP))
    migrate(connection, engine, NEXT)
    assert version(connection) == len(NEXT)
    assert connection.run("SELECT address, colour FROM address") == [(SHOP, "none")]
    assert connection.run("SELECT * FROM extra") == []


def test_what_was_remembered_before_there_were_recent_ones(
    connection: Connection, engine: Engine, place: str
) -> None:
    migrate(connection, engine, MIGRATIONS[:1])
    connection.run(
        "INSERT INTO address (id, login, address, spelled) VALUES (1, ?, ?, ?)", [LOGIN, SHOP, SHOP]
    )
    connection.run("INSERT INTO message VALUES (?, 1, 1)", [digest("<1@a.example>")])
    with closing(Database(engine_for(place))) as database:
        assert Store(database).addresses_of(LOGIN, "<1@a.example>") == {SHOP}


def test_what_fails_half_way_leaves_the_older_one(
    connection: Connection, engine: Engine, store: Store
) -> None:
    store.remember(came_in("<1@a.example>", SHOP))
    other = engine.connect()
    with pytest.raises(engine.errors):
        migrate(other, engine, (*NEXT, "CREATE TABLE more (id {id}); DROP TABLE nowhere;"))
    other.close()
    assert version(connection) == len(MIGRATIONS)
    assert store.addresses_of(LOGIN, "<1@a.example>") == {SHOP}
    migrate(connection, engine, NEXT)


def test_a_newer_one_is_left_alone(
    connection: Connection, engine: Engine, database: Database
) -> None:
    newer = len(MIGRATIONS) + 1
    migrate(connection, engine, NEXT)
    for _ in range(2):
        with pytest.raises(LedgerError) as error:
            database.read("SELECT 1")
        assert str(error.value) == (
            f"{engine.shown}: written by a newer mailpopbox (schema {newer}, this one knows"
            f" {len(MIGRATIONS)}); update this host"
        )
    assert version(connection) == newer


PROGRAM = """
import sys
from ledgers import came_in
from mailpopbox.ledger.store import ledger_at

ledger = ledger_at(sys.argv[1])
print("ready", flush=True)
input()
for number in range(10):
    ledger.remember(came_in(f"<{number}@{sys.argv[2]}.example>", "shop@example.com"))
"""


def test_several_processes_may_make_it_at_once(place: str, store: Store) -> None:
    paths = f"import sys; sys.path[:0] = {[str(Path(p)) for p in sys.path if p]!r}\n"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", paths + PROGRAM, place, f"p{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(5)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0] * 5
    for each in range(5):
        for number in range(10):
            assert store.addresses_of(LOGIN, f"<{number}@p{each}.example>") == {SHOP}
    [(received,)] = store.database.read("SELECT received FROM address")
    assert received == 50
