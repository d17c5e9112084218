"""Whether a domain has DANE, as Postfix will find it a moment later (RFC 7672).

The resolver is believed about DNSSEC, so it has to be one on this host. Imported only where it is
needed: it takes Debian's python3-dnspython.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TLSA import TLSA

from mailpopbox.outbound.policy import Dane

_SECONDS = 5.0
_MOST_HOSTS = 10
# DANE-TA and DANE-EE; for mail, the others say nothing (RFC 7672, section 3.1.3).
_USAGES = {2, 3}
_SELECTORS = {0, 1}
_MATCHINGS = {0, 1, 2}

Reply = dns.message.QueryMessage


class UnansweredError(Exception):
    """The resolver did not answer, or not with what is in DNS."""


@dataclass(frozen=True, slots=True)
class Bound:
    """By which records a host has to prove itself, and for which name they are published."""

    name: str
    records: tuple[str, ...]


class Resolver:
    """A resolver on this host, which checks DNSSEC."""

    def __init__(self, address: str, port: int = 53) -> None:
        self._address = address
        self._port = port

    def dane_of(self, domain: str) -> Dane:
        """Look at the hosts that take a domain's mail.

        If DNSSEC does not vouch for which they are, DANE says nothing of the domain.
        """
        try:
            reply = self._ask(dns.name.from_text(domain), "MX")
        except (UnansweredError, dns.exception.DNSException):
            return Dane.UNKNOWN
        found = {self._dane_of_host(host) for host in _hosts(reply)} if _is_secure(reply) else set()
        for dane in (Dane.PUBLISHED, Dane.UNKNOWN):
            if dane in found:
                return dane
        return Dane.ABSENT

    def vouches_for(self, name: str, kind: str) -> bool | None:
        """Tell whether the resolver has checked by DNSSEC what it answers, if it does."""
        try:
            return _is_secure(self._ask(dns.name.from_text(name), kind))
        except (UnansweredError, dns.exception.DNSException):
            return None

    def tlsa_of(self, host: str) -> Bound | None:
        """Return how a host has to prove itself, if it does; UnansweredError if nobody knows."""
        try:
            return self._bound(dns.name.from_text(host))
        except dns.exception.DNSException as error:
            raise UnansweredError(f"{host}: {error}") from error

    def _dane_of_host(self, host: dns.name.Name) -> Dane:
        try:
            return Dane.PUBLISHED if self._bound(host) else Dane.ABSENT
        except (UnansweredError, dns.exception.DNSException):
            return Dane.UNKNOWN

    def _bound(self, host: dns.name.Name) -> Bound | None:
        reply = self._ask(host, "A")
        # The servers of zones without DNSSEC need not know what TLSA is.
        if not _is_secure(reply):
            return None
        for name in dict.fromkeys((reply.resolve_chaining().canonical_name, host)):
            reply = self._ask(dns.name.from_text("_25._tcp", name), "TLSA")
            usable = tuple(map(_shown, filter(_is_usable, _tlsa(reply))))
            if usable and _is_secure(reply):
                return Bound(name.to_text(omit_final_dot=True).lower(), usable)
        return None

    def _ask(self, name: dns.name.Name, kind: str) -> Reply:
        question = dns.message.make_query(name, kind, use_edns=True)
        question.flags |= dns.flags.AD
        try:
            reply, _ = dns.query.udp_with_fallback(question, self._address, _SECONDS, self._port)
        except (OSError, EOFError, dns.exception.DNSException) as error:
            raise UnansweredError(f"{self._address} did not answer about {name}") from error
        if reply.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
            code = dns.rcode.to_text(reply.rcode())
            raise UnansweredError(f"{self._address} answered {code} about {name}")
        return cast("Reply", reply)


def _is_secure(reply: Reply) -> bool:
    return bool(reply.flags & dns.flags.AD)


def _hosts(reply: Reply) -> list[dns.name.Name]:
    """Return the first hosts of a domain; without MX records, the domain is its own."""
    records = [
        cast("MX", record)
        for rrset in reply.answer
        if rrset.rdtype == dns.rdatatype.MX
        for record in rrset
    ]
    records.sort(key=lambda record: record.preference)
    hosts = [record.exchange for record in records] or [reply.question[0].name]
    return [host for host in hosts if host != dns.name.root][:_MOST_HOSTS]


def _tlsa(reply: Reply) -> Iterator[TLSA]:
    for rrset in reply.answer:
        if rrset.rdtype == dns.rdatatype.TLSA:
            yield from (cast("TLSA", record) for record in rrset)


def _is_usable(record: TLSA) -> bool:
    return record.usage in _USAGES and record.selector in _SELECTORS and record.mtype in _MATCHINGS


def _shown(record: TLSA) -> str:
    digest = record.cert.hex().upper()
    return f"{record.usage} {record.selector} {record.mtype} {digest}"
