"""A ledger for each test, of the kind that the environment asks for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledgers import empty_place
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.store import Store, engine_for


@pytest.fixture
def place(tmp_path: Path) -> str:
    return empty_place(tmp_path)


@pytest.fixture
def database(place: str) -> Iterator[Database]:
    database = Database(engine_for(place))
    yield database
    database.close()


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database: Database, clock: Clock) -> Store:
    return Store(database, clock)
