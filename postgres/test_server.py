"""What only a real PostgreSQL can do to a ledger: go and come back, and let two hosts collide."""

import itertools
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from ledgers import LOGIN, NEWS, SERVER, SHOP, came_in, empty_place, run, wait_until
from mailpopbox.ledger import LedgerError, postgres
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.engine import Connection
from mailpopbox.ledger.store import Store, engine_for

ENTER = Path(__file__).resolve().parent.parent / "containers" / "enter"


def systemctl(*words: str) -> None:
    container = os.environ["MAILPOPBOX_TEST_CONTAINER"]
    subprocess.run([ENTER, container, "systemctl", *words], check=True)


def administer(sql: str) -> None:
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(sql.encode())


def answers() -> bool:
    try:
        administer("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def start_again() -> None:
    # It may have been started as often as systemd lets it.
    systemctl("reset-failed")
    systemctl("start", "postgresql")
    systemctl("restart", "postgresql")
    wait_until(answers, 60)


@pytest.fixture
def place(tmp_path: Path) -> str:
    return empty_place(tmp_path)


@pytest.fixture
def hosts(place: str) -> Iterator[tuple[Store, Store]]:
    """Two hosts with one ledger, in which two addresses are known."""
    hosts = Store(Database(engine_for(place))), Store(Database(engine_for(place)))
    for host in hosts:
        host.remember(came_in("<1@a.example>", SHOP, NEWS))
    yield hosts
    for host in hosts:
        host.database.close()


@pytest.fixture
def store(hosts: tuple[Store, Store]) -> Store:
    return hosts[0]


def test_two_hosts_know_the_same(hosts: tuple[Store, Store]) -> None:
    first, second = hosts
    first.remember(came_in("<2@a.example>", SHOP))
    assert second.addresses_of(LOGIN, "<2@a.example>") == {SHOP}


def test_nobody_notices_a_connection_that_the_server_ended(store: Store) -> None:
    for _ in range(3):
        assert store.addresses_of(LOGIN, "<1@a.example>") == {SHOP, NEWS}
        administer(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'mailpopbox'"
        )
        store.remember(came_in("<1@a.example>", SHOP))


def test_a_server_that_goes_and_comes_back(store: Store) -> None:
    systemctl("stop", "postgresql@*.service")
    try:
        for _ in range(2):
            with pytest.raises(LedgerError, match=store_shown()):
                store.remember(came_in("<2@a.example>", SHOP))
            with pytest.raises(LedgerError, match=store_shown()):
                store.standing(LOGIN, SHOP)
    finally:
        start_again()
    store.remember(came_in("<3@a.example>", SHOP))
    assert store.addresses_of(LOGIN, "<3@a.example>") == {SHOP}
    assert store.addresses_of(LOGIN, "<2@a.example>") == frozenset()


def store_shown() -> str:
    return f"^postgresql://{SERVER.rpartition('@')[2]}: "


@pytest.fixture
def careless() -> Iterator[None]:
    """Have the server say that it has written what it is only going to write."""
    administer("ALTER ROLE ledger SET synchronous_commit = off")
    yield
    administer("ALTER ROLE ledger RESET synchronous_commit")


@pytest.mark.usefixtures("careless")
@pytest.mark.parametrize("more", ["", "%20-csynchronous_commit%3Doff"])
def test_what_is_written_is_on_disk_whatever_the_server_is_set_to(place: str, more: str) -> None:
    asking = "SHOW synchronous_commit"
    with psycopg.connect(place) as other:
        assert other.execute(asking).fetchall() == [("off",)]
    database = Database(engine_for(f"{place}{more}"))
    assert database.read(asking) == [("on",)]
    database.close()


def write(store: Store, name: str, acknowledged: list[str], over: threading.Event) -> None:
    """Remember one message after the other, and note those that are known to be."""
    for number in itertools.count():
        if over.is_set():
            return
        message_id = f"<{name}-{number}@a.example>"
        try:
            store.remember(came_in(message_id, SHOP))
        except LedgerError:
            # The server is down, for a moment.
            time.sleep(0.1)
        else:
            acknowledged.append(message_id)


def wait_for_more(acknowledged: list[str]) -> None:
    enough = len(acknowledged) + 100
    wait_until(lambda: len(acknowledged) > enough, 60)


@pytest.mark.usefixtures("careless")
def test_a_server_that_is_killed_has_all_that_was_acknowledged(place: str) -> None:
    store = Store(Database(engine_for(place)))
    acknowledged: list[str] = []
    over = threading.Event()
    with ThreadPoolExecutor(6) as threads:
        writing = [
            threads.submit(write, store, f"thread{number}", acknowledged, over)
            for number in range(6)
        ]
        try:
            for _ in range(2):
                wait_for_more(acknowledged)
                try:
                    systemctl("kill", "--signal=KILL", "postgresql@*.service")
                    wait_until(lambda: not answers())
                finally:
                    start_again()
            wait_for_more(acknowledged)
        finally:
            over.set()
    for each in writing:
        each.result()
    assert all(store.addresses_of(LOGIN, each) == {SHOP} for each in acknowledged)
    [(received, messages)] = store.database.read(
        "SELECT received, (SELECT count(*) FROM known) FROM address"
    )
    # What was on disk but not yet acknowledged may be there, each with all that belongs to it.
    assert received == messages >= len(acknowledged)
    store.database.close()


def test_a_connection_that_ends_in_the_middle(store: Store) -> None:
    def ended(connection: Connection) -> None:
        connection.run("UPDATE address SET reason = 'half'")
        [(number,)] = connection.run("SELECT pg_backend_pid()")
        administer(f"SELECT pg_terminate_backend({number}, 5000)")
        connection.run("UPDATE address SET reason = 'whole'")

    with pytest.raises(LedgerError, match="terminating connection"):
        store.database.write(ended)
    assert store.database.read("SELECT DISTINCT reason FROM address") == [("",)]
    run(store.database, "UPDATE address SET reason = 'later'")


FOREIGN_SET = "UPDATE address SET reason = reason || %s WHERE address = %s"
SET = "UPDATE address SET reason = reason || ? WHERE address = ?"


@contextmanager
def somebody_else(place: str) -> Iterator[psycopg.Connection]:
    """Be an administrator at a prompt, who takes no turn, and whom the server does not end."""
    with psycopg.connect(place) as connection:
        connection.execute("SET deadlock_timeout = '20s'")
        yield connection


def test_who_collides_with_another_tries_again(place: str, store: Store) -> None:
    tries: list[str] = []

    def cross(connection: Connection) -> None:
        connection.run(SET, ["b", NEWS])
        if not tries:
            tries.append("x")
            other.execute(FOREIGN_SET, ["a", SHOP])
            crossing.append(threads.submit(other.execute, FOREIGN_SET, ["a", NEWS]))
            wait_until(lambda: waits(place))
        connection.run(SET, ["b", SHOP])

    crossing: list[Future[Any]] = []
    with somebody_else(place) as other, ThreadPoolExecutor(1) as threads:
        writer = threading.Thread(target=store.database.write, args=[cross])
        writer.start()
        wait_until(lambda: crossing)
        crossing[0].result(20)
        other.commit()
        writer.join(20)
    assert store.database.read("SELECT DISTINCT reason FROM address") == [("ab",)]


def waits(place: str) -> bool:
    """Tell whether somebody waits for a lock on a row."""
    with psycopg.connect(place) as connection:
        found = connection.execute(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        )
        return bool(found.fetchall())


def test_who_reads_what_another_changes_tries_again(place: str, store: Store) -> None:
    strict = Store(
        Database(engine_for(f"{place}%20-cdefault_transaction_isolation%3Drepeatable%5C%20read"))
    )
    tries: list[str] = []

    def late(connection: Connection) -> None:
        connection.run("SELECT * FROM address")
        if not tries:
            tries.append("x")
            other.execute(FOREIGN_SET, ["a", SHOP])
            other.commit()
        connection.run(SET, ["b", SHOP])

    with somebody_else(place) as other:
        strict.database.write(late)
    assert store.database.read("SELECT reason FROM address WHERE address = ?", [SHOP]) == [("ab",)]
    strict.database.close()


def test_many_hosts_at_once(place: str) -> None:
    hosts = [Store(Database(engine_for(place))) for _ in range(4)]
    addresses = [SHOP, NEWS, "a@example.com", "b@example.com"]

    def remember(number: int) -> None:
        # Each begins with another address, so that they meet in every order.
        mine = addresses[number % 4 :] + addresses[: number % 4]
        hosts[number % 4].remember(came_in(f"<{number}@a.example>", *mine))

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(remember, range(400)))
    assert hosts[0].database.read("SELECT DISTINCT received FROM address") == [(400,)]
    for host in hosts:
        host.database.close()


def test_a_host_that_vanishes_in_the_middle_lets_the_others_go_on(
    place: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_PATIENCE_IN_SECONDS", 1)
    engine = engine_for(place)
    vanished = engine.connect()
    vanished.run(engine.begin)
    started = time.monotonic()
    store.remember(came_in("<2@a.example>", SHOP))
    assert time.monotonic() - started < 4
    vanished.close()


def test_a_row_that_somebody_holds(
    place: str, hosts: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_PATIENCE_IN_SECONDS", 1)
    late = Store(Database(engine_for(place)))
    with psycopg.connect(place) as holder:
        holder.execute("UPDATE address SET reason = 'held'")
        with pytest.raises(LedgerError, match="canceling statement due to lock timeout"):
            late.remember(came_in("<2@a.example>", SHOP))
        assert late.addresses_of(LOGIN, "<1@a.example>") == {SHOP, NEWS}
    late.remember(came_in("<2@a.example>", SHOP))
    assert hosts[0].addresses_of(LOGIN, "<2@a.example>") == {SHOP}
    late.database.close()


def test_what_the_server_says_of_rows_is_not_repeated(store: Store) -> None:
    with pytest.raises(LedgerError) as error:
        run(
            store.database,
            "INSERT INTO address (login, address, spelled) VALUES (?, ?, ?)",
            LOGIN,
            SHOP,
            SHOP,
        )
    assert "duplicate key" in str(error.value)
    assert SHOP not in str(error.value)


PASSWORD = "p@s:s/w%o?r#d ü"


@pytest.fixture
def guest(place: str) -> Iterator[str]:
    administer(f"CREATE ROLE guest LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
    yield place.replace("ledger:ledger@", "guest:{}@")
    administer("DROP OWNED BY guest CASCADE; DROP ROLE guest")


def test_passwords_of_all_kinds(guest: str) -> None:
    database = Database(engine_for(guest.format(quote(PASSWORD, safe=""))))
    assert database.read("SELECT current_user") == [("guest",)]
    database.close()


def test_a_wrong_password_is_not_shown(guest: str) -> None:
    database = Database(engine_for(guest.format("wrong-secret")))
    with pytest.raises(LedgerError, match="password authentication failed") as error:
        database.read("SELECT 1")
    assert "wrong-secret" not in str(error.value)
