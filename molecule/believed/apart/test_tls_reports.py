"""Other domains are told how TLS fared when mail went there, if they ask for it (TLSRPT)."""

import gzip
import json
import time
from collections.abc import Iterator
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
KEEPING, BREAKING = [POLICY, POLICY, DANE], [WRONG_POLICY, WRONG_DANE]
ASKING = {*KEEPING, *BREAKING}

FOLDER = "/var/lib/mailpopbox-tls-reports"
SOCKET = "/var/spool/postfix/mailpopbox/tls-sessions.sock"
SERVICE = "mailpopbox-tls-reports.service"
UNITS = ["mailpopbox-tls-sessions.socket", "mailpopbox-tls-reports.timer"]
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
    server.run("sh", "-c", f"rm -f {FOLDER}/*")


def send(server: Server, domain: str) -> str:
    """Write to somebody there, and return the address, which is no other's."""
    address = f"{token()}@{domain}"
    mail = letter("Hello", sender=server.mailbox().login, to=address)
    assert answer_to(server, mail).startswith("250")
    return address


def printed(server: Server) -> dict[str, dict[str, Any]]:
    """Return the reports as the command shows them, by domain."""
    shown = json.loads(server.run("mailpopbox", "tls-reports", "--print").stdout)
    return {each["to"][0].partition("@")[2]: each["report"] for each in shown}


def counts(report: dict[str, Any]) -> tuple[int, int]:
    [policy] = report["policies"]
    summary = policy["summary"]
    return (
        summary["total-successful-session-count"],
        summary["total-failure-session-count"],
    )


def reports_at(far: Destination, domain: str, by: Server) -> list[tuple[bytes, EmailMessage]]:
    """Return the reports that a server has sent there."""
    raw = map(far.host.read, far.copies(f"To: tls@{domain}"))
    found = [(each, parse(each)) for each in raw]
    return [each for each in found if each[1]["TLS-Report-Submitter"] == by.hostname]


def posted(far: Destination) -> int:
    log = far.host.run("cat", "/var/log/nginx/access.log").stdout
    return log.count('"POST /tls HTTP/1.1" 201')


# Postfix of Debian 12 does not tell how TLS fared.
@pytest.mark.debian(13)
def test_what_is_told_is_reported_once(
    reporting: Server, far: Destination, outsider: Outsider
) -> None:
    server, before = reporting, posted(far)
    for domain in [*KEEPING, *BREAKING]:
        send(server, domain)
    wait_until("five sessions", lambda: sum(map(sum, map(counts, printed(server).values()))) == 5)
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
    assert server.run("ls", FOLDER).stdout == ""

    found = {}
    for domain in ASKING:
        [(raw, made)] = reports_at(far, domain, server)
        found[domain] = examined(raw, made, domain, server, outsider)
    assert posted(far) == before + 1
    assert {domain: counts(report) for domain, report in found.items()} == {
        POLICY: (2, 0),
        DANE: (1, 0),
        WRONG_POLICY: (0, 1),
        WRONG_DANE: (0, 1),
    }
    assert policy_of(found[POLICY]) == {
        "policy-type": "sts",
        "policy-string": ["max_age: 86400", "mode: enforce", "mx: mx.far.test", "version: STSv1"],
        "policy-domain": POLICY,
        "mx-host": ["mx.far.test"],
    }
    assert policy_of(found[WRONG_POLICY])["policy-type"] == "sts"
    for domain, host in ((DANE, "mx.right.signed.test"), (WRONG_DANE, "mx.wrong.signed.test")):
        policy = policy_of(found[domain])
        assert (policy["policy-type"], policy["policy-domain"]) == ("tlsa", host)
        [record] = policy["policy-string"]
        assert record.startswith("3 1 1 ")
    mismatch = {
        "sending-mta-ip": server.variables["_ip"],
        "receiving-mx-helo": "mx.far.test",
        "receiving-ip": "198.18.10.25",
        "failed-session-count": 1,
    }
    for domain, result, host in (
        (WRONG_POLICY, "certificate-host-mismatch", "mx.cheap.test"),
        (WRONG_DANE, "certificate-not-trusted", "mx.wrong.signed.test"),
    ):
        [failure] = found[domain]["policies"][0]["failure-details"]
        assert failure.items() >= mismatch.items()
        assert (failure["result-type"], failure["receiving-mx-hostname"]) == (result, host)


def policy_of(report: dict[str, Any]) -> dict[str, Any]:
    policy: dict[str, Any] = report["policies"][0]["policy"]
    return policy


def examined(
    raw: bytes, made: EmailMessage, domain: str, server: Server, outsider: Outsider
) -> dict[str, Any]:
    """Look at the message around a report, and return what it holds."""
    assert made["From"] == f"postmaster@{server.hostname}"
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
def test_nobody_but_postfix_can_tell_it_anything(reporting: Server) -> None:
    about = reporting.run("stat", "-c", "%a %U:%G", SOCKET, FOLDER).stdout.splitlines()
    assert about == ["600 postfix:postfix", "700 mailpopbox:mailpopbox"]


@pytest.mark.debian(12)
def test_where_postfix_tells_nothing_nothing_is_there(server: Server) -> None:
    main_cf = server.run("postconf", "-n").stdout
    assert "tlsrpt" not in main_cf
    states = server.run("systemctl", "is-active", *UNITS, check=False).stdout.split()
    assert states == ["inactive", "inactive"]
    assert server.run("test", "-e", SOCKET, check=False).returncode == 1
    assert printed(server) == {}
