"""Other domains are told how TLS fared when mail went there, if they ask for it (TLSRPT).

Postfix of Debian 13 tells of its sessions; that of Debian 12 logs them, which is read every hour.
"""

import gzip
import json
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from functools import partial
from typing import Any

import pytest
from destination import Destination
from inside import wait_until
from messages import letter, parse, token
from posting import Outsider, answer_to
from probe import Server

# Each publishes `_smtp._tls`, and what it keeps to or not.
POLICY, WRONG_POLICY = "sts.test", "broken.test"
DANE, WRONG_DANE = "right.signed.test", "wrong.signed.test"
OPEN = "open.test"
KEEPING, BREAKING = [POLICY, POLICY, DANE, OPEN], [WRONG_POLICY, WRONG_DANE]
ASKING = {*KEEPING, *BREAKING}

FOLDER = "/var/lib/mailpopbox-tls-reports"
SOCKET = "/var/spool/postfix/mailpopbox/tls-sessions.sock"
SERVICE = "mailpopbox-tls-reports.service"
SESSIONS = "mailpopbox-tls-sessions.service"
UNITS = {
    12: ["mailpopbox-tls-sessions.timer", "mailpopbox-tls-reports.timer"],
    13: ["mailpopbox-tls-sessions.socket", "mailpopbox-tls-reports.timer"],
}
# What was noted today becomes what was noted yesterday.
A_DAY_LATER = f"""
from datetime import date, timedelta
from pathlib import Path
for path in Path("{FOLDER}").glob("*.sessions"):
    day = date.fromisoformat(path.stem) - timedelta(days=1)
    path.rename(path.with_name(f"{{day}}.sessions"))
"""


@pytest.fixture(autouse=True)
def _nothing_stays(server: Server) -> Iterator[None]:
    """Take back what waits, so that no other test finds it."""
    yield
    for message in server.queue():
        server.run("postsuper", "-d", message["queue_id"])


@pytest.fixture
def reporting(server: Server, far: Destination) -> Server:
    """A server that can report, and has nothing to report yet, nor has it ever."""
    forget(server)
    far.host.run("rm", "-f", *far.copies(f"TLS-Report-Submitter: {server.hostname}"))
    return server


def forget(server: Server) -> None:
    note(server)
    server.run("sh", "-c", f"rm -f {FOLDER}/*.sessions {FOLDER}/*.sent")


def note(server: Server) -> None:
    """See to it that all sessions that have ended are noted."""
    if server.release == 12:
        server.run("systemctl", "start", SESSIONS)


def send(server: Server, domain: str) -> str:
    """Write to somebody there, and return the address, which is no other's."""
    address = f"{token()}@{domain}"
    mail = letter("Hello", sender=server.mailbox().login, to=address)
    assert answer_to(server, mail).startswith("250")
    return address


def printed(server: Server) -> dict[str, dict[str, Any]]:
    """Return the reports as the command shows them, by domain."""
    note(server)
    shown = json.loads(server.run("mailpopbox", "tls-reports", "--print").stdout)
    return {each["to"][0].partition("@")[2]: each["report"] for each in shown}


def counts(report: dict[str, Any]) -> tuple[int, int]:
    [policy] = report["policies"]
    summary = policy["summary"]
    return (
        summary["total-successful-session-count"],
        summary["total-failure-session-count"],
    )


def number_of_sessions(server: Server) -> int:
    return sum(map(sum, map(counts, printed(server).values())))


def reports_at(far: Destination, domain: str, by: Server) -> list[tuple[bytes, EmailMessage]]:
    """Return the reports that a server has sent there."""
    raw = map(far.host.read, far.copies(f"To: tls@{domain}"))
    found = [(each, parse(each)) for each in raw]
    return [each for each in found if each[1]["TLS-Report-Submitter"] == by.hostname]


def posted(far: Destination, by: Server) -> int:
    """Return how many reports a server has posted there."""
    log = far.host.run("cat", "/var/log/nginx/access.log").stdout
    lines = [line for line in log.splitlines() if line.startswith(f"{by.variables['_ip']} ")]
    return "\n".join(lines).count('"POST /tls HTTP/1.1" 201')


def test_what_happened_is_reported_once(
    reporting: Server, far: Destination, outsider: Outsider
) -> None:
    server, before = reporting, posted(far, reporting)
    for domain in [*KEEPING, *BREAKING]:
        send(server, domain)
    wait_until("six sessions", lambda: number_of_sessions(server) == 6)
    for message in server.queue():
        server.run("postsuper", "-d", message["queue_id"])

    # Nothing is sent of a day that goes on.
    server.run("systemctl", "start", SERVICE)
    assert printed(server).keys() == ASKING
    assert [reports_at(far, domain, server) for domain in ASKING] == [[]] * len(ASKING)

    server.python(A_DAY_LATER)
    server.run("systemctl", "start", SERVICE)
    for domain in ASKING:
        wait_until(f"report on {domain}", partial(reports_at, far, domain, server))
    server.run("systemctl", "start", SERVICE)
    assert printed(server) == {}
    # The reports tell of no session of their own, and leave none behind.
    time.sleep(2)
    assert printed(server) == {}
    assert server.run("find", FOLDER, "-name", "2*").stdout == ""

    found = {}
    for domain in ASKING:
        [(raw, made)] = reports_at(far, domain, server)
        found[domain] = examined(raw, made, domain, server, outsider)
    assert posted(far, server) == before + 1
    assert {domain: counts(report) for domain, report in found.items()} == {
        POLICY: (2, 0),
        DANE: (1, 0),
        OPEN: (1, 0),
        WRONG_POLICY: (0, 1),
        WRONG_DANE: (0, 1),
    }
    # How long it lasts is not told to Postfix of Debian 12.
    lasting = [] if server.release == 12 else ["max_age: 86400"]
    assert policy_of(found[POLICY]) == {
        "policy-type": "sts",
        "policy-string": [*lasting, "mode: enforce", "mx: mx.far.test", "version: STSv1"],
        "policy-domain": POLICY,
        "mx-host": ["mx.far.test"],
    }
    assert policy_of(found[OPEN]) == {"policy-type": "no-policy-found", "policy-domain": OPEN}
    assert policy_of(found[WRONG_POLICY])["policy-type"] == "sts"
    for domain, host in ((DANE, "mx.right.signed.test"), (WRONG_DANE, "mx.wrong.signed.test")):
        policy = policy_of(found[domain])
        assert (policy["policy-type"], policy["policy-domain"]) == ("tlsa", host)
        [record] = policy["policy-string"]
        assert record.startswith("3 1 1 ")
    mismatch = {
        "sending-mta-ip": server.variables["_ip"],
        "receiving-ip": "198.18.10.25",
        "failed-session-count": 1,
    } | ({} if server.release == 12 else {"receiving-mx-helo": "mx.far.test"})
    for domain, result, host in (
        (WRONG_POLICY, "certificate-host-mismatch", "mx.cheap.test"),
        (WRONG_DANE, "certificate-not-trusted", "mx.wrong.signed.test"),
    ):
        [failure] = found[domain]["policies"][0]["failure-details"]
        assert failure.items() >= mismatch.items()
        assert (failure["result-type"], failure["receiving-mx-hostname"]) == (result, host)


def test_nobody_else_is_led_where_reports_go(reporting: Server) -> None:
    """Mail of the host itself waits as everybody's does where TLS fails, and counts."""
    server = reporting
    mail = letter("Hello", sender=f"postmaster@{server.hostname}", to=f"{token()}@{WRONG_DANE}")
    server.run("sendmail", "-f", f"postmaster@{server.hostname}", "-t", stdin=mail.as_string())
    wait_until("session", lambda: number_of_sessions(server) == 1)
    assert counts(printed(server)[WRONG_DANE]) == (0, 1)
    assert len(server.queue()) == 1
    forget(server)


def policy_of(report: dict[str, Any]) -> dict[str, Any]:
    policy: dict[str, Any] = report["policies"][0]["policy"]
    return policy


def examined(
    raw: bytes, made: EmailMessage, domain: str, server: Server, outsider: Outsider
) -> dict[str, Any]:
    """Look at the message around a report, and return what it holds."""
    assert made["From"] == f"postmaster@{server.hostname}"
    assert made["Return-Path"] == f"<postmaster@{server.hostname}>"
    assert made["TLS-Report-Domain"] == domain
    assert made["TLS-Required"] == "No"
    assert made.get_content_type() == "multipart/report"
    assert server.mailbox().login.encode() not in raw
    signatures = outsider.signatures(raw)
    assert {each.algorithm for each in signatures} == {"rsa-sha256", "ed25519-sha256"}
    assert all(each.right and each.domain == server.hostname for each in signatures), signatures
    _, attachment = made.iter_parts()
    assert attachment.get_content_type() == "application/tlsrpt+gzip"
    report: dict[str, Any] = json.loads(gzip.decompress(attachment.get_content()))
    assert made["Subject"].endswith(f" Report-ID: <{report['report-id']}>")
    assert report["contact-info"] == made["From"]
    return report


@pytest.mark.debian(12)
def test_what_was_just_sent_is_in_the_reports(reporting: Server, far: Destination) -> None:
    """A report is not sent before all of its day is noted."""
    far.wait_for(send(reporting, POLICY))
    reporting.run("systemctl", "start", SERVICE)
    shown = json.loads(reporting.run("mailpopbox", "tls-reports", "--print").stdout)
    assert [counts(each["report"]) for each in shown] == [(1, 0)]
    forget(reporting)


# A certificate that was over long ago, and one of nobody's.
CERTIFICATES = """
cd /etc/ssl
make() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=mx.far.test \
        -addext subjectAltName=DNS:mx.far.test -addext basicConstraints=critical,CA:false "$@"
}
make -CA authority.crt -CAkey authority.key \
    -not_before 20200101000000Z -not_after 20210101000000Z -keyout over.key -out over.crt
make -days 30 -keyout nobodys.key -out nobodys.crt
"""


@pytest.fixture
def set_otherwise(far: Destination) -> Iterator[Callable[[str], None]]:
    """Give what changes a setting of the other side, until the end of the test."""
    far.host.run("sh", "-c", CERTIFICATES)
    main_cf = far.host.read("/etc/postfix/main.cf").decode()

    def change(setting: str) -> None:
        far.host.run("postconf", setting)
        far.host.run("systemctl", "restart", "postfix")

    yield change
    far.host.write("/etc/postfix/main.cf", main_cf)
    far.host.run("systemctl", "restart", "postfix")


@pytest.mark.alone
def test_what_goes_wrong_has_a_name(
    reporting: Server, set_otherwise: Callable[[str], None]
) -> None:
    server = reporting
    # That of Debian 13 calls it by the name that is for all the rest.
    untrusted = "certificate-not-trusted" if server.release == 12 else "validation-failure"
    for setting, result in (
        ("smtpd_tls_security_level = none", "starttls-not-supported"),
        ("smtpd_tls_security_level = may", ""),
        ("smtpd_tls_chain_files = /etc/ssl/over.key, /etc/ssl/over.crt", "certificate-expired"),
        ("smtpd_tls_chain_files = /etc/ssl/nobodys.key, /etc/ssl/nobodys.crt", untrusted),
        ("smtpd_tls_protocols = <=TLSv1.1", "validation-failure"),
    ):
        set_otherwise(setting)
        with server.provoking("TLS library problem"):
            send(server, POLICY)
            wait_until("session", lambda: number_of_sessions(server) == 1)
        report = printed(server)[POLICY]
        forget(server)
        assert policy_of(report)["policy-type"] == "sts"
        assert counts(report) == ((0, 1) if result else (1, 0)), setting
        failures = report["policies"][0].get("failure-details", [])
        assert len(failures) == bool(result)
        for failure in failures:
            assert (failure["result-type"], failure["receiving-mx-hostname"]) == (
                result,
                "mx.far.test",
            )
            addresses = (failure["sending-mta-ip"], failure["receiving-ip"])
            assert addresses == (server.variables["_ip"], "198.18.10.25")


def test_nobody_else_reads_or_writes_what_is_noted(reporting: Server) -> None:
    about = reporting.run("stat", "-c", "%a %U:%G", FOLDER).stdout
    assert about == "700 mailpopbox:mailpopbox\n"


def test_the_units_run(server: Server) -> None:
    states = server.run("systemctl", "is-active", *UNITS[server.release]).stdout.split()
    assert states == ["active", "active"]


@pytest.mark.debian(13)
def test_what_notes_sessions_comes_when_it_is_called(reporting: Server, far: Destination) -> None:
    """Killed, it loses nothing that it was told; and what it does not understand is no matter."""
    server = reporting
    service = "mailpopbox-tls-sessions.service"
    nonsense = f"import socket; socket.socket(socket.AF_UNIX, 2).sendto(b'hello', '{SOCKET}')"
    with server.provoking(service, "passed over"):
        server.run("systemctl", "kill", "--signal=KILL", service, check=False)
        server.python(nonsense)
        far.wait_for(send(server, POLICY))
        wait_until("session", lambda: POLICY in printed(server))
        server.run("systemctl", "kill", "--signal=KILL", service)
        far.wait_for(send(server, POLICY))
        wait_until("next session", lambda: counts(printed(server)[POLICY]) == (2, 0))
    forget(server)


@pytest.mark.debian(13)
def test_nobody_but_postfix_can_tell_it_anything(server: Server) -> None:
    assert server.run("stat", "-c", "%a %U:%G", SOCKET).stdout == "600 postfix:postfix\n"


@pytest.mark.debian(12)
def test_what_is_logged_is_read_once(reporting: Server, far: Destination) -> None:
    server = reporting
    for number in (1, 2):
        far.wait_for(send(server, POLICY))
        for _ in range(2):
            assert counts(printed(server)[POLICY]) == (number, 0)
    forget(server)


@pytest.mark.debian(12)
def test_while_no_policy_can_be_known_nothing_is_said(reporting: Server, far: Destination) -> None:
    """A session whose policy nobody can name is left out; those after it are not."""
    server = reporting
    far.wait_for(send(server, POLICY))
    begin = time.time()
    server.run("systemctl", "stop", "mailpopbox-tls-policies")
    try:
        note(server)
    finally:
        server.run("systemctl", "start", "mailpopbox-tls-policies")
    assert f"with mx.far.test for {POLICY} is not noted" in server.journal(begin)
    far.wait_for(send(server, POLICY))
    assert counts(printed(server)[POLICY]) == (1, 0)
    forget(server)
