"""What the ledger remembers, and what it answers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import wire
from ledgers import LOGIN, NEWS, SHOP, came_in, run, went_out
from mailpopbox.gate import MailboxState, Standing
from mailpopbox.ledger import LedgerError
from mailpopbox.ledger.store import Store, ledger_at
from mailpopbox.passage import Passage, Use, digest

OTHER = "other@example.net"


def row(store: Store, address: str = SHOP) -> dict[str, Any]:
    names = "spelled, first_used, last_used, received, sent, first_domain"
    [values] = store.database.read(
        f"SELECT {names} FROM address WHERE login = ? AND address = ?",  # noqa: S608 (see above)
        [LOGIN, address],
    )
    return dict(zip(names.split(", "), values, strict=True))


def writers(store: Store, address: str = SHOP) -> set[tuple[Any, ...]]:
    return set(
        store.database.read(
            "SELECT domain, correspondent.first_used, correspondent.last_used,"
            " correspondent.received FROM correspondent"
            " JOIN address ON address.id = correspondent.address WHERE address.address = ?",
            [address],
        )
    )


def test_nothing_is_known_at_first(store: Store) -> None:
    assert store.addresses_of(LOGIN, "<1@a.example>") == frozenset()
    assert store.display_name(LOGIN, SHOP) == ""
    assert store.standing(LOGIN, SHOP) == Standing()
    assert store.mailbox(LOGIN) == MailboxState()


def test_for_which_addresses_a_message_came_in(store: Store) -> None:
    store.remember(came_in("<1@a.example>", SHOP, NEWS))
    store.remember(came_in("<2@a.example>", SHOP))
    assert store.addresses_of(LOGIN, "<1@a.example>") == {SHOP, NEWS}
    assert store.addresses_of(LOGIN, "<2@a.example>") == {SHOP}
    assert store.addresses_of(LOGIN, "<3@a.example>") == frozenset()
    # Rules give ids with the right of @ in lower case; the left compares exactly.
    assert store.addresses_of(LOGIN, "<1@A.example>") == frozenset()


def test_a_message_that_comes_in_again_for_another_address(store: Store) -> None:
    store.remember(came_in("<1@a.example>", SHOP))
    store.remember(came_in("<1@a.example>", NEWS))
    assert store.addresses_of(LOGIN, "<1@a.example>") == {SHOP, NEWS}


def test_mailboxes_share_nothing(store: Store) -> None:
    store.remember(came_in("<1@a.example>", SHOP))
    store.remember(came_in("<1@a.example>", "theirs@example.net", login=OTHER))
    assert store.addresses_of(LOGIN, "<1@a.example>") == {SHOP}
    assert store.addresses_of(OTHER, "<1@a.example>") == {"theirs@example.net"}
    assert store.standing(OTHER, SHOP) == Standing()


def test_what_went_out_is_known_by_all_its_ids(store: Store) -> None:
    store.remember(went_out(SHOP, "<1@example.com>", "<1@laptop.test>"))
    for message_id in ("<1@example.com>", "<1@laptop.test>"):
        assert store.addresses_of(LOGIN, message_id) == {SHOP}


def test_an_address_keeps_the_spelling_that_it_came_with(store: Store) -> None:
    store.remember(came_in("<1@a.example>", "Shop@example.com"))
    store.remember(came_in("<2@a.example>", "SHOP@example.com"))
    assert store.addresses_of(LOGIN, "<2@a.example>") == {"Shop@example.com"}
    assert row(store)["received"] == 2


def test_first_and_last_use_and_counts(store: Store, clock: Any) -> None:
    clock.now = 1000.9
    store.remember(came_in("<1@a.example>", SHOP))
    clock.now = 2000.9
    store.remember(went_out(SHOP, "<2@example.com>"))
    clock.now = 3000.9
    store.remember(came_in("<3@b.example>", SHOP, domain="b.example"))
    assert row(store) == {
        "spelled": SHOP,
        "first_used": 1000,
        "last_used": 3000,
        "received": 2,
        "sent": 1,
        "first_domain": "a.example",
    }
    assert writers(store) == {("a.example", 1000, 1000, 1), ("b.example", 3000, 3000, 1)}


def test_how_often_a_domain_wrote(store: Store, clock: Any) -> None:
    for clock.now in (1, 2, 3):
        store.remember(came_in(f"<{clock.now}@a.example>", SHOP))
    assert writers(store) == {("a.example", 1, 3, 3)}


def test_the_first_domain_is_of_the_first_that_is_known(store: Store) -> None:
    store.remember(went_out(SHOP, "<1@example.com>"))
    store.remember(came_in("<2@a.example>", SHOP, domain=""))
    store.remember(came_in("<3@b.example>", SHOP, domain="b.example"))
    assert row(store)["first_domain"] == "b.example"
    assert {domain for domain, *_ in writers(store)} == {"b.example"}


def test_a_message_without_an_id_counts_all_the_same(store: Store) -> None:
    store.remember(Passage((), (Use(LOGIN, SHOP, domain="a.example"),)))
    assert row(store)["received"] == 1
    assert store.standing(LOGIN, SHOP).used


def test_what_concerns_no_mailbox_is_not_remembered(store: Store) -> None:
    store.remember(Passage(("<1@a.example>",), ()))
    assert store.database.read("SELECT count(*) FROM known") == [(0,)]


def test_the_display_name(store: Store) -> None:
    store.remember(came_in("<1@a.example>", SHOP))
    run(store.database, "UPDATE address SET display_name = ?", "Jane Doe ✉")
    assert store.display_name(LOGIN, "Shop@Example.com") == "Jane Doe ✉"
    assert store.display_name(OTHER, SHOP) == ""


def test_how_an_address_stands(store: Store) -> None:
    run(
        store.database,
        "INSERT INTO address (login, address, spelled) VALUES (?, ?, ?)",
        LOGIN,
        SHOP,
        SHOP,
    )
    assert store.standing(LOGIN, SHOP) == Standing()
    store.remember(came_in("<1@a.example>", SHOP))
    assert store.standing(LOGIN, SHOP) == Standing(used=True)
    run(store.database, "UPDATE address SET blocked_at = 7, expires_at = 8, reason = ?", "leaked")
    assert store.standing(LOGIN, SHOP) == Standing(used=True, blocked=True, expires_at=8)
    for sender in ("@a.example", "friend@b.example"):
        run(store.database, "INSERT INTO exception SELECT id, ? FROM address", sender)
    standing = store.standing(LOGIN, SHOP)
    assert sorted(standing.exceptions) == ["@a.example", "friend@b.example"]


def test_how_a_mailbox_stands(store: Store) -> None:
    run(store.database, "INSERT INTO mailbox (login) VALUES (?)", LOGIN)
    assert store.mailbox(LOGIN) == MailboxState()
    run(store.database, "UPDATE mailbox SET frozen_at = 7, signing_key = ?", b"\x00key\xff")
    assert store.mailbox(LOGIN) == MailboxState(frozen=True, signing_key=b"\x00key\xff")


def test_a_place_has_one_ledger(place: str) -> None:
    store = ledger_at(place)
    store.remember(came_in("<1@a.example>", SHOP))
    assert ledger_at(place) is store
    store.database.close()


# What strangers may write.


@pytest.mark.parametrize(
    "message_id",
    [
        f"<{'x' * 900}@a.example>",
        "<caf\udce9@a.example>",
        "<a\0b@a.example>",
        "<'; DROP TABLE message; --@a.example>",
        "<%s?%(x)s{}@a.example>",
        "",
    ],
)
def test_odd_ids(store: Store, message_id: str) -> None:
    store.remember(came_in(message_id, SHOP))
    assert store.addresses_of(LOGIN, message_id) == {SHOP}
    assert len(digest(message_id)) == 16


SQL = "a'; DROP TABLE address; --"


def test_sql_in_every_field(store: Store) -> None:
    use = Use(SQL, f'{SQL}"%s?@example.com', domain=f"{SQL}.example")
    store.remember(Passage((SQL,), (use, Use(SQL, "b@example.com", sent=True))))
    assert store.addresses_of(SQL, SQL) == {use.address, "b@example.com"}
    assert store.standing(SQL, use.key).used
    assert store.display_name(SQL, SQL) == ""
    assert store.mailbox(SQL) == MailboxState()


def test_hundreds_of_addresses_in_one_message(store: Store) -> None:
    addresses = {f"a{number}@example.com" for number in range(500)}
    store.remember(came_in("<1@a.example>", *addresses))
    assert store.addresses_of(LOGIN, "<1@a.example>") == addresses


def test_what_is_no_text_is_refused_whole(store: Store) -> None:
    with pytest.raises((LedgerError, UnicodeEncodeError)):
        store.remember(came_in("<1@a.example>", SHOP, "caf\udce9@example.com"))
    assert store.addresses_of(LOGIN, "<1@a.example>") == frozenset()
    assert store.standing(LOGIN, SHOP) == Standing()
    store.remember(came_in("<1@a.example>", SHOP))
    assert store.addresses_of(LOGIN, "<1@a.example>") == {SHOP}


octets = st.binary(max_size=30).map(wire)


@given(octets, octets)
def test_ids_differ_as_their_octets_do(first: str, second: str) -> None:
    assert (digest(first) == digest(second)) is (first == second)
