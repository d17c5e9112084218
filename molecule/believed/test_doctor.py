"""`mailpopbox doctor`: all green where all is well, and each broken setup found, in plain words."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from posting import Outsider, answer_to, wait_for_rspamd
from probe import Host, Scenario, Server, letter, token, wait_until
from publishing import (
    BLOCKLIST,
    Change,
    Zones,
    printed_by,
    reverse_of,
    with_line,
    with_other,
    without,
)
from remembering import command

DOCTOR = "doctor@doctor.invalid"
LOGINS = "/etc/dovecot/doctor"
SERVICE = "mailpopbox-doctor.service"
MEMORY = "/var/lib/mailpopbox-doctor/state.json"
PEM = "/etc/mailpopbox/tls/server.pem"
KEYS = "/var/lib/mailpopbox/dkim"
LEDGER = "/var/lib/mailpopbox/ledger.sqlite"
# What it leaves in the journal that a port refuses old TLS, and what is stopped for a while.
TRACES = ("TLS library problem", "SSL_accept", "[Mm]ilter", "SASL", "Connection refused", "auth")


@pytest.fixture(scope="module", autouse=True)
def zones(scenario: Scenario, dns: Host) -> Iterator[Zones]:
    found = printed_by(Scenario.load(scenario.inventory).servers, dns)
    with found.served():
        yield found


@pytest.fixture(autouse=True)
def _traces(server: Server) -> Iterator[None]:
    with server.provoking(*TRACES):
        yield


def look(server: Server, *words: str, under: Sequence[str] = ()) -> tuple[int, list[Any]]:
    """Return how the doctor ended, and what it found."""
    argv = [*under, "mailpopbox", "doctor", "--json", *words]
    done = server.run(*argv, check=False)
    assert done.returncode in {0, 1, 3}, done.stderr
    return done.returncode, json.loads(done.stdout)["findings"]


def test_all_is_well(server: Server) -> None:
    begin = time.monotonic()
    code, findings = look(server)
    assert [each for each in findings if each["state"] != "good"] == []
    assert code == 0
    assert time.monotonic() - begin < 30
    said = command(server, "doctor")
    assert said.splitlines()[0] == server.hostname
    assert said.splitlines()[-1] == "All is well."
    assert len(findings) == len(command(server, "doctor", "--list").splitlines())


def test_it_leaves_no_trace(server: Server) -> None:
    box, folder = server.mailbox(), f"/var/vmail/{server.mailbox().login}/Maildir"

    def traces() -> list[str]:
        mailbox = server.run("sh", "-c", f"find {folder} -type f | sort", check=False).stdout
        mails = server.run(
            "find", f"/var/vmail/{DOCTOR}", "-type", "f", "-path", "*/[nc]*/*"
        ).stdout
        return [mailbox, mails, command(server, "export"), server.run("cat", LOGINS).stdout]

    server.send(letter(token(), to=box.login))
    wait_until("empty queue", lambda: not server.queue())
    before = traces()
    code, _ = look(server, "--only", "trip")
    assert code == 0
    assert traces() == before
    assert before[1:2] + before[3:] == ["", ""]
    assert server.queue() == []


# --- The table of broken setups ---


@dataclass(frozen=True)
class Bench:
    """A server that is to be broken, and all that takes."""

    server: Server
    other: Server
    zones: Zones

    @property
    def domain(self) -> str:
        return self.server.mailbox().domains[0]

    @property
    def ip(self) -> str:
        return str(self.server.variables["_ip"])

    @property
    def selector(self) -> str:
        found = re.search(r"(?m)^(\S+)\._domainkey ", self.zones.texts[self.domain])
        assert found
        return found[1]

    def fill(self, sentence: str) -> str:
        return sentence.format(
            d=self.domain,
            h=self.server.hostname,
            ip=self.ip,
            other=self.other.hostname,
            s=self.selector,
        )


Broken = Callable[[Bench], AbstractContextManager[None]]


def zone(change: Change) -> Broken:
    return lambda bench: bench.zones.changed(bench.domain, change)


def reverse(make: Callable[[str], Change]) -> Broken:
    def broken(bench: Bench) -> AbstractContextManager[None]:
        number = bench.ip.rpartition(".")[2]
        return bench.zones.changed(reverse_of(bench.server), make(number))

    return broken


def listed(bench: Bench) -> AbstractContextManager[None]:
    name = ".".join(reversed(bench.ip.split(".")))
    return bench.zones.changed(BLOCKLIST, with_line(f"{name} A 127.0.0.2"))


def done(begin: str, end: str, wait: Callable[[Server], None] = lambda _server: None) -> Broken:
    """Break something by a line of shell, and mend it by another."""

    @contextmanager
    def broken(bench: Bench) -> Iterator[None]:
        bench.server.run("sh", "-ec", bench.fill(begin))
        try:
            yield
        finally:
            bench.server.run("sh", "-ec", bench.fill(end))
            wait(bench.server)

    return broken


def postfix(*settings: str) -> Broken:
    """Set parameters of Postfix."""
    words = " ".join(f"'{each}'" for each in settings)
    begin = f"cp /etc/postfix/main.cf /root/main.cf; postconf -e {words}; postfix reload"
    return done(begin, "cp /root/main.cf /etc/postfix/main.cf; postfix reload")


def stopped(unit: str, wait: Callable[[Server], None] = lambda _server: None) -> Broken:
    return done(f"systemctl stop {unit}", f"systemctl start {unit}", wait)


def certificate(name: str, *, when: str = "2026-01-01", days: int = 9999) -> Broken:
    """Put a certificate in force, made as if it were some other day."""
    make = (
        f"faketime '{when} 00:00:00' openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256"
        f" -nodes -days {days} -subj /CN=x -addext subjectAltName=DNS:{name}"
        " -keyout /root/key -out /root/crt 2>/dev/null"
    )
    put = f"cp {PEM} /root/pem; cat /root/key /root/crt >{PEM}; systemctl reload postfix dovecot"
    return done(f"{make}; {put}", f"cat /root/pem >{PEM}; systemctl reload postfix dovecot")


@contextmanager
def no_way_out(bench: Bench) -> Iterator[None]:
    """Take a right to it that the container does not have by itself."""
    route = ["ip", "route", "add", "unreachable", str(bench.other.variables["_ip"])]
    argv = ["podman", "exec", "--privileged", bench.server.container]
    subprocess.run([*argv, *route], check=True)
    try:
        yield
    finally:
        route[2] = "del"
        subprocess.run([*argv, *route], check=True)


def waiting(then: str) -> Broken:
    """Let a message wait in the queue, and do something with it."""
    send = "printf 'Subject: x\\n\\nx\\n' | sendmail -f root@{h} friend@{other}"
    wait = "for i in $(seq 50); do postqueue -j | grep -q deferred && break; sleep 0.2; done"
    begin = f"postconf -e defer_transports=smtp; postfix reload; {send}; {wait}; {then}"
    end = "postsuper -d ALL; postconf -X defer_transports; postfix reload"
    return done(begin, end)


# The time of its arrival stands in the message's file.
AGED = (
    "postfix stop 2>/dev/null; cd /var/spool/postfix;"
    " sed -i \"s/T[0-9]\\{{10\\}} /T$(date -d '3 days ago' +%s) /\" deferred/*/*; postfix start"
)

SILENT = done(
    "systemctl kill --signal=STOP unbound", "systemctl kill --signal=CONT unbound; sleep 1"
)
TABLE: dict[str, tuple[Broken, str, str]] = {
    # DNS
    "a wrong MX record": (
        zone(with_other(r"^(@\s+MX\s+).*$", r"\g<1>10 mx.elsewhere.test.")),
        "records",
        "The MX record at {d} is wrong: mail goes elsewhere (found: 10 mx.elsewhere.test).",
    ),
    "no SPF record": (zone(without(r'@\s+TXT\s+"v=spf1')), "records", "The SPF record at {d} is missing."),
    "two SPF records": (
        zone(with_line('@ TXT "v=spf1 a -all"')),
        "records",
        "The SPF record at {d} is wrong: only one may stand there; join them (found: v=spf1 a -all, v=spf1 mx -all).",
    ),
    "an SPF record that names others": (
        zone(with_other("v=spf1 mx", "v=spf1 include:bank.test")),
        "records",
        "The SPF record at {d} is wrong: mx is not in it (found: v=spf1 include:bank.test -all).",
    ),
    "a wrong DKIM key": (
        zone(with_other(r'^(\S+\._domainkey +TXT +.*p=)MIIB', r"\g<1>MIIC")),
        "records",
        "The DKIM record at {s}._domainkey.{d} is wrong: it is another key.",
    ),
    "signatures that nobody believes": (
        zone(without(r"\S+e\._domainkey ")),
        "trip",
        "The signature of {d} ({s}e, ed25519-sha256) is not believed: DNS has no key at {s}e._domainkey.{d}.",
    ),
    "no DMARC record": (zone(without("_dmarc")), "records", "The DMARC record at _dmarc.{d} is missing."),
    "an address that is not the host's": (
        zone(with_other(r"^(mx\s+A\s+).*$", r"\g<1>198.18.99.99")),
        "records",
        "The address at {h} is wrong: these are not the host's addresses (found: 198.18.99.99).",
    ),
    "no reverse DNS": (
        reverse(lambda number: without(f"{number} PTR")),
        "reverse",
        "The address {ip} has no reverse DNS.",
    ),
    "another name in reverse DNS": (
        reverse(lambda number: with_other(f"^{number} PTR.*$", f"{number} PTR host.elsewhere.test.")),
        "reverse",
        "Reverse DNS calls {ip} host.elsewhere.test, and not {h}.",
    ),
    "another name when it sends": (
        postfix("smtp_helo_name=localhost.localdomain"),
        "reverse",
        "The server calls itself localhost.localdomain when it sends (HELO), and not {h}.",
    ),
    "on a blocklist": (
        listed,
        "blocklists",
        "{ip} is listed in bl.test (127.0.0.2), so many refuse mail from it.",
    ),
    "a resolver that is dead": (
        SILENT,
        "resolver",
        "The resolver 127.0.0.1 does not answer: 127.0.0.1 did not answer in time.",
    ),
    "no way out": (
        no_way_out,
        "outside",
        "Port 25 to the outside is closed ({other}: No route to host), so no mail leaves.",
    ),
    # The certificate and the ports
    "a certificate that has expired": (
        certificate("{h}", when="2020-01-01", days=30),
        "certificate",
        "The certificate expired on 2020-01-31 00:00.",
    ),
    "a certificate for another name": (
        certificate("other.test"),
        "certificate",
        "The certificate is for other.test, and not for {h}.",
    ),
    "old TLS": (
        postfix(
            "smtpd_tls_protocols=>=TLSv1",
            "tls_medium_cipherlist=aNULL:-aNULL:HIGH:MEDIUM:@STRENGTH:@SECLEVEL=0",
        ),
        "tls",
        "Port 25 accepts TLS 1.1, which is broken.",
    ),
    "no TLS": (
        postfix("smtpd_tls_security_level=none"),
        "tls",
        "Port 25 offers no TLS, so passwords and mail would go in clear text.",
    ),
    "port 465 closed": (
        done(
            "cp /etc/postfix/master.cf /root/; postconf -MX submissions/inet; postfix reload; sleep 1",
            "cp /root/master.cf /etc/postfix/; postfix reload",
        ),
        "ports",
        "Nobody answers on port 465 (sending): connection refused.",
    ),
    "an open relay": (
        postfix(
            "mynetworks=0.0.0.0/0",
            "smtpd_relay_restrictions=permit_mynetworks, reject_unauth_destination",
        ),
        "relay",
        "The server is an open relay: at {ip} it takes mail from <stranger@example.net> to <victim@example.org>.",
    ),
    # The host
    "Rspamd stopped": (
        stopped("rspamd", wait_for_rspamd),
        "services",
        "Rspamd does not run (inactive), so mail waits with its senders.",
    ),
    "the milter stopped": (
        stopped("mailpopbox-milter"),
        "services",
        "The milter does not run (inactive), so mail waits with its senders.",
    ),
    "the milter hangs": (
        done(
            "systemctl kill --signal=STOP mailpopbox-milter",
            "systemctl kill --signal=CONT mailpopbox-milter",
        ),
        "milters",
        "The milter does not answer (no answer in time), so mail waits with its senders.",
    ),
    "Dovecot stopped": (
        stopped("dovecot"),
        "services",
        "Dovecot does not run (inactive), so nobody can fetch mail, or log in to send.",
    ),
    "a timer that does not run": (
        stopped("mailpopbox-tidy.timer"),
        "services",
        "The timer of `mailpopbox tidy` does not run (inactive), so the ledger forgets nothing.",
    ),
    "a message that is refused": (
        stopped("rspamd", wait_for_rspamd),
        "trip",
        "A message to oneself cannot be sent: 451 4.7.1 Service unavailable - try again later.",
    ),
    "a message that does not arrive": (
        postfix("defer_transports=virtual"),
        "trip",
        "A message to oneself was accepted, and does not arrive: {n} of {n} after 12 seconds.",
    ),
    "a message that cannot be fetched": (
        done(f"chmod 000 /var/vmail/{DOCTOR}", f"chmod 700 /var/vmail/{DOCTOR}"),
        "trip",
        "A message to oneself cannot be fetched: ",
    ),
    "a key that is missing": (
        done(f"mv {KEYS}/{{d}}/{{s}}.rsa.key /root/", f"mv /root/{{s}}.rsa.key {KEYS}/{{d}}/"),
        "keys",
        "There is no key to sign mail of {d} with, so it cannot leave.",
    ),
    "a full disk": (
        done(
            "mount -t tmpfs -o size=8m tmpfs /var/log; head -c 9m /dev/zero >/var/log/x || true",
            "umount /var/log",
        ),
        "disk",
        "The disk is full: 0 B of 8.4 MB are left at /var/log.",
    ),
    "mail that is held": (
        waiting("postsuper -h ALL"),
        "queue",
        "1 message is held in the queue, and will not leave.",
    ),
    "mail that waits long": (
        waiting(AGED),
        "queue",
        "Mail waits in the queue since 3d; 1 message in all.",
    ),
    "a ledger that is torn": (
        done(
            f"systemctl stop mailpopbox-milter; mv {LEDGER} /root/; mv {LEDGER}-* /root/ || true;"
            f" head -c 9999 /dev/zero | tr '\\0' x >{LEDGER}",
            f"mv /root/ledger.sqlite* /var/lib/mailpopbox/; systemctl start mailpopbox-milter",
        ),
        "ledger",
        "The ledger is broken, so mail waits with its senders: ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_a_broken_setup(server: Server, other: Server, zones: Zones, name: str) -> None:
    """Each is found, with its sentence, and found no more once it is mended."""
    broken, check, sentence = TABLE[name]
    bench = Bench(server, other, zones)
    expected = bench.fill(sentence.replace("{n}", str(len(server.mailbox().domains))))
    with broken(bench):
        code, findings = look(server, "--only", check)
    assert code == 1
    # Where others word a part of it, the beginning is ours.
    assert [
        each for each in findings
        if each["state"] == "bad" and (each["sentence"] + " ").startswith(expected)
    ], findings  # fmt: skip
    assert all(each["fix"] for each in findings if each["state"] == "bad")
    code, findings = look(server, "--only", check)
    assert (code, {each["state"] for each in findings}) == (0, {"good"}), findings


def test_a_clock_that_is_off(server: Server) -> None:
    """Containers share their machine's clock, so it is set wrong for the doctor alone."""
    code, [found] = look(server, "--only", "clock", under=["faketime", "-f", "+150m"])
    assert (code, found["sentence"]) == (1, "The clock is 2h ahead, by clock.test.")
    code, [found] = look(server, "--only", "clock")
    assert (code, found["sentence"]) == (0, "The clock is right, by clock.test.")


def test_what_cannot_be_looked_at_is_not_green(server: Server, zones: Zones) -> None:
    refusing = with_other("^2.0.0.127 A .*$", "2.0.0.127 A 127.255.255.254")
    with zones.changed(BLOCKLIST, refusing):
        code, [found] = look(server, "--only", "blocklists")
    assert (code, found["state"]) == (3, "unknown")
    assert "it does not want to answer this resolver" in found["sentence"]


def test_without_any_dns_it_ends_in_time(server: Server, other: Server, zones: Zones) -> None:
    begin = time.monotonic()
    with SILENT(Bench(server, other, zones)):
        code, findings = look(server)
    assert time.monotonic() - begin < 32
    assert code == 1
    states = {each["check"]: each["state"] for each in findings}
    asking = ("records", "reverse", "blocklists", "outside", "trip", "clock")
    assert {states[each] for each in asking} == {"unknown"}
    assert states["resolver"] == "bad"


# --- Letters ---


def letters(server: Server) -> list[str]:
    """Return the subjects of what the doctor wrote, oldest first."""
    time.sleep(1)  # between sendmail and the queue nobody sees it
    wait_until("empty queue", lambda: not server.queue())
    subjects = [str(message["Subject"]) for message in server.fetch(server.admin)]
    return [each for each in subjects if each.startswith(f"{server.hostname}: ")]


def test_a_timer_writes_what_changed(server: Server, zones: Zones) -> None:
    assert server.run("systemctl", "is-active", "mailpopbox-doctor.timer").stdout == "active\n"
    server.run("rm", "-f", MEMORY)
    before, domain = len(letters(server)), server.mailbox().domains[0]

    def after_one_more_look() -> list[str]:
        server.run("systemctl", "start", SERVICE)
        return letters(server)[before:]

    assert after_one_more_look() == []
    broken = f"{server.hostname}: The DMARC record at _dmarc.{domain} is missing."
    with zones.changed(domain, without("_dmarc")):
        assert after_one_more_look() == [broken]
        assert after_one_more_look() == [broken]
    over = f"{server.hostname}: all is well again"
    assert after_one_more_look() == [broken, over]
    assert after_one_more_look() == [broken, over]
    assert server.run("systemctl", "--failed", "--quiet", "--plain").stdout == ""


# --- Nobody else is let in by the doctor's door ---

LOG_IN = """
import poplib, smtplib, ssl, sys
lenient = ssl._create_unverified_context()
client = smtplib.SMTP_SSL("127.0.0.1", 465, "x", timeout=20, context=lenient)
client.login(*sys.argv[1:3])
print(client.mail(sys.argv[1])[0], *[client.rcpt(each)[0] for each in sys.argv[3:]])
box = poplib.POP3_SSL("127.0.0.1", 995, timeout=20, context=lenient)
box.user(sys.argv[1])
print(box.pass_(sys.argv[2])[:3].decode())
"""
OPEN = f"""
import sys
sys.path.insert(0, "/usr/local/lib/mailpopbox/python")
from mailpopbox.commands import selfmail
with selfmail.login_for_now("{DOCTOR}") as password:
    print(password, flush=True)
    sys.stdin.readline()
"""


@contextmanager
def login(server: Server) -> Iterator[str]:
    """Let the doctor's login be there, as it is for some seconds of each run."""
    argv = ["podman", "exec", "--interactive", server.container, "python3", "-c", OPEN]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdin
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.write("\n")
            process.stdin.close()


def test_its_login_is_good_on_the_host_only_and_for_itself_only(server: Server) -> None:
    mine = server.mailbox().login
    with login(server) as password:
        said = server.python(LOG_IN, DOCTOR, password, DOCTOR, mine, "friend@example.org")
        assert said == "250 250 550 550\n+OK\n"
        with pytest.raises(Exception, match=r"Authentication failed|AUTH"):
            server.smtp("submissions", DOCTOR, password).close()
        with pytest.raises(Exception, match="AUTH"), server.pop3(DOCTOR, password):
            pass
    assert server.run("cat", LOGINS).stdout == ""
    with pytest.raises(AssertionError, match="Authentication"):
        server.python(LOG_IN, DOCTOR, password, DOCTOR)


def test_nobody_writes_to_it(server: Server, outsider: Outsider) -> None:
    answer = outsider.post(server, letter("x", to=DOCTOR), sender="evil@hostile.test", to=DOCTOR)
    assert answer == (
        f"550 5.1.1 <{DOCTOR}>: Recipient address rejected: User unknown in virtual mailbox table"
    )
    mail = letter("x", sender=server.mailbox().login, to=DOCTOR)
    assert answer_to(server, mail).startswith("550 5.7.1 The doctor writes to itself")
