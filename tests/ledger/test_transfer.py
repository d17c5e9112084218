"""Ledgers that are carried into others."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgers import LOGIN, SHOP, came_in, empty_place
from mailpopbox.ledger import lines
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.entries import Correspondent, Entry, all_entries
from mailpopbox.ledger.lines import Line, MailboxLine, MessageLine
from mailpopbox.ledger.store import Store, engine_for
from mailpopbox.ledger.tidy import DAY, tidy
from mailpopbox.ledger.transfer import BATCH, exported, import_all
from mailpopbox.passage import digest

TIMES = st.none() | st.integers(0, 4_000_000_000)
SURE_TIMES = st.integers(0, 4_000_000_000)
COUNTS = st.integers(0, 2**53 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
DOMAINS = st.sampled_from(["a.example", "b.example", ""])
ADDRESSES = st.sampled_from(["shop@example.com", "Shop@example.com", "é@example.com"])
LOGINS = st.sampled_from([LOGIN, "b@example.org"])
CORRESPONDENTS = st.lists(
    st.builds(Correspondent, DOMAINS, SURE_TIMES, SURE_TIMES, COUNTS),
    max_size=3,
    unique_by=lambda each: each.domain,
).map(tuple)
ENTRIES = st.builds(
    lambda spelled, more: Entry(address=spelled.lower(), spelled=spelled, **more),
    ADDRESSES,
    st.fixed_dictionaries(
        {
            "login": LOGINS,
            **dict.fromkeys(("first_used", "last_used", "last_sent"), TIMES),
            **dict.fromkeys(("blocked_at", "expires_at"), TIMES),
            **dict.fromkeys(("received", "sent"), COUNTS),
            **dict.fromkeys(("display_name", "reason"), TEXTS),
            "first_domain": DOMAINS,
            "exceptions": st.sampled_from([(), ("@a.example",), ("@a.example", "b@b.example")]),
            "correspondents": CORRESPONDENTS,
        }
    ),
)
LINES: st.SearchStrategy[Line] = st.one_of(
    st.builds(MailboxLine, LOGINS, TIMES, st.none() | st.binary(min_size=32, max_size=32)),
    ENTRIES,
    st.builds(
        MessageLine, LOGINS, ADDRESSES, st.binary(min_size=16, max_size=16), st.integers(0, 50_000)
    ),
)


@given(LINES)
def test_what_is_written_is_read(line: Line) -> None:
    text = lines.written(line)
    assert "\n" not in text
    assert lines.read(text) == line


@pytest.mark.parametrize("text", [lines.FIRST])
def test_the_first_line(text: str) -> None:
    lines.check_first(text)


def taken(database: Database, given_lines: list[Line]) -> list[Line]:
    import_all(database, given_lines)
    return list(exported(database))


@given(st.lists(LINES, max_size=6), st.lists(LINES, max_size=6))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_joining(tmp_path: Path, first: list[Line], second: list[Line]) -> None:
    """A second time changes nothing, and what is exported makes the same ledger elsewhere."""
    one, two = (Database(engine_for(empty_place(tmp_path))) for _ in range(2))
    try:
        taken(one, first)
        both = taken(one, second)
        assert taken(one, second) == both
        assert taken(one, both) == both
        assert taken(two, both) == both
    finally:
        one.close()
        two.close()


OLD = Entry(
    LOGIN,
    "shop@example.com",
    "Shop@example.com",
    first_used=10,
    last_used=20,
    last_sent=15,
    received=3,
    sent=1,
    first_domain="a.example",
    display_name="Jane",
    correspondents=(Correspondent("a.example", 10, 20, 3),),
)
NEW = Entry(
    LOGIN,
    "shop@example.com",
    "shop@example.com",
    first_used=5,
    last_used=18,
    received=7,
    first_domain="b.example",
    display_name="Joe",
    blocked_at=17,
    reason="why",
    exceptions=("@b.example",),
    correspondents=(Correspondent("a.example", 9, 12, 4), Correspondent("b.example", 5, 5, 1)),
)


def test_what_is_joined(database: Database) -> None:
    import_all(database, [OLD, NEW])
    assert all_entries(database) == [
        Entry(
            LOGIN,
            "shop@example.com",
            "Shop@example.com",
            first_used=5,
            last_used=20,
            last_sent=15,
            received=7,
            sent=1,
            first_domain="b.example",
            display_name="Jane",
            blocked_at=17,
            reason="why",
            exceptions=("@b.example",),
            correspondents=(
                Correspondent("b.example", 5, 5, 1),
                Correspondent("a.example", 9, 20, 4),
            ),
        )
    ]


def test_a_message_before_its_address(database: Database) -> None:
    message = MessageLine(LOGIN, "Shop@example.com", b"x" * 16, 7)
    later = MessageLine(LOGIN, "shop@example.com", b"x" * 16, 9)
    import_all(database, [message, later, message])
    assert list(exported(database)) == [
        Entry(LOGIN, "shop@example.com", "Shop@example.com"),
        MessageLine(LOGIN, "Shop@example.com", b"x" * 16, 9),
    ]


def test_more_than_a_page(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailpopbox.ledger.transfer._PAGE", 3)
    messages: list[Line] = [
        MessageLine(LOGIN, f"{number % 2}@example.com", bytes([number // 2]) * 16, 7)
        for number in range(11)
    ]
    rests: list[int] = []
    assert import_all(database, messages, rests.append) == 11
    assert rests == [11]
    assert list(exported(database))[2:] == messages


def test_what_is_recent_goes_with_the_rest(database: Database, clock: Any) -> None:
    store = Store(database, clock)
    store.remember(came_in("<1@a.example>", SHOP))
    tidy(database, 400, clock.now)
    store.remember(came_in("<2@a.example>", SHOP))
    found = [each.digest for each in exported(database) if isinstance(each, MessageLine)]
    assert found == [digest("<2@a.example>"), digest("<1@a.example>")]


def test_what_comes_back_into_the_same_ledger_is_there_once(database: Database, clock: Any) -> None:
    store = Store(database, clock)
    store.remember(came_in("<1@a.example>", SHOP))
    before = list(exported(database))
    import_all(database, before)
    assert list(exported(database)) == before
    # The later day counts, wherever it stands.
    [*_, message] = before
    assert isinstance(message, MessageLine)
    clock.now += 3 * DAY
    store.remember(came_in("<1@a.example>", SHOP))
    import_all(database, [message])
    assert list(exported(database))[-1] == replace(message, day=message.day + 3)


def test_others_write_between_two_transactions(place: str, database: Database) -> None:
    other = Database(engine_for(place))
    messages: list[Line] = [
        MessageLine(LOGIN, "shop@example.com", number.to_bytes(16, "big"), 7)
        for number in range(2 * BATCH + 1)
    ]
    done: list[int] = []

    def rest(number: int) -> None:
        Store(other).remember(came_in(f"<{number}@a.example>", "news@example.com"))
        done.append(number)

    import_all(database, messages, rest)
    other.close()
    assert done == [BATCH, 2 * BATCH, 2 * BATCH + 1]
