"""What is old is forgotten, in parts, and nothing else."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from ledgers import LOGIN, NEWS, SHOP, came_in, listened_to
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.store import Store, engine_for
from mailpopbox.ledger.tidy import DAY, tidy
from mailpopbox.passage import digest


@pytest.mark.parametrize(
    ("age", "known"), [(0, True), (399 * DAY, True), (400 * DAY, True), (401 * DAY, False)]
)
def test_messages_are_known_for_some_days(
    store: Store, clock: Any, *, age: int, known: bool
) -> None:
    store.remember(came_in("<1@a.example>", SHOP))
    assert tidy(store.database, 400, clock.now + age) == (0 if known else 1)
    assert (store.addresses_of(LOGIN, "<1@a.example>") == {SHOP}) is known
    # The address itself is known for ever.
    assert store.standing(LOGIN, SHOP).used


def test_a_message_that_came_again_is_as_old_as_the_last_time(store: Store, clock: Any) -> None:
    store.remember(came_in("<1@a.example>", SHOP))
    clock.now += 300 * DAY
    store.remember(came_in("<1@a.example>", SHOP))
    assert tidy(store.database, 400, clock.now + 200 * DAY) == 0


def test_every_digest_is_in_one_of_the_parts(store: Store, clock: Any) -> None:
    def fill(connection: Any) -> None:
        for first in range(256):
            for number, rest in enumerate((b"\0" * 15, b"\xff" * 15)):
                row = [bytes([first]) + rest, number]
                connection.run("INSERT INTO message VALUES (?, ?, 0)", row)
                connection.run("INSERT INTO recent VALUES (?, ?, 1)", row)

    store.database.write(fill)
    # The day of those that came again counts.
    assert tidy(store.database, clock.now // DAY - 1, clock.now) == 0
    assert store.database.read("SELECT count(*) FROM recent") == [(0,)]
    assert store.database.read("SELECT count(*), min(day) FROM message") == [(512, 1)]
    assert tidy(store.database, 1, clock.now) == 512
    assert store.database.read("SELECT * FROM known") == []


def test_what_is_recent_joins_the_rest(store: Store, clock: Any) -> None:
    store.remember(came_in("<1@a.example>", SHOP))
    assert places(store) == (1, 0)
    tidy(store.database, 400, clock.now)
    assert places(store) == (0, 1)
    assert store.addresses_of(LOGIN, "<1@a.example>") == {SHOP}
    # It may come again, for others, too.
    store.remember(came_in("<1@a.example>", SHOP, NEWS))
    assert places(store) == (2, 1)
    assert store.addresses_of(LOGIN, "<1@a.example>") == {SHOP, NEWS}
    tidy(store.database, 400, clock.now)
    assert places(store) == (0, 2)


def places(store: Store) -> tuple[int, int]:
    counts = "SELECT (SELECT count(*) FROM recent), (SELECT count(*) FROM message)"
    [(recent, rest)] = store.database.read(counts)
    return recent, rest


def test_nothing_is_lost_while_mail_comes(place: str, store: Store, clock: Any) -> None:
    """The milter and the timer are two processes: neither knows what the other is about."""
    over = threading.Event()

    def come_again() -> list[str]:
        ids = [f"<{number}@a.example>" for number in range(20)]
        with closing(Database(engine_for(place))) as database:
            while not over.is_set():
                for each in ids:
                    Store(database, clock).remember(came_in(each, SHOP))
                    assert store.addresses_of(LOGIN, each) == {SHOP}
        return ids

    with ThreadPoolExecutor() as pool:
        coming = pool.submit(come_again)
        try:
            for _ in range(5):
                tidy(store.database, 400, clock.now)
        finally:
            over.set()
    assert all(store.addresses_of(LOGIN, each) == {SHOP} for each in coming.result())


def test_it_is_done_in_parts(place: str, clock: Any) -> None:
    heard: list[str] = []
    database = Database(listened_to(engine_for(place), heard))
    store = Store(database, clock)
    ids = [f"<{number}@a.example>" for number in range(1000)]
    for message_id in ids:
        store.remember(came_in(message_id, SHOP))
    del heard[:]
    assert tidy(database, 1, clock.now + 3 * DAY) == 1000
    assert heard.count("COMMIT") == len({digest(each)[0] for each in ids} | set(range(256)))
    database.close()
