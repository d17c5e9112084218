"""A PostgreSQL that cannot be reached: known soon, said clearly, without the password."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ledgers import LOGIN, SHOP, came_in
from mailpopbox.ledger import LedgerError, postgres
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.postgres import PostgreSQL
from mailpopbox.ledger.store import Store, engine_for


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("postgresql://user:secret@db.example.com/ledger", "postgresql://db.example.com/ledger"),
        ("postgresql://user:se%40cret@[::1]:5433/ledger", "postgresql://[::1]:5433/ledger"),
        ("postgresql://user@a.test:1,b.test/ledger", "postgresql://a.test:1,b.test/ledger"),
        ("postgresql:///ledger?host=/run&password=secret", "postgresql:///ledger"),
    ],
)
def test_what_is_shown_of_a_place(place: str, shown: str) -> None:
    engine = engine_for(place)
    assert isinstance(engine, PostgreSQL)
    assert engine.shown == shown


@contextmanager
def nobody() -> Iterator[int]:
    """Give a port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@contextmanager
def somebody_silent() -> Iterator[int]:
    """Give a port that takes connections and says nothing, like a server that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize(
    ("away", "reason"), [(nobody, "Connection refused"), (somebody_silent, "timeout")]
)
def test_a_server_that_is_away(
    away: type[Iterator[int]], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_PATIENCE_IN_SECONDS", 2)
    started = time.monotonic()
    with away() as port:  # type: ignore[attr-defined]
        store = Store(Database(engine_for(f"postgresql://user:secret@127.0.0.1:{port}/ledger")))
        for ask in (
            lambda: store.remember(came_in("<1@a.example>", SHOP)),
            lambda: store.standing(LOGIN, SHOP),
        ):
            with pytest.raises(LedgerError, match=reason) as error:
                ask()
            assert str(error.value).startswith(f"postgresql://127.0.0.1:{port}/ledger: ")
            assert "secret" not in str(error.value)
            assert "\n" not in str(error.value)
    assert time.monotonic() - started < 10
