"""Whom reports are handed to, how often, and when they are given up."""

import gzip
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from datagrams import BROKEN, KEPT, NO_POLICY
from mailpopbox import letter
from mailpopbox.programs import Ended
from mailpopbox.reports import sending
from mailpopbox.reports.days import Days
from mailpopbox.reports.report import reports_on
from mailpopbox.reports.sending import send
from mailpopbox.reports.session import Session
from mailpopbox.reports.told import sessions_of
from speakers import certificate

[GOOD], [BAD], [OTHER] = sessions_of(KEPT), sessions_of(BROKEN), sessions_of(NO_POLICY)
DAY = 20_784
HOST = "mx.example.com"
MAIL, WEB, OTHERS = (
    "mailto:tls@example.net",
    "https://reports.example.net/tls",
    "mailto:a@example.org",
)


class Others:
    """Everybody else: who takes what, and what they were handed."""

    def __init__(self) -> None:
        self.away: set[str] = set()
        self.handed: list[tuple[str, str]] = []

    def take(self, place: str, name: str) -> str:
        if place in self.away:
            return "not now"
        self.handed.append((place, name))
        return ""


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> Others:
    made = Others()
    monkeypatch.setattr(
        sending, "_mailed", lambda report, to: made.take(f"mailto:{to}", report.name)
    )
    monkeypatch.setattr(sending, "_posted", lambda report, uri: made.take(uri, report.name))
    return made


@pytest.fixture
def days(tmp_path: Path) -> Days:
    made = Days(tmp_path)
    for session in (GOOD, BAD, OTHER):
        made.note(DAY, session)
    return made


def name(domain: str, day: int = DAY) -> str:
    return f"{day * 86400}.{domain}@{HOST}"


ALL = [
    (MAIL, name("example.net")),
    (OTHERS, name("example.org")),
    # Mail first: no stranger can make that wait.
    (WEB, name("example.net")),
]


def test_each_day_goes_once_when_it_is_over(days: Days, others: Others) -> None:
    days.note(DAY + 1, OTHER)
    send(days, HOST, DAY)
    assert others.handed == []
    for _ in range(2):
        send(days, HOST, DAY + 1)
        assert others.handed == ALL
        assert days.noted() == [DAY + 1]
    send(days, HOST, DAY + 2)
    assert others.handed == [*ALL, (OTHERS, name("example.org", DAY + 1))]
    assert list(days.folder.iterdir()) == []


def test_what_is_not_taken_is_tried_again_and_the_rest_is_not(
    days: Days, others: Others, caplog: pytest.LogCaptureFixture
) -> None:
    others.away = {WEB}
    for today in (DAY + 1, DAY + 1, DAY + 2):
        send(days, HOST, today)
        assert others.handed == ALL[:2]
        assert days.noted() == [DAY]
    assert caplog.text.count("not handed over: ") == 3
    others.away = set()
    send(days, HOST, DAY + 3)
    assert others.handed == ALL
    assert list(days.folder.iterdir()) == []


def test_it_is_dropped_after_two_more_days(
    days: Days, others: Others, caplog: pytest.LogCaptureFixture
) -> None:
    others.away = {WEB}
    for today in (DAY + 1, DAY + 2):
        send(days, HOST, today)
    assert "dropped" not in caplog.text
    send(days, HOST, DAY + 3)
    assert caplog.text.count("dropped: ") == 1
    assert f"dropped: domain=example.net day=2026-11-27 to={WEB}" in caplog.text
    assert list(days.folder.iterdir()) == []


def test_what_is_older_is_nobodys_news(
    days: Days, others: Others, caplog: pytest.LogCaptureFixture
) -> None:
    """The server was off for a week."""
    send(days, HOST, DAY + 4)
    assert others.handed == []
    assert caplog.text.count("dropped: ") == 3
    assert list(days.folder.iterdir()) == []


def test_a_record_that_names_nobody(tmp_path: Path, others: Others) -> None:
    days = Days(tmp_path)
    days.note(DAY, Session("example.net", "v=TLSRPTv1; rua=x", {}, [], failed=False))
    send(days, HOST, DAY + 1)
    assert (others.handed, days.noted()) == ([], [])


def test_mail_is_handed_to_postfix(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[list[str], str]] = []

    def run(words: list[str], _seconds: float, *, given: str) -> Ended:
        ran.append((words, given))
        return Ended("", "")

    monkeypatch.setattr(letter, "run", run)
    monkeypatch.setattr(sending, "_posted", lambda _report, _uri: "")
    send(days, HOST, DAY + 1)
    options = ["-f", "tls-reports@reports.invalid", "-N", "never"]
    assert [words for words, _ in ran] == [["sendmail", "-i", "-t", *options]] * 2
    assert "\nTo: tls@example.net\n" in ran[0][1]


@pytest.mark.parametrize("program", ["", "#!/bin/sh\ncat >/dev/null\nexit 75\n"])
def test_while_postfix_takes_nothing_it_waits(
    days: Days, program: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether it says why or not."""
    sendmail = days.folder / "sendmail"
    if program:
        sendmail.write_text(program)
        sendmail.chmod(0o755)
    monkeypatch.setenv("PATH", f"{days.folder}:/bin" if program else "/nonexistent")
    monkeypatch.setattr(sending, "_posted", lambda _report, _uri: "")
    send(days, HOST, DAY + 1)
    said = "sendmail: exit 75" if program else "sendmail is not here"
    assert caplog.text.count(f"why='{said}'") == 2
    assert days.noted() == [DAY]


# --- Over HTTPS ---


class Page(BaseHTTPRequestHandler):
    """Who takes reports, or sends them elsewhere."""

    taken: list[tuple[str, str | None, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append((self.path, self.headers["Content-Type"], body))
        codes = {"/tls": 200, "/made": 201, "/elsewhere": 302, "/gone": 404}
        self.send_response(codes[self.path])
        self.send_header("Location", "/tls")
        self.end_headers()

    do_GET = do_POST  # noqa: N815 (http.server wants it so)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(pem: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    Page.taken = []
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"https://localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A web server whose certificate is trusted."""
    pem = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with serving(pem) as address:
        yield address


[REPORT] = reports_on([(GOOD, 1)], DAY, HOST)


@pytest.mark.parametrize("path", ["/tls", "/made"])
def test_a_report_is_posted(web: str, path: str) -> None:
    assert sending._posted(REPORT, f"{web}{path}") == ""  # noqa: SLF001 (the other end is real)
    [(at, kind, body)] = Page.taken
    assert (at, kind) == (path, "application/tlsrpt+gzip")
    assert json.loads(gzip.decompress(body)) == REPORT.plain()


@pytest.mark.parametrize(("path", "why"), [("/elsewhere", "302"), ("/gone", "404")])
def test_it_goes_where_the_domain_said_or_nowhere(web: str, path: str, why: str) -> None:
    assert why in sending._posted(REPORT, f"{web}{path}")  # noqa: SLF001 (as above)
    assert [at for at, *_ in Page.taken] == [path]


def test_it_goes_to_nobody_who_cannot_prove_himself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path, "example.org")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with serving(pem) as address:
        why = sending._posted(REPORT, f"{address}/tls")  # noqa: SLF001 (as above)
    assert "CERTIFICATE_VERIFY_FAILED" in why
    assert Page.taken == []


@pytest.mark.parametrize(
    "uri",
    [
        "https://localhost:1/",
        "https://localhost:x/",
        "https://[::1/",
        "https://nobody.invalid/",
        "https:///",
    ],
)
def test_whatever_strangers_write(uri: str) -> None:
    assert sending._posted(REPORT, uri)  # noqa: SLF001 (as above)
