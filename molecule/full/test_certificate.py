"""Replaced certificates take effect by themselves, and nobody is cut off."""

import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from inside import NETWORK_SECONDS, wait_until
from probe import Server, tls

MAKE = Path(__file__).parent / "make-certificate"
STARTTLS = ("smtp", "submission")


def shown(server: Server, service: str, name: str = "") -> bytes:
    """Return the certificate that a client is shown, once it has verified it."""
    context = tls(name or server.hostname, server.ca)
    with server.wire(service, context=context, greeted=service != "https") as wire:
        if service in STARTTLS:
            wire.say("EHLO client.example.org")
            wire.start_tls()
        return wire.certificate


@pytest.fixture
def new_pair(server: Server, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Make a certificate and a key for the server; put the old ones back in the end."""
    assert server.ca is not None
    for name in ("ca.crt", "ca.key"):
        (tmp_path / name).symlink_to(server.ca.with_name(name).resolve())
    subprocess.run([MAKE, server.hostname], cwd=tmp_path, check=True, timeout=NETWORK_SECONDS)
    certificate, key = (
        (tmp_path / f"{server.hostname}.{kind}").read_text() for kind in ("crt", "key")
    )
    before = {
        name: server.run("cat", server.setting(name)).stdout
        for name in ("tls_certificate", "tls_key")
    }
    old = shown(server, "pop3s")
    yield certificate, key
    for name, content in before.items():
        server.write(server.setting(name), content)
    wait_until("old certificate", lambda: shown(server, "pop3s") == old)


@pytest.mark.parametrize("service", ["smtp", "submission", "submissions", "pop3s"])
def test_clients_verify_it(server: Server, service: str) -> None:
    assert shown(server, service)
    refused = pytest.raises(ssl.SSLCertVerificationError)
    with server.provoking("TLS library problem"), refused:
        shown(server, service, name="mx.example.org")


def test_a_new_one_takes_effect_and_drops_nobody(server: Server, new_pair: tuple[str, str]) -> None:
    certificate, key = new_pair
    new = ssl.PEM_cert_to_DER_cert(certificate)
    mailbox = server.mailbox()
    with ExitStack() as sessions:
        pop3 = sessions.enter_context(server.wire("pop3s"))
        pop3.say_all([f"USER {mailbox.login}", f"PASS {mailbox.password}"])
        smtp = sessions.enter_context(server.wire("smtp"))
        smtp.say_all(["EHLO client.example.org", "MAIL FROM:<friend@example.org>"])
        submission = sessions.enter_context(server.wire("submissions"))
        submission.say_all(["EHLO client.example.org", f"AUTH PLAIN {mailbox.auth_plain}"])
        https = sessions.enter_context(server.wire("https", greeted=False))
        https.send(b"GET /apple.mobileconfig HTTP/1.1\r\n")

        server.write(server.setting("tls_certificate"), certificate)
        server.write(server.setting("tls_key"), key)
        for service in ("pop3s", "smtp", "submission", "submissions", "https"):
            wait_until(f"certificate on {service}", lambda: shown(server, service) == new)  # noqa: B023

        https.send(f"Host: {server.hostname}\r\n\r\n".encode())
        assert https.line() == "HTTP/1.1 200 OK"
        # Left to itself, Dovecot would end old sessions six seconds after a reload.
        end = time.monotonic() + 8
        while time.monotonic() < end:
            assert pop3.say("NOOP").startswith("+OK")
        assert smtp.say(f"RCPT TO:<{mailbox.login}>").startswith("250")
        assert submission.say(f"MAIL FROM:<{mailbox.login}>").startswith("250")


def test_a_key_that_does_not_fit_changes_nothing(server: Server, new_pair: tuple[str, str]) -> None:
    _, key = new_pair
    old = {service: shown(server, service) for service in ("pop3s", "smtp")}
    with server.provoking("install-certificate: ", "mailpopbox-certificate.service"):
        server.write(server.setting("tls_key"), key)
        wait_until("failed attempt", lambda: has_failed(server))
        server.run("systemctl", "reload", "dovecot")
        server.run("postfix", "reload")
    assert {service: shown(server, service) for service in old} == old


def has_failed(server: Server) -> bool:
    state = server.run("systemctl", "is-failed", "mailpopbox-certificate.service", check=False)
    return state.stdout == "failed\n"
