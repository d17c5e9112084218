"""What is old is forgotten, in parts, and nothing else."""

from typing import Any

import pytest
from ledgers import LOGIN, SHOP, came_in, listened_to
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
        connection.run("DELETE FROM message")
        for first in range(256):
            for rest in (b"\0" * 15, b"\xff" * 15):
                connection.run("INSERT INTO message VALUES (?, 1, 0)", [bytes([first]) + rest])

    store.database.write(fill)
    assert tidy(store.database, 1, clock.now) == 512
    assert store.database.read("SELECT * FROM message") == []


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
