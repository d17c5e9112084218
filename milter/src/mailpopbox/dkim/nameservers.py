"""What the servers of a zone say, each asked by itself: no cache answers for them.

Imported only where it is needed: it takes Debian's python3-dnspython.
"""

from collections.abc import Iterable, Iterator

import dns.exception
import dns.message
import dns.query
import dns.rdatatype
import dns.resolver
from dns.resolver import Resolver

_SECONDS = 5.0


def texts_by_server(name: str, resolver: Resolver | None = None, port: int = 53) -> list[list[str]]:
    """Return the TXT records that each server of a name's zone has; none of one that is silent."""
    resolver = resolver or dns.resolver.get_default_resolver()
    try:
        zone = dns.resolver.zone_for_name(name, resolver=resolver)
        servers = [str(record.target) for record in resolver.resolve(zone, "NS")]
    except dns.exception.DNSException:
        return []
    return [_ask(_addresses(server, resolver), port, name) for server in servers]


def _ask(addresses: Iterable[str], port: int, name: str) -> list[str]:
    query = dns.message.make_query(name, dns.rdatatype.TXT)
    for address in addresses:
        try:
            answer, _ = dns.query.udp_with_fallback(query, address, timeout=_SECONDS, port=port)
        except (dns.exception.DNSException, OSError):
            continue
        return [
            b"".join(record.strings).decode("ascii", "replace")
            for records in answer.answer
            if records.rdtype == dns.rdatatype.TXT
            for record in records
        ]
    return []


def _addresses(server: str, resolver: Resolver) -> Iterator[str]:
    for kind in ("A", "AAAA"):
        try:
            yield from (record.address for record in resolver.resolve(server, kind))
        except dns.exception.DNSException:
            continue
