"""What others meet at the ports: an answer, TLS, the certificate, and no open relay."""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from mailpopbox.counting import listed
from mailpopbox.doctor.finding import Finding, bad, good, or_good, unknown, warning
from mailpopbox.found import Certificate, Unknown
from mailpopbox.times import DAY, clock

SERVICES = {
    25: ("mail from other servers", "postfix"),
    110: ("POP3", "dovecot"),
    443: ("HTTPS", "nginx"),
    465: ("sending", "postfix"),
    587: ("sending", "postfix"),
    995: ("POP3", "dovecot"),
}


def ports(found: Mapping[int, str]) -> tuple[Finding, ...]:
    """Judge ports: of each, why nobody answers there, or nothing."""
    return or_good(_ports(found), f"Ports {listed(found)} answer.")


def _ports(found: Mapping[int, str]) -> Iterator[Finding]:
    for port, why in found.items():
        purpose, unit = SERVICES[port]
        if why:
            yield bad(
                f"{port}",
                f"Nobody answers on port {port} ({purpose}): {why}.",
                f"systemctl restart {unit}; if that does not help, run the playbook.",
            )


# --- TLS ---


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a port speaks: the version that a client of today gets, and one that an old one gets."""

    modern: str | Unknown
    # "": none, as it should be.
    old: str = ""


def tls(found: Mapping[int, Spoken]) -> tuple[Finding, ...]:
    return or_good(_tls(found), f"Ports {listed(found)} speak TLS 1.2 or newer, and nothing older.")


def _tls(found: Mapping[int, Spoken]) -> Iterator[Finding]:
    for port, each in found.items():
        if isinstance(each.modern, Unknown):
            yield unknown(f"{port}", f"No TLS could be tried on port {port}: {each.modern.why}.")
        elif not each.modern:
            yield bad(
                f"{port}",
                f"Port {port} offers no TLS, so passwords and mail would go in clear text.",
                "Take what switches it off out of mailpopbox_postfix_extra, and run the playbook.",
            )
        if each.old:
            yield bad(
                f"{port} old",
                f"Port {port} accepts {each.old}, which is broken.",
                "Take what allows it out of mailpopbox_postfix_extra, and run the playbook.",
            )


# --- The certificate ---

_SOON = 7 * DAY


@dataclass(frozen=True, slots=True)
class Shown:
    """The certificate in force, and what else is known of it."""

    certificate: Certificate
    # Why this host does not trust who signed it; "" if it does.
    chain: str
    # Ports that show another one.
    others: tuple[int, ...] = ()


def certificate(
    found: Shown | Unknown, hostname: str, source: str, now: int
) -> tuple[Finding, ...]:
    """Judge the certificate; `source` is what the settings say that it comes from."""
    if isinstance(found, Unknown):
        return (unknown("certificate", f"The certificate cannot be seen: {found.why}."),)
    is_own = found.certificate.is_self_signed
    whose = "It is self-signed, as the settings say" if is_own else "Who signed it is trusted"
    until = f"The certificate is for {hostname} and good until {clock(found.certificate.expires)}"
    return or_good(_certificate(found, hostname, source, now), f"{until}. {whose}.")


def _certificate(found: Shown, hostname: str, source: str, now: int) -> Iterator[Finding]:
    own = found.certificate
    fix = RENEWALS[source]
    if own.expires <= now:
        yield bad("expiry", f"The certificate expired on {clock(own.expires)}.", fix)
    elif own.expires < now + _SOON:
        yield warning("expiry", f"The certificate is good until {clock(own.expires)} only.", fix)
    if not any(is_for(hostname, name) for name in own.names):
        names = listed(own.names) if own.names else "no name"
        yield bad("name", f"The certificate is for {names}, and not for {hostname}.", fix)
    if own.is_self_signed and source == "acme":
        yield bad("chain", "The certificate is self-signed: the authority has given none yet.", fix)
    elif found.chain and not (own.is_self_signed and source == "selfsigned"):
        yield warning("chain", f"Mail programs will not trust the certificate: {found.chain}.", fix)
    for port in found.others:
        yield bad(
            f"{port}",
            f"Port {port} shows another certificate than the one in {_FILE}.",
            f"systemctl reload {SERVICES[port][1]}",
        )


_FILE = "/etc/mailpopbox/tls/server.pem"
RENEWALS = {
    "selfsigned": "Remove /etc/mailpopbox/tls/selfsigned on the host, and run the playbook.",
    "files": "Put the right files, with the whole chain, where mailpopbox_tls_certificate and"
    " mailpopbox_tls_key name them.",
    "acme": "mailpopbox certificate says why; see docs/certificates.md.",
}


def is_for(hostname: str, name: str) -> bool:
    """Tell whether a name in a certificate is that of the host (RFC 6125)."""
    first, _, rest = name.lower().partition(".")
    return name.lower() == hostname or (first == "*" and rest == hostname.partition(".")[2])


# --- Open relay ---


@dataclass(frozen=True, slots=True)
class Trick:
    """A message from and to others that no server should take."""

    sender: str
    recipient: str


def tricks(hostname: str, domain: str) -> tuple[Trick, ...]:
    """Return the classic ones. From the tenth refusal on, Postfix would make the client wait."""
    stranger, victim = "stranger@example.net", "victim@example.org"
    return (
        Trick(stranger, victim),
        Trick("", victim),
        Trick(f"postmaster@{domain}", victim),
        Trick(stranger, f"victim%example.org@{hostname}"),
        Trick(stranger, f"victim%example.org@{domain}"),
        Trick(stranger, f"@{hostname}:{victim}"),
        Trick(stranger, f'"{victim}"@{hostname}'),
        Trick(stranger, f"example.org!victim@{hostname}"),
    )


def relay(
    tried: Mapping[str, Sequence[Trick] | Unknown], trusted: Sequence[str] | Unknown
) -> tuple[Finding, ...]:
    """Judge what was taken at each address of the host, and who is trusted for his address."""
    return or_good(
        chain(_relay(tried), _trusted(trusted)),
        "Nobody sends through this server to others, as far as that shows from here; a test from"
        " outside sees more.",
    )


def _relay(tried: Mapping[str, Sequence[Trick] | Unknown]) -> Iterator[Finding]:
    for address, taken in tried.items():
        if isinstance(taken, Unknown):
            yield unknown(address, f"Port 25 of {address} could not be tried: {taken.why}.")
            continue
        for trick in taken[:1]:
            yield bad(
                address,
                f"The server is an open relay: at {address} it takes mail from"
                f" <{trick.sender}> to <{trick.recipient}>.",
                "Take smtpd_relay_restrictions and mynetworks out of mailpopbox_postfix_extra, and"
                " run the playbook, at once.",
            )


def _trusted(networks: Sequence[str] | Unknown) -> Iterator[Finding]:
    if isinstance(networks, Unknown):
        yield unknown("mynetworks", f"Whom Postfix trusts cannot be seen: {networks.why}.")
    elif networks:
        yield bad(
            "mynetworks",
            f"Whoever is in {listed(networks)} sends through this server without a login, as any"
            " sender.",
            "Take permit_mynetworks or mynetworks out of mailpopbox_postfix_extra, and run the"
            " playbook; let them log in on port 465.",
        )


def trusted_by(printed: str) -> Sequence[str] | Unknown:
    """Read who may send to others without a login: of postconf, restrictions and networks."""
    try:
        restrictions, networks = (re.findall(r"[^\s,]+", line) for line in printed.splitlines())
    except ValueError:
        return Unknown("postconf printed something else")
    if "permit_mynetworks" not in map(str.lower, restrictions):
        return ()
    # What begins so is left out of another.
    return [each for each in networks if not each.startswith("!") and not _is_loopback(each)]


def _is_loopback(network: str) -> bool:
    try:
        first = ipaddress.ip_network(re.sub(r"[\[\]]", "", network), strict=False)[0]
    # A table.
    except ValueError:
        return False
    return (getattr(first, "ipv4_mapped", None) or first).is_loopback


# --- To the outside ---


@dataclass(frozen=True, slots=True)
class Outside:
    """What came of connecting to a mail server of others."""

    host: str
    # Why not; "" if it greeted.
    why: str = ""


def outside(name: str, tried: Iterable[Outside] | Unknown) -> Finding:
    """Judge the way out, by the mail servers of a domain that were tried."""
    if isinstance(tried, Unknown):
        return unknown("outside", f"The mail servers of {name} cannot be found: {tried.why}.")
    known = list(tried)
    open_to = [each.host for each in known if not each.why]
    if open_to:
        return good(f"Port 25 to the outside is open: {open_to[0]} answers.")
    reasons = "; ".join(f"{each.host}: {each.why}" for each in known)
    return bad(
        "outside",
        f"Port 25 to the outside is closed ({reasons}), so no mail leaves.",
        "Ask whoever rents you the host to open it, or send through a relay (relayhost in"
        " mailpopbox_postfix_extra).",
    )
