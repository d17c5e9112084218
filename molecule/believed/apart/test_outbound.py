"""Mail leaves over the TLS that the other side asks for, and otherwise over what it offers."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from destination import Destination
from inside import wait_until
from messages import letter, token
from posting import answer_to
from probe import Server
from publishing import ANOTHER_KEY, Zones, domains_of

# Each takes mail for one server with one certificate; what they publish of it differs.
PLAIN = "plain.test"
DANE, WRONG_DANE = "right.signed.test", "wrong.signed.test"
POLICY, WRONG_POLICY = "sts.test", "broken.test"
DANE_AND_WRONG_POLICY, WRONG_DANE_AND_POLICY = "bothright.signed.test", "bothwrong.signed.test"
FORGED = "forged.test"

SERVICES = ["postfix-mta-sts-resolver", "mailpopbox-tls-policies"]
POLICIES = "socketmap:unix:/run/mta-sts/policies.sock:postfix"
ASKED = "socketmap:unix:/var/spool/postfix/mailpopbox/tls-policies.sock:mailpopbox"
POSTFIX_SAYS = ["tls-policies.sock", "smtp_tls_policy_maps", "TLS policy"]
# Who cannot be asked where mail goes cannot be asked for a wish for reports either.
NO_REPORTS = "TLSRPT support: policy lookup failed"


@pytest.fixture(autouse=True)
def _nothing_stays(server: Server) -> Iterator[None]:
    """Take back what waits, so that no other test finds it."""
    yield
    for message in server.queue():
        server.run("postsuper", "-d", message["queue_id"])


def send(server: Server, domain: str) -> str:
    """Write to somebody there, and return the address, which is no other's."""
    address = f"{token()}@{domain}"
    mail = letter("Hello", sender=server.mailbox().login, to=address)
    assert answer_to(server, mail).startswith("250")
    return address


def waits(server: Server, address: str) -> str:
    """Return why a message waits, once it does."""

    def why() -> str | None:
        recipients = [each for message in server.queue() for each in message["recipients"]]
        reasons = [each.get("delay_reason") for each in recipients if each["address"] == address]
        return next(filter(None, reasons), None)

    return wait_until("reason to wait", why)


def way(server: Server, address: str) -> str:
    """Return what Postfix logged of the TLS that a message left over."""

    def said() -> str | None:
        log = server.journal(time.time() - 120)
        sent = re.findall(rf"smtp\[(\d+)\]: .*to=<{re.escape(address)}>.* status=sent", log)
        pattern = r"smtp\[%s\]: (\w+) TLS connection established to (\S+)\["
        found = [each for pid in sent for each in re.findall(pattern % pid, log)]
        return " ".join(found[-1]) if found else None

    return wait_until("line on TLS", said)


def test_nothing_is_published(server: Server, far: Destination) -> None:
    address = send(server, PLAIN)
    far.wait_for(address)
    assert way(server, address) == "Trusted mx.far.test"


@pytest.mark.parametrize(
    ("domain", "host"),
    [
        (DANE, "mx.right.signed.test"),
        (POLICY, "mx.far.test"),
        (DANE_AND_WRONG_POLICY, "mx.right.signed.test"),
    ],
)
def test_what_is_published_holds(server: Server, far: Destination, domain: str, host: str) -> None:
    address = send(server, domain)
    far.wait_for(address)
    assert way(server, address) == f"Verified {host}"


@pytest.mark.parametrize(
    ("domain", "why", "said"),
    [
        (WRONG_DANE, "Server certificate not verified", "no matching DANE TLSA records"),
        (WRONG_POLICY, "Server certificate not verified", "TLS connection established to mx.cheap"),
        # The policy is kept, but DANE counts.
        (WRONG_DANE_AND_POLICY, "Server certificate not verified", "no matching DANE TLSA records"),
        # Who answers for it is not who vouches for it.
        (FORGED, "Host or domain name not found", "name=forged.test type=MX"),
    ],
)
def test_what_is_published_does_not_hold(
    server: Server, far: Destination, domain: str, why: str, said: str
) -> None:
    begin = time.time()
    with server.provoking(NO_REPORTS):
        address = send(server, domain)
        assert why in waits(server, address)
    assert said in server.journal(begin)
    assert not far.has(address)


@pytest.mark.alone
def test_what_the_other_server_prints_holds(server: Server, other: Server) -> None:
    """What it publishes of its TLS, from `mailpopbox dns`: by DANE, where its zone is signed."""
    for domain in domains_of(other):
        address = send(server, domain)
        assert way(server, address) == f"Verified {other.hostname}"
        is_signed = domain == domains_of(other)[0]
        expected = "dane-only" if is_signed else f"secure match={other.hostname} "
        assert server.run("postmap", "-q", domain, ASKED).stdout.startswith(expected)


@pytest.mark.alone
def test_another_key_than_the_other_server_prints(
    server: Server, other: Server, zones: Zones
) -> None:
    domain = domains_of(other)[0]
    with zones.changed(domain, ANOTHER_KEY):
        # Its processes remember what they have looked up.
        server.run("postfix", "reload")
        address = send(server, domain)
        assert "Server certificate not verified" in waits(server, address)
    server.run("postfix", "reload")
    server.deliver_all()
    assert way(server, address) == f"Verified {other.hostname}"


def test_the_other_side_of_mta_sts_alone_would_do(server: Server) -> None:
    """So it is DANE that keeps the mail back, not a policy that is not found."""
    ask = ["postmap", "-q", WRONG_DANE_AND_POLICY, POLICIES]
    assert server.run(*ask).stdout.startswith("secure match=mx.wrong.signed.test")


@contextmanager
def stopped(server: Server, service: str) -> Iterator[None]:
    server.run("systemctl", "stop", service)
    try:
        yield
    finally:
        server.run("systemctl", "start", service)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("domain", [PLAIN, POLICY])
def test_while_no_policy_can_be_known_mail_waits(
    server: Server, far: Destination, service: str, domain: str
) -> None:
    with server.provoking(*POSTFIX_SAYS, "no TLS policy for"):
        with stopped(server, service):
            address = send(server, domain)
            assert waits(server, address) == "client TLS configuration problem"
            assert not far.has(address)
        server.try_again()
        far.wait_for(address)


@pytest.mark.parametrize("service", SERVICES)
def test_killed_it_comes_back(server: Server, far: Destination, service: str) -> None:
    with server.provoking(service, *POSTFIX_SAYS, "no TLS policy for"):
        server.kill(service)
        address = send(server, POLICY)
        far.wait_for(address)
        assert way(server, address) == "Verified mx.far.test"


def test_without_the_resolver_mail_waits(server: Server, far: Destination) -> None:
    hostname = "hostname .* does not resolve"
    with server.provoking("unbound", "no TLS policy for", "DNSSEC", hostname, NO_REPORTS):
        with stopped(server, "unbound"):
            address = send(server, DANE)
            assert waits(server, address)
        server.try_again()
        far.wait_for(address)


def test_it_does_not_matter_whom_the_host_asks(server: Server, far: Destination) -> None:
    """Debian copies /etc/resolv.conf to where Postfix would read it, at once when that changes."""
    path = "/var/spool/postfix/etc/resolv.conf"
    write = f"echo nameserver 198.18.10.53 >{path}.new && mv {path}.new {path} && postfix reload"
    server.run("sh", "-c", write)
    address = send(server, WRONG_DANE)
    assert "Server certificate not verified" in waits(server, address)
    assert not far.has(address)
    address = send(server, DANE)
    far.wait_for(address)


def test_a_policy_is_kept_over_a_restart(server: Server, far: Destination) -> None:
    """Or mail would leave unprotected while somebody keeps the domain's web server away."""
    domain = f"kept{server.release}.test"
    ask = ["postmap", "-q", domain, POLICIES]
    before = server.run(*ask).stdout
    assert before.startswith("secure match=mx.far.test")
    folder = f"/srv/mta-sts.{domain}"
    far.host.run("mv", folder, f"{folder}.away")
    try:
        server.run("systemctl", "restart", "postfix-mta-sts-resolver")
        assert server.run(*ask).stdout == before
    finally:
        far.host.run("mv", f"{folder}.away", folder)
