"""Places for ledgers: files, or schemas of the PostgreSQL database that the environment names."""

import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.engine import Connection, Engine
from mailpopbox.passage import Passage, Use

# `make postgres` sets it.
SERVER = os.environ.get("MAILPOPBOX_TEST_LEDGER", "")

LOGIN = "mailbox@example.com"
SHOP = "shop@example.com"
NEWS = "news@example.com"


def empty_place(folder: Path) -> str:
    """Return where a ledger may be kept and none is."""
    if not SERVER:
        return str(folder / f"{uuid.uuid4().hex}.sqlite")
    schema = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
    return f"{SERVER}?options=-csearch_path%3D{schema}"


def came_in(
    message_id: str, *addresses: str, domain: str = "a.example", login: str = LOGIN
) -> Passage:
    uses = tuple(Use(login, address, domain=domain) for address in addresses)
    return Passage((message_id,), uses)


def went_out(address: str, *message_ids: str, login: str = LOGIN) -> Passage:
    return Passage(message_ids, (Use(login, address, sent=True),))


def run(database: Database, sql: str, *values: object) -> None:
    """Write with one statement."""

    def work(connection: Connection) -> None:
        connection.run(sql, values)

    database.write(work)


def listened_to(engine: Engine, heard: list[str]) -> Engine:
    """Note every statement that an engine's connections run."""
    connect: Callable[[], Any] = engine.connect

    def connected() -> Any:
        connection = connect()
        run = connection.run

        def heard_and_run(sql: str, values: Any = ()) -> Any:
            heard.append(sql)
            return run(sql, values)

        connection.run = heard_and_run
        return connection

    engine.connect = connected  # type: ignore[method-assign]
    return engine


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
