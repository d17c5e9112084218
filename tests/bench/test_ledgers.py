"""The ledger's bench fills, asks and writes real ledgers, and notices one that does not work."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import bench_milter
import compare_ledgers
import container
import fill_ledger
import measure_ledger
import pytest
from aliases import LOGIN, LedgerJob, known_alias, old_id
from container import BenchError
from mailpopbox.gate import MailboxState, Standing
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.store import Store, engine_for
from mailpopbox.passage import Passage, Use

MESSAGES = 1000
JOB = LedgerJob("", MESSAGES, first=1, alone=20, together=50, lookups=100)
ARRIVED = """\
Delivered-To: look-1@elsewhere.test
Received: from client.example.org (localhost [127.0.0.1])
\tby mx.example.com (Postfix) with ESMTP id 4dBX6q1Zzvz1F
\tfor <look-1@elsewhere.test>; Tue, 4 Mar 2025 09:11:13 +0000 (UTC)
Received: by mta-7.mailer.example id h0000001
"""


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(fill_ledger, "_PART", 300)
    path = tmp_path / "large.sqlite"
    fill_ledger.make_tables(path)
    fill_ledger.fill(path, MESSAGES)
    return path


def test_the_large_ledger_knows_what_it_was_filled_with(large: Path) -> None:
    with closing(Database(engine_for(str(large)))) as database:
        assert database.read("SELECT count(*) FROM message") == [(MESSAGES,)]
        store = Store(database)
        assert store.addresses_of(LOGIN, old_id(999)) == {known_alias(999)}
        assert store.standing(LOGIN, known_alias(99_999)) == Standing(used=True)


def test_both_ledgers_are_measured_alike(large: Path, tmp_path: Path) -> None:
    empty = replace(JOB, path=str(tmp_path / "empty.sqlite"), messages=0)
    measured = [measure_ledger.measure(job) for job in (empty, replace(JOB, path=str(large)))]
    assert list(measured[0]) == list(measured[1])
    assert all(value > 0 for figures in measured for value in figures.values())


def test_a_wrong_answer_is_noticed(large: Path) -> None:
    with pytest.raises(RuntimeError, match="wrong answer"):
        measure_ledger.measure(replace(JOB, path=str(large), messages=MESSAGES + 1_000_000))


def test_without_a_ledger_nothing_is_known_and_nothing_shut() -> None:
    ledger = bench_milter.Forgetful()
    ledger.remember(Passage(("<1@shop.test>",), (Use(LOGIN, "shop@example.com"),)))
    assert ledger.addresses_of(LOGIN, "<1@shop.test>") == frozenset()
    assert ledger.standing(LOGIN, "shop@example.com") == Standing()
    assert ledger.mailbox(LOGIN) == MailboxState()


def test_our_own_received_line_tells_the_queue_id() -> None:
    assert compare_ledgers.queue_id(ARRIVED) == "4dBX6q1Zzvz1F"
    with pytest.raises(BenchError, match="did not come"):
        compare_ledgers.queue_id("Subject: Hello\n")


def test_a_candidate_leaves_traces_in_its_own_journal_and_ledger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(*argv: str) -> str:
        if argv[0] == "journalctl":
            return "queue_id=4X outcome=incoming\n" if argv[3] == "mailpopbox" else ""
        return "yes\n" if argv[-2].endswith("/ledger.sqlite") else "\n"

    monkeypatch.setattr(container, "run", run)
    compared = compare_ledgers.candidates(MESSAGES)
    found = compare_ledgers.Switch(compared).traces("4X", "look-1@elsewhere.test")
    fitting = [each.name for each in compared if compare_ledgers.traces_of(each) == found]
    assert fitting == ["ledger"]
