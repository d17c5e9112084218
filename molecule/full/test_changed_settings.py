"""Settings are changed and the playbook run again: it does what they say, and no more."""

import poplib
import ssl
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from deploying import Deployment, Scenario
from messages import letter, token
from probe import Server
from web import POLICY, ask, served

OLD, NEW, BOBS = "a password with spaces", "Entirely-new-5432", "Changed-as-well-1"
ALICE = {
    "login": "alice@example.com",
    "domains": ["example.com", "added.test"],
    "addresses": ["alice@only.test"],
    "password": NEW,
}
REST: list[dict[str, Any]] = [
    {"login": "bob@example.net", "domains": ["example.net"], "password": BOBS},
    {"login": "outside@elsewhere.test", "addresses": ["outside@elsewhere.test"]},
]
CHANGES = {
    "mailpopbox_hostname": "new-{{ inventory_hostname }}.example.com",
    "mailpopbox_mailboxes": [ALICE, *REST],
    "mailpopbox_tls": "selfsigned",
    "mailpopbox_tls_certificate": "",
    "mailpopbox_tls_key": "",
    "mailpopbox_mta_sts_policy": "testing",
}


@pytest.fixture(scope="module")
def changed(scenario: Scenario) -> Iterator[Deployment]:
    """Deploy the changes, with everything said aloud, and in the end what was before."""
    yield scenario.deploy(CHANGES, None, "--diff", "-vvv")
    back = scenario.deploy()
    assert back.rc == 0, back.output


@pytest.fixture
def new(server: Server, changed: Deployment) -> Server:
    """The server with its new settings."""
    assert changed.rc == 0, changed.output
    name = CHANGES["mailpopbox_hostname"]
    assert isinstance(name, str)
    variables = {
        **server.variables,
        **CHANGES,
        "mailpopbox_hostname": name.replace("{{ inventory_hostname }}", server.name),
    }
    return replace(server, variables=variables)


def answer_to(server: Server, address: str) -> str:
    with server.wire("smtp") as wire:
        wire.say("EHLO client.example.org")
        wire.say("MAIL FROM:<friend@example.org>")
        return wire.say(f"RCPT TO:<{address}>")


def test_no_secret_is_shown(scenario: Scenario, changed: Deployment) -> None:
    """Not even to those who ask for differences and all details."""
    assert "+added.test" in changed.output
    secrets = {NEW, BOBS, "$2y$"}
    secrets |= {box.password for server in scenario.servers for box in server.mailboxes}
    assert [secret for secret in secrets if secret in changed.output] == []


def test_a_removed_domain_is_refused_again(new: Server) -> None:
    for gone in ("anyone@xn--bcher-kva.example", "anyone@shop.test"):
        assert answer_to(new, gone).startswith(("550", "554")), gone


def test_a_removed_address_is_refused_or_falls_to_the_catch_all(new: Server) -> None:
    assert answer_to(new, "sales-1@only.test").startswith("550 5.1.1")
    word = token()
    new.send(letter(word), to="hello@example.com")
    new.wait_for_message("alice@example.com", word)


def test_an_added_domain_arrives(new: Server) -> None:
    word = token()
    new.send(letter(word), to="anyone@added.test")
    new.wait_for_message("alice@example.com", word)


def test_an_unblocked_address_arrives(new: Server) -> None:
    word = token()
    new.send(letter(word), to="leaked@example.com")
    new.wait_for_message("alice@example.com", word)


def test_the_new_password_works(new: Server) -> None:
    with new.pop3("alice@example.com", NEW):
        pass
    with new.smtp("submissions", "alice@example.com", NEW):
        pass


def test_the_old_password_no_longer_works(new: Server) -> None:
    mailbox = replace(new.mailbox("alice@example.com"), password=OLD)
    with pytest.raises(poplib.error_proto), new.pop3(mailbox.login, OLD):
        pass
    new.restart_dovecot()
    with new.provoking("SASL PLAIN authentication failed"), new.wire("submissions") as wire:
        wire.say("EHLO client.example.org")
        assert wire.say(f"AUTH PLAIN {mailbox.auth_plain}").startswith("535")
    new.restart_dovecot()


def test_the_new_name_is_used(new: Server) -> None:
    with new.wire("smtp", greeted=False) as wire:
        assert wire.answer() == f"220 {new.hostname} ESMTP"
    word = token()
    mail = letter(word, sender="me@example.com", to="you@example.com")
    new.send(mail, service="submissions", login="alice@example.com")
    message = new.wait_for_message(None, word)
    assert str(message["Received"]).startswith(f"by {new.hostname} (Postfix) id ")


def test_the_new_name_gets_a_certificate(new: Server) -> None:
    path = "/etc/mailpopbox/tls/server.pem"
    for name in {new.hostname, *(name for name, _ in served(new))}:
        done = new.run("openssl", "x509", "-in", path, "-noout", "-checkhost", name)
        assert "does match" in done.stdout, name
    pem = new.run("openssl", "x509", "-in", "/etc/mailpopbox/tls/server.pem").stdout
    with new.wire("pop3s") as wire:
        assert wire.certificate == ssl.PEM_cert_to_DER_cert(pem)


def test_what_nobody_would_believe_is_not_served(new: Server) -> None:
    """A policy for MTA-STS with a certificate that is self-signed."""
    for name, path in served(new):
        assert ask(new, name, path).status == 200
    with pytest.raises(ssl.SSLError):
        ask(new, "mta-sts.example.com", POLICY)
    zones = new.run("mailpopbox", "dns", "--values").stdout
    assert "autoconfig" in zones
    assert "mta-sts" not in zones
