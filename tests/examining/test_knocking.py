"""Asking the ports of a mail server: as they should be, and as they fail."""

import poplib
import smtplib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from mailpopbox.doctor.doors import Outside, Spoken, Trick, tricks
from mailpopbox.doctor.web import Fetched, Page
from mailpopbox.examining import knocking
from mailpopbox.found import Unknown
from speakers import Speaker, certificate, speaking

STARTTLS = {"EHLO": "250-mx.example.com\r\n250 STARTTLS", "STARTTLS": "220 go"}
POP3 = "+OK Dovecot ready."
HOST = "mx.example.com"
Serve = Callable[[Mapping[int, Speaker]], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, pem: Path) -> Serve:
    @contextmanager
    def served(speakers: Mapping[int, Speaker]) -> Iterator[None]:
        with speaking(speakers, pem) as shift, monkeypatch.context() as patch:
            patch.setattr(knocking, "_SHIFT", shift)
            patch.setattr(knocking, "_SECONDS", 0.5)
            patch.setattr(knocking, "_SECONDS_OUTSIDE", 0.5)
            yield

    return served


SMTP = Speaker(answers=STARTTLS)
SMTPS = Speaker(tls="start")
POP3S = Speaker(POP3, otherwise="+OK", tls="start")
STLS = Speaker(POP3, otherwise="+OK", answers={"CAPA": "+OK\r\nSTLS\r\n."})
HTTPS = Speaker(None, tls="start", pages={f"{HOST}/there": "text"})
ALL = {25: SMTP, 465: SMTPS, 995: POP3S, 110: STLS, 443: HTTPS}


def test_ports_that_answer(serve: Serve) -> None:
    with serve(ALL):
        assert [knocking.answering(port, HOST) for port in ALL] == [""] * 5


def test_ports_that_do_not(serve: Serve) -> None:
    speakers = {
        25: Speaker("421 4.7.0 Too many connections"),
        465: Speaker(None, tls="start"),
        587: Speaker("554 5.7.1 no\r\n"),
    }
    with serve(speakers):
        assert [knocking.answering(port, HOST) for port in speakers] == [
            "421 4.7.0 Too many connections",
            "no answer in time",
            "554 5.7.1 no",
        ]
    assert knocking.answering(1, HOST) in {"connection refused", ""}


def test_versions(serve: Serve) -> None:
    with serve(ALL):
        assert {knocking.spoken(port, HOST) for port in ALL} == {Spoken("TLSv1.3")}
    old = ssl.TLSVersion.MINIMUM_SUPPORTED
    with serve({25: Speaker(answers=STARTTLS, oldest=old), 587: Speaker(), 465: Speaker(None)}):
        assert knocking.spoken(25, HOST) == Spoken("TLSv1.3", "TLS 1.1")
        assert knocking.spoken(587, HOST) == Spoken("")
        assert isinstance(knocking.spoken(465, HOST).modern, Unknown)


def test_the_certificate_that_is_shown(serve: Serve, pem: Path) -> None:
    block = pem.read_text().partition("-----END PRIVATE KEY-----")[2]
    with serve({25: SMTP, 587: Speaker()}):
        assert knocking.shown(25, HOST) == ssl.PEM_cert_to_DER_cert(block.strip())
        assert knocking.shown(587, HOST) is None


def test_pages(serve: Serve) -> None:
    with serve({443: HTTPS}):
        assert knocking.fetched(Page(HOST, "/there")) == Fetched("text")
        # Another name has other pages.
        for page in (Page(HOST, "/x"), Page("www.example.com", "/there")):
            assert knocking.fetched(page) == Fetched(why="the answer is 404")
        found = knocking.fetched(Page("refused.example.com", "/there"))
        assert "unrecognized name" in found.why.lower()
    with serve({443: SMTPS}):
        assert knocking.fetched(Page(HOST, "/there")).why
    assert knocking.fetched(Page(HOST, "/there")).why == "connection refused"


def test_a_client_without_tls_has_no_version() -> None:
    with pytest.raises(ssl.SSLError):
        knocking._tls_of(smtplib.SMTP())  # noqa: SLF001


def test_the_name_in_the_greeting(serve: Serve) -> None:
    with serve({25: SMTP}):
        assert knocking.name_in_greeting() == "mx.example.com"
    with serve({25: Speaker("554 no")}):
        assert knocking.name_in_greeting() == Unknown("554 no")


ALL_TRICKS = tricks("mx.example.com", "example.com")


def test_relays(serve: Serve) -> None:
    shut = Speaker(answers={"RCPT": "554 5.7.1 Relay access denied"})
    odd = Speaker(answers={"MAIL FROM:<>": "550 no", 'RCPT TO:<"': "250 ok", "RCPT": "554 no"})
    for speaker, expected in (
        (shut, []),
        (Speaker(), list(ALL_TRICKS)),
        (odd, [Trick("stranger@example.net", '"victim@example.org"@mx.example.com')]),
    ):
        with serve({25: speaker}):
            assert knocking.taken("127.0.0.1", ALL_TRICKS) == expected
            assert speaker.messages == []
    with serve({25: Speaker(answers={"MAIL": "454 4.3.0 later"})}):
        assert knocking.taken("127.0.0.1", ALL_TRICKS) == Unknown("454 4.3.0 later")
    with serve({25: Speaker(None)}):
        assert knocking.taken("127.0.0.1", ALL_TRICKS) == Unknown("no answer in time")


def test_the_outside(serve: Serve) -> None:
    with serve({25: SMTP}):
        assert knocking.reached("127.0.0.1") == Outside("127.0.0.1")
        assert knocking.reached("127.0.0.2") == Outside("127.0.0.2", "connection refused")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (smtplib.SMTPRecipientsRefused({"a": (550, b"5.1.1 no")}), "550 5.1.1 no"),
        (smtplib.SMTPResponseException(451, "later"), "451 later"),
        (poplib.error_proto(b"-ERR no"), "-ERR no"),
        (poplib.error_proto("-ERR EOF"), "-ERR EOF"),
        (poplib.error_proto(), "no answer"),
        (OSError(113, "No route to host"), "No route to host"),
        (smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), "Connection unexpectedly closed"),
        (OSError(), "OSError"),
    ],
)  # fmt: skip
def test_reasons(error: Exception, reason: str) -> None:
    assert knocking.why(error) == reason


@contextmanager
def milter(folder: Path, answer: bytes) -> Iterator[Path]:
    path = folder / "milter.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.recv(64)
                sock.sendall(answer)
                sock.recv(64)

        thread = threading.Thread(target=serve)
        thread.start()
        yield path
        thread.join()


def test_milters(tmp_path: Path) -> None:
    with milter(tmp_path, struct.pack("!IcIII", 13, b"O", 6, 1, 1)) as path:
        assert knocking.milter_trouble(path) == ""
    path.unlink()
    with milter(tmp_path, b"220 mx.example.com") as path:
        assert knocking.milter_trouble(path) == "it says something else than a milter"
    assert knocking.milter_trouble(path) == "connection refused"


@contextmanager
def clock(patch: pytest.MonkeyPatch, ahead: float, stratum: int = 3) -> Iterator[None]:
    """Tell the time by NTP, so many seconds wrong."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        patch.setattr(knocking, "_NTP", sock.getsockname()[1])
        patch.setattr(knocking, "_SECONDS_OUTSIDE", 0.5)

        def serve() -> None:
            _, client = sock.recvfrom(64)
            seconds = int(time.time() + ahead) + 2_208_988_800
            told = struct.pack("!II", seconds, 1 << 31)
            sock.sendto(bytes([0x24, stratum]) + bytes(38) + told, client)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


def test_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    with clock(monkeypatch, 3600):
        ahead = knocking.seconds_ahead("127.0.0.1")
    assert not isinstance(ahead, Unknown)
    assert -3602 < ahead < -3598
    with clock(monkeypatch, 0, stratum=0):
        assert knocking.seconds_ahead("127.0.0.1") == Unknown("127.0.0.1 tells no time")
    assert knocking.seconds_ahead("127.0.0.1") == Unknown("127.0.0.1: connection refused")
