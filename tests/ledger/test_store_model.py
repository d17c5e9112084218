"""Whatever passes in whatever order, the ledger and a model in memory know the same."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as played
from ledgers import empty_place, run
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.store import Store, engine_for
from mailpopbox.ledger.tidy import DAY, tidy
from mailpopbox.passage import Passage, Use

LOGINS = ("a@example.com", "b@example.net")
IDS = tuple(f"<{number}@a.example>" for number in range(4))
DAYS = 3

uses = st.builds(
    Use,
    login=st.sampled_from(LOGINS),
    address=st.sampled_from(["shop@example.com", "Shop@example.com", "news@example.com"]),
    sent=st.just(value=False),
    domain=st.sampled_from(["", "a.example", "b.example"]),
) | st.builds(
    Use,
    login=st.sampled_from(LOGINS),
    address=st.sampled_from(["shop@example.com", "NEWS@example.com"]),
    sent=st.just(value=True),
)


class Known:
    """What the model knows of an address."""

    def __init__(self, spelled: str, now: int) -> None:
        self.spelled = spelled
        self.first_used = now
        self.last_used = now
        self.received = self.sent = 0
        self.first_domain = ""
        self.writers: dict[str, tuple[int, int, int]] = {}


class Model(RuleBasedStateMachine):
    """A ledger, and dictionaries beside it."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000 * DAY
        self.addresses: dict[tuple[str, str], Known] = {}
        self.messages: dict[tuple[str, str, str], int] = {}
        self.store = Store(self.database, lambda: self.now)

    @initialize()
    def empty(self) -> None:
        for table in ("message", "recent", "correspondent", "exception", "address", "mailbox"):
            run(self.database, f"DELETE FROM {table}")  # noqa: S608 (names from above)

    @rule(
        ids=st.lists(st.sampled_from(IDS), unique=True, max_size=2),
        uses=st.lists(uses, max_size=4, unique_by=lambda use: (use.login, use.key, use.sent)),
    )
    def pass_by(self, ids: list[str], uses: list[Use]) -> None:
        self.store.remember(Passage(tuple(ids), tuple(uses)))
        for use in uses:
            key = (use.login, use.key)
            known = self.addresses.setdefault(key, Known(use.address, self.now))
            known.last_used = self.now
            known.received += not use.sent
            known.sent += use.sent
            known.first_domain = known.first_domain or use.domain
            if use.domain:
                first, _, count = known.writers.get(use.domain, (self.now, 0, 0))
                known.writers[use.domain] = (first, self.now, count + 1)
            for each in ids:
                self.messages[use.login, each, use.key] = self.now // DAY

    @rule(seconds=st.integers(1, 2 * DAY))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def forget(self) -> None:
        old = {key for key, day in self.messages.items() if day < self.now // DAY - DAYS}
        assert tidy(self.database, DAYS, self.now) == len(old)
        for key in old:
            del self.messages[key]

    @rule()
    def close(self) -> None:
        self.database.close()

    @invariant()
    def the_same_messages(self) -> None:
        for login in LOGINS:
            for each in IDS:
                assert self.store.addresses_of(login, each) == {
                    self.addresses[login, key].spelled
                    for owner, message_id, key in self.messages
                    if (owner, message_id) == (login, each)
                }

    @invariant()
    def the_same_addresses(self) -> None:
        rows = self.database.read(
            "SELECT login, address, spelled, first_used, last_used, received, sent, first_domain"
            " FROM address"
        )
        assert {row[:2]: row[2:] for row in rows} == {
            key: (
                known.spelled,
                known.first_used,
                known.last_used,
                known.received,
                known.sent,
                known.first_domain,
            )
            for key, known in self.addresses.items()
        }

    @invariant()
    def the_same_writers(self) -> None:
        rows = self.database.read(
            "SELECT login, address.address, domain, correspondent.first_used,"
            " correspondent.last_used, correspondent.received"
            " FROM correspondent JOIN address ON address.id = correspondent.address"
        )
        assert {row[:3]: row[3:] for row in rows} == {
            (*key, domain): counts
            for key, known in self.addresses.items()
            for domain, counts in known.writers.items()
        }


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(engine_for(empty_place(Path(folder))))
        yield database
        database.close()


def test_ledger_and_model_know_the_same(database: Database) -> None:
    Model.database = database
    slow = settings(
        max_examples=25,
        stateful_step_count=15,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    played(Model, settings=slow)
