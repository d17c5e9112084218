"""What is noted of what Postfix has logged; the journal is a command that prints some lines."""

import fcntl
import logging
import os
from pathlib import Path

import pytest
from datagrams import RECORD
from loglines import AT, BACKUP, NOT_OFFERED, deferred, doubted, established, journal_line, sent
from mailpopbox import cli
from mailpopbox.found import Unknown
from mailpopbox.reports import days
from mailpopbox.reports import published as published_module
from mailpopbox.reports.days import Days
from mailpopbox.reports.reading import read_on
from mailpopbox.reports.session import Plain, Session
from mailpopbox.times import DAY, HOUR

POLICY = {"policy-type": "no-policy-found", "policy-domain": "example.net"}
NOW = AT + 600.0
GOOD = Session("example.net", RECORD, POLICY, [], failed=False)
# A name of this machine, for which the kernel knows an address of its own.
HERE = "127.0.0.1"


class Known:
    """What two domains publish; a third is unheard of."""

    def __init__(self, *_: object) -> None:
        self.asked: list[tuple[str, str]] = []

    def records(self, domains: list[str]) -> dict[str, str]:
        return {each: RECORD for each in domains if each != "example.org"}

    def servers(self, domains: list[str]) -> dict[str, set[str]]:
        return {each: {"mx.example.net"} for each in domains}

    def policy(self, domain: str, host: str) -> Plain | Unknown:
        self.asked.append((domain, host))
        return Unknown("TEMP later") if domain == "example.com" else POLICY


class Host:
    """A host whose journal has some lines, and what it notes of them."""

    def __init__(self, folder: Path) -> None:
        self.days = Days(folder / "days")
        self.days.folder.mkdir()
        self.published = Known()
        self._journal = folder / "journal"
        self._words = folder / "words"
        (folder / "bin").mkdir()
        script = folder / "bin/journalctl"
        script.write_text(f'#!/bin/sh\necho "$@" >{self._words}\ncat {self._journal}\n')
        script.chmod(0o755)
        self.log()

    def log(self, *lines: tuple[float, str]) -> None:
        self._journal.write_text("".join(f"{journal_line(text, at)}\n" for at, text in lines))

    def read_on(self, now: float = NOW) -> None:
        read_on(self.days, self.published, now)  # type: ignore[arg-type]

    @property
    def noted(self) -> dict[int, list[tuple[Session, int]]]:
        return {day: self.days.sessions(day) for day in self.days.noted()}

    @property
    def words(self) -> list[str]:
        return self._words.read_text().split()

    def break_journal(self) -> None:
        self._journal.unlink()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return Host(tmp_path)


SESSION = [(AT, established()), (AT + 1, sent())]
LATER = [(AT + 9, established()), (AT + 10, sent())]


def test_what_was_logged_is_noted_once(host: Host) -> None:
    host.log(*SESSION)
    for _ in range(2):
        host.read_on()
        assert host.noted == {AT // DAY: [(GOOD, 1)]}
    host.log(*SESSION, *LATER)
    host.read_on()
    assert host.noted == {AT // DAY: [(GOOD, 2)]}


def test_a_session_that_goes_on_while_it_is_read(host: Host) -> None:
    """How the server was stands before what was read last, what became of the mail after it."""
    host.log(*SESSION, LATER[0])
    host.read_on()
    assert host.noted == {AT // DAY: [(GOOD, 1)]}
    host.log(*SESSION, *LATER)
    host.read_on()
    assert host.noted == {AT // DAY: [(GOOD, 2)]}


def test_what_is_asked_of_the_journal(host: Host) -> None:
    host.log(*SESSION)
    host.read_on()
    assert f"--since=@{int(NOW) - 2 * DAY - HOUR}" in host.words
    fields = "--output-fields=SYSLOG_IDENTIFIER,SYSLOG_PID,MESSAGE"
    names = {"--identifier=postfix/smtp", "--identifier=postfix/qmgr"}
    assert {*names, "--output=json", fields} <= {*host.words}
    host.read_on()
    assert f"--since=@{AT + 1 - HOUR}" in host.words


def test_sessions_count_for_the_day_on_which_they_ended(host: Host) -> None:
    midnight = 20_000 * DAY
    host.log(
        (midnight - 3, established()),
        (midnight - 1, sent()),
        (midnight - 0.5, established()),
        (midnight + 0.5, sent()),
    )
    host.read_on(midnight + 60.0)
    assert host.noted == {19_999: [(GOOD, 1)], 20_000: [(GOOD, 1)]}


def test_what_is_too_old_for_a_report_is_left(host: Host) -> None:
    host.log(*SESSION)
    host.read_on(AT + 2 * DAY + 2)
    assert host.noted == {}


def test_a_failure_says_who_met_whom(host: Host) -> None:
    here = f"mx.example.net[{HERE}]"
    host.log(
        *((AT, each.replace("mx.example.net[198.51.100.9]", here)) for each in doubted("other")),
        (AT + 1, deferred("Server certificate not verified")),
        (AT + 2, deferred(NOT_OFFERED.replace("198.51.100.9", "::1"), queue_id="066783E20CC")),
    )
    host.read_on()
    [(first, _), (second, _)] = host.noted[AT // DAY]
    assert first.failed
    assert first.failures == [
        {
            "result-type": "certificate-not-trusted",
            "sending-mta-ip": HERE,
            "receiving-mx-hostname": "mx.example.net",
            "receiving-ip": HERE,
            "failure-reason-code": "other",
        }
    ]
    [failure] = second.failures
    assert (failure["result-type"], failure["receiving-ip"]) == ("starttls-not-supported", "::1")


def test_where_no_way_leads_the_own_address_is_left_out(host: Host) -> None:
    host.log((AT, deferred(NOT_OFFERED.replace("198.51.100.9", "no address"))))
    host.read_on()
    [(session, _)] = host.noted[AT // DAY]
    assert "sending-mta-ip" not in session.failures[0]


def test_what_cannot_be_written_stops_nothing(
    host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    host.log(*SESSION)
    with monkeypatch.context() as patched:
        # Enough for how far it was read, and for no session.
        patched.setattr(days, "_MOST_OCTETS", 50)
        host.read_on()
    [line] = caplog.messages
    assert line.startswith("a TLS session is not noted: ")
    host.log(*SESSION, *LATER)
    host.read_on()
    assert host.noted == {AT // DAY: [(GOOD, 1)]}


def test_a_clock_that_was_ahead(host: Host) -> None:
    host.days.keep_read_until(NOW + DAY)
    host.log(*SESSION, (NOW + DAY, established()), (NOW + DAY + 1, sent()))
    host.read_on()
    assert host.noted == {}
    host.log(*SESSION, (NOW + 1, established()), (NOW + 2, sent()), (NOW + DAY, sent()))
    for _ in range(2):
        host.read_on(NOW + 60)
        assert host.noted == {AT // DAY: [(GOOD, 1)]}


def test_each_server_is_judged_by_its_own_policy(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"mx.example.net", "backup.example.net"}
    monkeypatch.setattr(host.published, "servers", lambda each: dict.fromkeys(each, names))
    host.log(*SESSION, (AT + 2, established(BACKUP)), (AT + 3, sent(server=BACKUP)))
    host.read_on()
    assert {server for _, server in host.published.asked} == names


def test_who_wants_no_reports_is_asked_no_more(host: Host) -> None:
    host.log((AT, established()), (AT, sent("joe@example.org")), *SESSION, *LATER)
    host.read_on()
    assert host.noted == {AT // DAY: [(GOOD, 2)]}
    # Of the other, once.
    assert host.published.asked == [("example.net", "mx.example.net")]


def test_a_relay_is_no_server_of_the_domain(host: Host) -> None:
    relay = "relay.example.net[198.51.100.7]"
    host.log((AT, established(relay)), (AT, sent(server=relay)), *SESSION)
    host.read_on()
    assert host.noted == {AT // DAY: [(GOOD, 1)]}


def test_what_cannot_be_judged_is_left_out(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    host.log((AT, established()), (AT, sent("joe@example.com")), *SESSION)
    with caplog.at_level(logging.INFO):
        host.read_on()
    assert host.noted == {AT // DAY: [(GOOD, 1)]}
    assert caplog.messages == [
        "a TLS session with mx.example.net for example.com is not noted: TEMP later"
    ]


def test_a_journal_that_cannot_be_read_changes_nothing(host: Host) -> None:
    host.log(*SESSION)
    host.read_on()
    before = host.days.read_until()
    host.break_journal()
    with pytest.raises(OSError, match="journalctl: cat: "):
        host.read_on()
    assert host.days.read_until() == before
    assert host.noted == {AT // DAY: [(GOOD, 1)]}


def test_an_empty_journal(host: Host) -> None:
    host.read_on()
    assert host.noted == {}
    assert host.days.read_until() == NOW - 2 * DAY


@pytest.mark.parametrize("text", ["", "hello", "nan", "inf"])
def test_where_it_was_is_not_known_any_more(host: Host, text: str) -> None:
    host.days.folder.joinpath("read-until").write_text(text)
    host.log(*SESSION)
    host.read_on()
    assert host.noted == {AT // DAY: [(GOOD, 1)]}


def test_the_command_asks_whom_it_is_told_and_lets_nobody_in_between(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[object, ...]] = []

    class Asked(Known):
        def __init__(self, *words: object) -> None:
            super().__init__()
            told.append(words)

        def records(self, domains: list[str]) -> dict[str, str]:
            with pytest.raises(BlockingIOError):
                _lock(host.days.folder)
            return super().records(domains)

    monkeypatch.setattr(published_module, "Published", Asked)
    words = ["tls-sessions", "--logged", "--sessions", str(host.days.folder)]
    assert cli.main(words) == 0
    assert cli.main([*words, "--policies", "/policies", "--resolver", "127.0.0.1"]) == 0
    assert told == [(None, None), (Path("/policies"), "127.0.0.1")]


def _lock(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)


def test_the_command(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(published_module, "Published", Known)
    monkeypatch.setattr("time.time", lambda: NOW)
    host.log(*SESSION)
    words = ["tls-sessions", "--logged", "--sessions", str(host.days.folder)]
    assert cli.main(words) == 0
    assert host.noted == {AT // DAY: [(GOOD, 1)]}
    host.break_journal()
    assert cli.main(words) == 1
    assert "journalctl: cat: " in capsys.readouterr().err
