"""Many threads write: what is acknowledged is there, and nothing of what failed is."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from ledgers import listened_to, wait_until
from mailpopbox.ledger import LedgerError
from mailpopbox.ledger.database import Database, Work
from mailpopbox.ledger.engine import Connection
from mailpopbox.ledger.store import engine_for


def adding(login: str) -> Work:
    def add(connection: Connection) -> None:
        connection.run("INSERT INTO mailbox (login) VALUES (?)", [login])

    return add


def logins(database: Database) -> set[str]:
    return {login for (login,) in database.read("SELECT login FROM mailbox")}


class Crowd:
    """Works that line up behind one that holds the transaction until all are there."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._everybody_waits = threading.Event()

    def write(self, *works: Work) -> list[BaseException | None]:
        """Write all at once; return what each of them met."""
        waiting = self._database._waiting  # noqa: SLF001 (a thread in a queue shows nowhere else)
        with ThreadPoolExecutor(len(works) + 1) as threads:
            first = threads.submit(self._database.write, self._hold)
            wait_until(lambda: self.holds)
            others = [threads.submit(self._database.write, work) for work in works]
            wait_until(lambda: len(waiting) == len(works))
            self._everybody_waits.set()
            first.result()
            return [other.exception() for other in others]

    holds = False

    def _hold(self, _connection: Connection) -> None:
        self.holds = True
        assert self._everybody_waits.wait(20)


def test_what_was_written_can_be_read(database: Database) -> None:
    database.write(adding("a@example.com"))
    assert logins(database) == {"a@example.com"}


def test_who_waits_shares_a_transaction(place: str) -> None:
    heard: list[str] = []
    database = Database(listened_to(engine_for(place), heard))
    logins(database)
    del heard[:]
    assert Crowd(database).write(*(adding(f"{n}@example.com") for n in range(20))) == [None] * 20
    assert len(logins(database)) == 20
    # That of the first one, and that of all the others.
    assert heard.count("COMMIT") == 2
    database.close()


def test_many_threads(database: Database) -> None:
    names = [f"{number}@example.com" for number in range(200)]
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(lambda name: database.write(adding(name)), names))
    assert logins(database) == set(names)


def test_a_failure_is_only_whose_it_is(database: Database) -> None:
    def broken(connection: Connection) -> None:
        adding("half@example.com")(connection)
        raise KeyError("x")

    first, second, third = Crowd(database).write(
        adding("a@example.com"), broken, adding("b@example.com")
    )
    assert (first, third) == (None, None)
    assert isinstance(second, KeyError)
    assert logins(database) == {"a@example.com", "b@example.com"}


def test_a_failure_of_the_database_is_only_whose_it_is(database: Database) -> None:
    database.write(adding("a@example.com"))
    outcomes = Crowd(database).write(adding("a@example.com"), adding("b@example.com"))
    assert [type(outcome) for outcome in outcomes] == [LedgerError, type(None)]
    assert logins(database) == {"a@example.com", "b@example.com"}


def test_what_no_transaction_can_mend_is_tried_once(place: str) -> None:
    engine = engine_for(place)
    database = Database(engine)
    tries: list[str] = []

    def hopeless(_connection: Connection) -> None:
        tries.append("x")
        raise engine.hopeless[0]("no space left")

    outcomes = Crowd(database).write(*[hopeless] * 10)
    assert {str(outcome) for outcome in outcomes} == {f"{engine.shown}: no space left"}
    assert tries == ["x"]
    database.close()


def test_who_comes_after_the_first_without_hope_is_not_tried(place: str) -> None:
    engine = engine_for(place)
    database = Database(engine)
    tries: list[str] = []

    def failing(_connection: Connection) -> None:
        tries.append("x")
        raise KeyError("x") if len(tries) == 1 else engine.hopeless[0]("no space left")

    outcomes = Crowd(database).write(*[failing] * 10)
    assert {str(outcome) for outcome in outcomes} == {f"{engine.shown}: no space left"}
    # All together, and the first of them alone.
    assert len(tries) == 2
    database.close()


def test_an_interrupted_writer_takes_nobody_along_for_done(database: Database) -> None:
    def interrupted(_connection: Connection) -> None:
        raise KeyboardInterrupt

    outcomes = Crowd(database).write(interrupted, adding("a@example.com"))
    assert [type(outcome) for outcome in outcomes] == [KeyboardInterrupt, type(None)]
    assert logins(database) == {"a@example.com"}


def test_after_a_failure_all_goes_on(database: Database) -> None:
    database.write(adding("a@example.com"))
    with pytest.raises(LedgerError):
        database.write(adding("a@example.com"))
    with pytest.raises(LedgerError):
        database.read("SELECT nothing FROM nowhere")
    database.write(adding("b@example.com"))
    assert logins(database) == {"a@example.com", "b@example.com"}


def test_a_closed_one_is_opened_again(database: Database) -> None:
    database.write(adding("a@example.com"))
    database.close()
    database.close()
    assert logins(database) == {"a@example.com"}


def test_who_asked_before_nobody_answered_does_not_ask_again(place: str) -> None:
    engine = engine_for(place)
    attempts: list[str] = []
    go_on = threading.Event()

    def connect() -> Connection:
        attempts.append("x")
        assert go_on.wait(20)
        raise engine.errors[0]("nobody answers")

    engine.connect = connect  # type: ignore[method-assign]
    database = Database(engine)
    with ThreadPoolExecutor(10) as threads:
        asking = [threads.submit(logins, database) for _ in range(10)]
        wait_until(lambda: all(each.running() for each in asking))
        # As long as a thread may take from there to the question.
        threading.Event().wait(0.3)
        go_on.set()
        outcomes = {str(each.exception()) for each in asking}
    assert outcomes == {f"{engine.shown}: nobody answers"}
    assert len(attempts) == 1
    # Whoever asks later tries again.
    with pytest.raises(LedgerError):
        logins(database)
    assert len(attempts) == 2
