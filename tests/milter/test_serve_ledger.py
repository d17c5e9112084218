"""The shell and the ledger: what passed is remembered, and trouble with it lets nothing pass."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ledgers import run
from mailpopbox.config import Config
from mailpopbox.counters import Counters
from mailpopbox.ledger import sqlite
from mailpopbox.message import Decision
from shell import CONFIG, TROUBLE, Rules, Unchanging, refusing
from trouble import full_disk, locked


def receive(session: Any, *recipients: str) -> int:
    """Take a message from outside; return the answer to its end."""
    session.macros = {"i": "4439C1948E7"}
    session.envfrom("<jane@a.example>")
    for recipient in recipients:
        assert session.envrcpt(f"<{recipient}>") == 0
    session.header("Message-ID", "<1@a.example>")
    answer: int = session.eom()
    return answer


SHOP = "shop@example.com"


@pytest.mark.usefixtures("rules")
def test_what_came_in_is_remembered_before_it_is_accepted(
    session: Any, milter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: list[frozenset[str]] = []

    def carry_out(_decision: Decision) -> int:
        known.append(session.ledger.addresses_of("mailbox@example.com", "<1@a.example>"))
        return 0

    monkeypatch.setattr(session, "carry_out", carry_out)
    assert receive(session, SHOP, "news@example.com", "x@elsewhere.test") == milter.CONTINUE
    assert known == [{SHOP, "news@example.com"}]


def test_what_is_refused_is_not_remembered(session: Any, milter: Any, rules: Rules) -> None:
    rules.answer = refusing(550, "5.7.1", "No")
    assert receive(session, SHOP) == milter.REJECT
    assert session.ledger.addresses_of("mailbox@example.com", "<1@a.example>") == frozenset()
    assert not session.ledger.standing("mailbox@example.com", SHOP).used


UNKNOWN = "Recipient address rejected: User unknown in virtual mailbox table"


@pytest.fixture(autouse=True)
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What has been logged, without the figures that differ each time."""
    caplog.set_level("INFO", "mailpopbox")
    return lambda: [
        re.sub(r"(ms=|py:)[0-9.]+", r"\1N", f"{record.levelname} {record.getMessage()}")
        for record in caplog.records
    ]


def test_a_blocked_recipient_is_refused_alone(
    session: Any, milter: Any, rules: Rules, counters: Counters, lines: Callable[[], list[str]]
) -> None:
    assert receive(session, SHOP) == milter.CONTINUE
    run(session.ledger.database, "UPDATE address SET blocked_at = 1")
    session.envfrom("<jane@a.example>")
    assert session.envrcpt("<100%@example.com>") == milter.CONTINUE
    assert session.envrcpt("<Shop@example.com>") == milter.REJECT
    assert session.done == [("setreply", "550", "5.1.1", f"<Shop@example.com>: {UNKNOWN}")]
    assert session.eom() == milter.CONTINUE
    assert rules.asked[-1].recipients == ("100%@example.com",)
    assert lines()[1] == (
        "INFO queue_id=4439C1948E7 login=- outcome=kept_out recipient=Shop@example.com ms=N"
    )
    assert "mailpopbox_recipients_refused_total 1\n" in counters.text()


def lock(session: Any) -> AbstractContextManager[None]:
    return locked(Path(session.config.ledger))


def fill_the_disk(_session: Any) -> AbstractContextManager[None]:
    return full_disk()


@contextmanager
def corrupt(session: Any) -> Iterator[None]:
    # So that SQLite does not remember what it read.
    session.ledger.database.close()
    path = Path(session.config.ledger)
    whole = path.read_bytes()
    path.write_bytes(b"not what SQLite wrote" * 1000)
    yield
    path.write_bytes(whole)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_PATIENCE_IN_SECONDS", 0.1)


@pytest.mark.usefixtures("rules", "impatient")
@pytest.mark.parametrize(
    ("befall", "reason"),
    [
        (lock, "database is locked"),
        (fill_the_disk, "disk I/O error"),
        (corrupt, "file is not a database"),
    ],
)
def test_trouble_with_the_ledger_is_a_451_and_one_line(
    session: Any,
    milter: Any,
    lines: Callable[[], list[str]],
    befall: Callable[[Any], AbstractContextManager[None]],
    reason: str,
) -> None:
    assert receive(session, SHOP) == milter.CONTINUE
    session.envfrom("<jane@a.example>")
    session.envrcpt(f"<{SHOP}>")
    with befall(session):
        assert session.eom() == milter.TEMPFAIL
    assert session.done == [TROUBLE]
    assert lines()[1:] == [
        (
            "ERROR queue_id=4439C1948E7 login=- outcome=error error=LedgerError at=link.py:N"
            f" why='{session.config.ledger}: {reason}' ms=N"
        )
    ]
    assert receive(session, SHOP) == milter.CONTINUE


@pytest.mark.usefixtures("rules")
def test_while_nobody_knows_whether_an_address_is_blocked_its_mail_waits(
    session: Any, milter: Any, config: Config
) -> None:
    session.envfrom("<jane@a.example>")
    Path(config.ledger).write_text("not what SQLite wrote")
    assert session.envrcpt(f"<{SHOP}>") == milter.TEMPFAIL
    # For others nobody has to ask.
    assert session.envrcpt("<friend@elsewhere.test>") == milter.CONTINUE
    assert session.done == [TROUBLE]
    Path(config.ledger).unlink()
    assert session.envrcpt(f"<{SHOP}>") == milter.CONTINUE


@pytest.mark.usefixtures("umask")
def test_a_database_that_the_host_has_no_package_for(
    serve: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "mailpopbox.ledger.postgres", raising=False)
    with pytest.raises(ImportError, match="psycopg"):
        serve.serve(Unchanging(replace(CONFIG, ledger="postgresql://a/b")), Counters())
