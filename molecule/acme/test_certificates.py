"""The authority's certificate is in force, stays so while renewal fails, and nobody is cut off."""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from deploying import Deployment, Scenario
from inside import wait_until
from probe import Server, tls

STARTTLS = ("smtp", "submission")
SERVICES = ("smtp", "submission", "submissions", "pop3s", "https")
SETTINGS = "/etc/mailpopbox/acme/certbot.ini"
# As the timer does.
LOOK_AFTER = ("systemctl", "start", "mailpopbox-acme.service")
# What failing certbots leave in the journal.
FAILURE = ("no certificate: ", "mailpopbox-acme.service", "certificate of the mail server")
HTTP: dict[str, Any] = {"mailpopbox_acme_challenge": "http", "mailpopbox_acme_credentials": {}}


def shown(server: Server, service: str = "pop3s", root: Path | None = None) -> bytes:
    """Return the certificate that a client is shown, once it has verified it by the root."""
    context = tls(server.hostname, root)
    with server.wire(service, context=context, greeted=service != "https") as wire:
        if service in STARTTLS:
            wire.say("EHLO client.example.org")
            wire.start_tls()
        return wire.certificate


def described(server: Server, *wanted: str) -> str:
    """Return what openssl tells of the certificate that is in force."""
    file = "/etc/mailpopbox/tls/server.pem"
    return server.run("openssl", "x509", "-in", file, "-noout", *wanted).stdout


def certify(server: Server, *words: str) -> dict[str, Any]:
    done = server.run("mailpopbox", "certificate", "--json", *words, check=False, timeout=180)
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (1 if found["why"] else 0), done.stderr
    return found


def status(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        server.run("mailpopbox", "status", "--json", check=False).stdout
    )
    return found


def examined(server: Server) -> list[str]:
    """Return what the doctor says is wrong with the certificate."""
    done = server.run("mailpopbox", "doctor", "--json", "--only", "certificate", check=False)
    findings = json.loads(done.stdout)["findings"]
    return [each["sentence"] for each in findings if each["state"] == "bad"]


@contextmanager
def replaced(server: Server, path: str, *commands: str) -> Iterator[None]:
    """Edit a file by sed, in place, and put back in the end what stood there."""
    before = server.run("cat", path).stdout
    options = [word for command in commands for word in ("-e", command)]
    # Some of them are mounts and cannot be replaced, only written to.
    edit = 'file=$1; shift; text=$(sed "$@" "$file") && printf "%s\\n" "$text" >"$file"'
    server.run("sh", "-c", edit, "sh", path, *options)
    try:
        yield
    finally:
        server.run("sh", "-c", 'cat >"$1"', "sh", path, stdin=before)


@contextmanager
def cut_off(server: Server) -> Iterator[None]:
    """Let the server not reach the authority."""
    with replaced(server, "/etc/hosts", "s/^198.18.20.53/198.18.20.99/"):
        yield


@pytest.mark.parametrize("service", SERVICES)
def test_clients_verify_it(server: Server, service: str, root: Path) -> None:
    assert shown(server, service, root)


def test_it_has_all_names_and_a_small_key(server: Server) -> None:
    names = described(server, "-ext", "subjectAltName")
    for name in (server.hostname, *server.setting("acme_names")):
        assert f"DNS:{name}" in names
    assert "prime256v1" in described(server, "-text")


def test_what_is_private_is_closed(server: Server) -> None:
    folder = "/var/lib/mailpopbox-acme"
    keys = server.run("find", folder, "-name", "privkey*.pem", "-type", "f", "-printf", "%m %u\n")
    assert set(keys.stdout.splitlines()) == {"600 root"}
    for path in ("/archive", "/accounts"):
        found = server.run("find", folder, "-path", f"*{path}", "-printf", "%m\n").stdout.split()
        assert set(found) == {"700"}
    for key, value in server.setting("acme_credentials").items():
        if "secret" in key:
            search = "grep -rlF --file=- /etc /var/log /var/lib/mailpopbox-acme"
            holding = server.run("sh", "-c", search, stdin=f"{value}\n").stdout.split()
            assert holding == ["/etc/mailpopbox/acme/credentials.ini"]
            assert server.run("stat", "-c", "%a %U", *holding).stdout == "600 root\n"
            assert value not in server.run("journalctl", "--output=cat").stdout


def test_a_second_look_keeps_it(server: Server) -> None:
    before = shown(server)
    assert certify(server) | {"expires": ""} == {
        "new": False,
        "why": "",
        "expires": "",
        "self_signed": False,
    }
    server.run(*LOOK_AFTER)
    assert shown(server) == before
    assert status(server)["problems"] == []


def test_a_forced_renewal_drops_nobody(server: Server, root: Path) -> None:
    before, mailbox = shown(server), server.mailbox()
    with ExitStack() as sessions:
        pop3 = sessions.enter_context(server.wire("pop3s"))
        pop3.say_all([f"USER {mailbox.login}", f"PASS {mailbox.password}"])
        submission = sessions.enter_context(server.wire("submissions"))
        submission.say_all(["EHLO client.example.org", f"AUTH PLAIN {mailbox.auth_plain}"])
        https = sessions.enter_context(server.wire("https", greeted=False))
        https.send(b"GET /apple.mobileconfig HTTP/1.1\r\n")

        assert certify(server, "--force")["new"]
        for service in SERVICES:
            wait_until(f"new {service}", lambda: shown(server, service, root) != before)  # noqa: B023

        https.send(f"Host: {server.hostname}\r\n\r\n".encode())
        assert https.line() == "HTTP/1.1 200 OK"
        # Left to itself, Dovecot would end old sessions six seconds after a reload.
        end = time.monotonic() + 8
        while time.monotonic() < end:
            assert pop3.say("NOOP").startswith("+OK")
        assert pop3.say("STAT").startswith("+OK")
        assert submission.say(f"MAIL FROM:<{mailbox.login}>").startswith("250")


@contextmanager
def short_lived(server: Server) -> Iterator[None]:
    """Let the server have a certificate of twenty days, from an authority that gives no other."""
    with replaced(server, SETTINGS, "s/:14000/:14001/", "s/-14000-/-14001-/g"):
        found = certify(server)
        assert (found["new"], found["why"]) == (True, "")
        yield
    assert certify(server)["why"] == ""


def test_a_failure_is_told_until_it_is_over(server: Server) -> None:
    before = len(server.letters())
    broken, renewed = (
        f"{server.hostname}: the certificate {what}" for what in ("cannot be renewed", "is renewed")
    )
    with short_lived(server), server.provoking(*FAILURE):
        in_force = shown(server)
        with cut_off(server):
            assert certify(server, "--force")["why"]
            assert server.letters()[before:] == [broken]
            # The timer tries again, since it failed, and does not repeat itself.
            assert server.run(*LOOK_AFTER, check=False).returncode != 0
            assert server.letters()[before:] == [broken]
            (problem,) = status(server)["problems"]
            assert problem.startswith("the certificate cannot be renewed: ")
            assert "acme.example.net" in problem
            assert f"{problem[0].upper()}{problem[1:]}." in examined(server)
        # Another failure is told at once: a name that leads nowhere.
        with replaced(server, SETTINGS, "s/^domains = .*/&,nowhere.example.org/"):
            assert server.run(*LOOK_AFTER, check=False).returncode != 0
            assert server.letters()[before:] == [broken] * 2
            (problem,) = status(server)["problems"]
            assert "nowhere.example.org" in problem
        assert shown(server) == in_force

        server.run(*LOOK_AFTER)
        assert server.letters()[before:] == [broken, broken, renewed]
        assert status(server)["problems"] == []
        assert examined(server) == []
        server.run(*LOOK_AFTER)
        assert server.letters()[before:] == [broken, broken, renewed]


def test_long_before_its_end_nobody_is_written_to(server: Server) -> None:
    before = server.letters()
    with server.provoking(*FAILURE):
        with cut_off(server):
            assert certify(server, "--force")["why"]
            (problem,) = status(server)["problems"]
            assert problem.startswith("the certificate cannot be renewed: ")
        server.run(*LOOK_AFTER)
    assert server.letters() == before
    assert status(server)["problems"] == []


def serves_nothing(server: Server) -> None:
    """See that nothing is left of the web server."""
    assert server.run("ss", "-Hltn", "sport = :443").stdout == ""
    enabled = server.run("systemctl", "is-enabled", "nginx", check=False)
    assert enabled.stdout == "disabled\n"
    assert server.run("find", "/etc/mailpopbox/web", "-type", "f").stdout == ""
    assert "nginx" not in status(server)["services"]
    records = server.run("mailpopbox", "dns", "--values").stdout
    assert "mta-sts" not in records
    assert "autoconfig" not in records


def recap(server: Server, run: Deployment) -> int:
    """Return how much a run of the playbook changed."""
    assert run.rc == 0, run.output
    return run.recap[server.name].changed


def test_the_first_run_comes_before_the_authority_can(
    server: Server, scenario: Scenario, root: Path
) -> None:
    """And the other challenge than before; from a host on which no authority was asked.

    Nor was there a web server.
    """
    none = HTTP | {"mailpopbox_acme_email": "", "mailpopbox_acme_names": []}
    none |= {"mailpopbox_tls": "selfsigned", "mailpopbox_web": False}
    assert recap(server, scenario.deploy(none))
    serves_nothing(server)
    own = shown(server)
    with pytest.raises(ssl.SSLCertVerificationError), server.provoking("TLS library problem"):
        shown(server, root=root)
    assert status(server)["renewal"] is None
    assert server.run("ls", "/etc/mailpopbox/acme").stdout == ""
    timer = server.run("systemctl", "is-enabled", "mailpopbox-acme.timer", check=False)
    assert timer.stdout == "disabled\n"
    server.run("sh", "-c", "rm -r /var/lib/mailpopbox-acme/*")

    # One of the two servers has them.
    credentials = scenario.variables["acme-12"]["mailpopbox_acme_credentials"]
    dns = {"mailpopbox_acme_challenge": "dns-rfc2136", "mailpopbox_acme_credentials": credentials}
    other = HTTP if server.setting("acme_challenge") != "http" else dns
    with cut_off(server):
        run = scenario.deploy(other, None, "--diff", "-vvv")
        assert recap(server, run)
        assert "THE CERTIFICATE IS SELF-SIGNED" in run.output
        assert credentials["dns_rfc2136_secret"] not in run.output
        assert shown(server) == own
        (problem,) = status(server)["problems"]
        assert problem.startswith("the certificate is self-signed until the authority gives one: ")
    # Nobody does anything; some time later, the timer comes.
    server.run(*LOOK_AFTER)
    wait_until("certificate by the authority", lambda: shown(server) != own)
    assert shown(server, root=root)
    assert status(server)["problems"] == []

    assert recap(server, scenario.deploy())
    assert shown(server, root=root)
