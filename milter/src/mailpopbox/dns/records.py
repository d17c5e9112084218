"""Which records the server and its domains need.

Names and values are plain: absolute, without the dot at the end and without quotes. Writing them
for a zone file or a form is the affair of others.
"""

import hashlib
import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mailpopbox.dns.facts import Facts
from mailpopbox.dns.keys import DkimKey

Keys = Mapping[str, tuple[DkimKey, ...]]

# What each kind of record is for, in the order in which they are told.
PURPOSES = {
    "address": "where the mail server is",
    "mx": "who takes mail for the domain",
    "spf": "who sends mail for the domain",
    "dkim": "the key that mail of the domain is signed with",
    "dmarc": "what to do with mail that is neither sent nor signed so",
    "mta-sts": "others deliver with TLS only, as a policy on the web says",
    "tls-rpt": "where others report that TLS failed",
    "tlsa": "the key of the certificate, for DANE",
    "client": "where mail programs find the server",
    "web": "names that mail programs and other servers open on the web",
    "reverse": "what the addresses are called",
}

NOT_OFFERED = "0 0 0 ."


@dataclass(frozen=True, slots=True)
class Record:
    """One record."""

    kind: str
    name: str
    type: str
    value: str
    # Where one that stands already holds for this name, too, as long as it has none of its own.
    above: str = ""


def records(  # noqa: PLR0913 each is found out elsewhere
    facts: Facts,
    addresses: tuple[str, ...],
    keys: Keys,
    zone_of: Callable[[str], str],
    *,
    tlsa: str = "",
    policy: str = "",
) -> tuple[Record, ...]:
    """Return all records, each once.

    `addresses` are those at which others reach the host, `policy` is what it serves for MTA-STS;
    `zone_of` finds the domain that a name is registered under.
    """
    found = [*_of_host(facts, addresses, keys, zone_of(facts.hostname), tlsa)]
    for domain in facts.domains:
        found += _of_domain(domain, facts, keys, policy)
    for domain in facts.others:
        found += _dkim(domain, keys)
    labels = [*(["autoconfig"] if facts.web else []), *(["mta-sts"] if policy else [])]
    found += _web(facts, addresses, labels, {record.name for record in found})
    order = list(PURPOSES)
    found.sort(key=lambda record: order.index(record.kind))
    return tuple(dict.fromkeys(found))


def _of_host(
    facts: Facts, addresses: tuple[str, ...], keys: Keys, zone: str, tlsa: str
) -> Iterator[Record]:
    host = facts.hostname
    yield from _addresses("address", host, addresses)
    if host not in facts.domains:
        # Bounces have no sender but the name of the host.
        yield Record("spf", host, "TXT", "v=spf1 a -all")
        yield from _dkim(host, keys)
        # A policy is looked for at the name itself, and where it is registered; nowhere between.
        if zone not in facts.domains:
            yield _dmarc(host, facts, above=f"_dmarc.{zone}")
    if tlsa:
        yield Record("tlsa", f"_25._tcp.{host}", "TLSA", tlsa)
    for address in addresses:
        yield Record("reverse", ipaddress.ip_address(address).reverse_pointer, "PTR", host)


def _addresses(kind: str, name: str, addresses: tuple[str, ...]) -> Iterator[Record]:
    for address in addresses:
        version = ipaddress.ip_address(address).version
        yield Record(kind, name, "A" if version == 4 else "AAAA", address)


def _of_domain(domain: str, facts: Facts, keys: Keys, policy: str) -> Iterator[Record]:
    yield Record("mx", domain, "MX", f"10 {facts.hostname}")
    yield Record("spf", domain, "TXT", "v=spf1 mx -all")
    yield from _dkim(domain, keys)
    yield _dmarc(domain, facts)
    if policy:
        text = f"v=STSv1; id={mta_sts_id(policy)};"
        yield Record("mta-sts", f"_mta-sts.{domain}", "TXT", text)
    yield Record("tls-rpt", f"_smtp._tls.{domain}", "TXT", f"v=TLSRPTv1; {_reports(domain)}")
    for service, value in _services(facts):
        yield Record("client", f"_{service}._tcp.{domain}", "SRV", value)


def _dkim(domain: str, keys: Keys) -> Iterator[Record]:
    for key in keys.get(domain, ()):
        yield dkim_record(domain, key)


def dkim_record(domain: str, key: DkimKey) -> Record:
    """Return the record that lets others check what the key has signed."""
    return Record("dkim", f"{key.selector}._domainkey.{domain}", "TXT", key.text)


def _dmarc(name: str, facts: Facts, above: str = "") -> Record:
    value = f"v=DMARC1; p={facts.dmarc}; {_reports(name)}"
    return Record("dmarc", f"_dmarc.{name}", "TXT", value, above)


def _reports(name: str) -> str:
    # It arrives at every domain and at the host, and there no other domain has to agree to reports.
    return f"rua=mailto:postmaster@{name}"


def _services(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield where mail programs find what (RFC 6186), TLS from the start first (RFC 8314)."""
    host = facts.hostname
    yield "submissions", f"0 1 465 {host}"
    yield "submission", f"10 1 587 {host}"
    yield "pop3s", f"0 1 995 {host}"
    yield "pop3", f"10 1 110 {host}" if facts.pop3_starttls else NOT_OFFERED
    yield "imaps", NOT_OFFERED
    yield "imap", NOT_OFFERED


def _web(
    facts: Facts, addresses: tuple[str, ...], labels: list[str], taken: set[str]
) -> Iterator[Record]:
    for domain in facts.domains:
        for label in labels:
            name = f"{label}.{domain}"
            if name in taken:
                # Beside other records, no CNAME may stand.
                yield from _addresses("web", name, addresses if name != facts.hostname else ())
            else:
                yield Record("web", name, "CNAME", facts.hostname)


def mta_sts_id(policy: str) -> str:
    """Return what tells others to read the policy anew: it changes when that does."""
    return hashlib.sha256(policy.encode()).hexdigest()[:20]
