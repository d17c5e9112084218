"""A server broken in one way or another, for as long as a test wants it, and mended again."""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from probe import Server
from publishing import Change, Zones, blocklist_of, reverse_of, reversed_address, with_line

PEM = "/etc/mailpopbox/tls/server.pem"
# The server to which the doctor connects, to see whether port 25 is open.
OUTSIDE, OUTSIDE_IP = "mx.far.test", "198.18.10.25"


@dataclass(frozen=True)
class Bench:
    """A server that is to be broken, and all that takes."""

    server: Server
    zones: Zones

    @property
    def domain(self) -> str:
        return self.server.mailbox().domains[0]

    @property
    def ip(self) -> str:
        return str(self.server.variables["_ip"])

    @property
    def selector(self) -> str:
        found = re.search(r"(?m)^(\S+)\._domainkey ", self.zones.text(self.domain))
        assert found
        return found[1]

    def fill(self, sentence: str) -> str:
        return sentence.format(
            d=self.domain,
            h=self.server.hostname,
            ip=self.ip,
            bl=blocklist_of(self.server),
            s=self.selector,
            e=self.selector.replace("-", "e-", 1),
            n=len(self.server.mailbox().domains),
        )


Broken = Callable[[Bench], AbstractContextManager[None]]


def zone(change: Change) -> Broken:
    return lambda bench: bench.zones.changed(bench.domain, change)


def reverse(change: Change) -> Broken:
    return lambda bench: bench.zones.changed(reverse_of(bench.server), change)


def listed(bench: Bench) -> AbstractContextManager[None]:
    line = f"{reversed_address(bench.server)} A 127.0.0.2"
    return bench.zones.changed(blocklist_of(bench.server), with_line(line))


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
    begin = f"cp /etc/postfix/main.cf /srv/main.cf; postconf -e {words}; postfix reload"
    return done(begin, "cp /srv/main.cf /etc/postfix/main.cf; postfix reload")


def stopped(unit: str, wait: Callable[[Server], None] = lambda _server: None) -> Broken:
    return done(f"systemctl stop {unit}", f"systemctl start {unit}", wait)


def self_signed(name: str, days: int = 9) -> str:
    """Return the line of shell that makes a certificate that nobody else has signed."""
    return (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256"
        f" -nodes -days {days} -subj /CN=x -addext subjectAltName=DNS:{name}"
        " -keyout /srv/key -out /srv/crt 2>/dev/null"
    )


def certificate(name: str, *, when: str = "2026-01-01", days: int = 9999) -> Broken:
    """Put a certificate in force, made as if it were some other day."""
    make = f"faketime '{when} 00:00:00' {self_signed(name, days)}"
    put = f"cp {PEM} /srv/pem; cat /srv/key /srv/crt >{PEM}; systemctl reload postfix dovecot"
    return done(f"{make}; {put}", f"cat /srv/pem >{PEM}; systemctl reload postfix dovecot")


@contextmanager
def no_way_out(bench: Bench) -> Iterator[None]:
    """Take a right to it that the container does not have by itself."""
    route = ["ip", "route", "add", "unreachable", OUTSIDE_IP]
    argv = ["podman", "exec", "--privileged", bench.server.container]
    subprocess.run([*argv, *route], check=True)
    try:
        yield
    finally:
        route[2] = "del"
        subprocess.run([*argv, *route], check=True)


def waiting(then: str) -> Broken:
    """Let a message wait in the queue, and do something with it."""
    send = "printf 'Subject: x\\n\\nx\\n' | sendmail -f root@{h} friend@plain.test"
    wait = "for i in $(seq 50); do postqueue -j | grep -q deferred && break; sleep 0.2; done"
    clean = "postsuper -d ALL; postconf -e defer_transports=smtp; postfix reload"
    begin = f"{clean}; {send}; {wait}; {then}"
    end = "postsuper -d ALL; postconf -X defer_transports; postfix reload"
    return done(begin, end)


SILENT = done(
    "systemctl kill --signal=STOP unbound", "systemctl kill --signal=CONT unbound; sleep 1"
)
