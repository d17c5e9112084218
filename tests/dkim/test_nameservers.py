"""What the servers of a zone say, asked over the network, from servers of our own."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from dns.resolver import Resolver
from mailpopbox.dkim import nameservers
from mailpopbox.dkim.nameservers import texts_by_server

NAME = "s202611._domainkey.example.com."
ZONE: dict[tuple[str, str], list[str]] = {
    ("example.com.", "SOA"): ["ns1.example.com. root.example.com. 1 1 1 1 1"],
    ("example.com.", "NS"): ["ns1.example.com.", "ns2.example.com."],
    ("ns1.example.com.", "A"): ["127.0.0.1"],
    ("ns2.example.com.", "A"): ["127.0.0.2"],
}
RECORD = {(NAME, "TXT"): ['"v=DKIM1; k=rsa; p=AA" "AA"']}
Records = Mapping[tuple[str, str], list[str]]


def answer(raw: bytes, records: Records) -> bytes:
    query = dns.message.from_wire(raw)
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA
    (asked,) = query.question
    key = (asked.name.to_text(), dns.rdatatype.to_text(asked.rdtype))
    if key in records:
        reply.answer.append(dns.rrset.from_text(asked.name, 60, "IN", key[1], *records[key]))
    elif not any(name == key[0] for name, _ in records):
        reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply.to_wire()


@contextmanager
def serving(address: str, port: int, records: Records) -> Iterator[int]:
    """Answer for a zone until the block ends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, port))

        def serve() -> None:
            while (received := sock.recvfrom(4096))[0]:
                sock.sendto(answer(received[0], records), received[1])

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
                ending.sendto(b"", (address, sock.getsockname()[1]))
            thread.join()


def resolver(port: int) -> Resolver:
    made = Resolver(configure=False)
    made.nameservers, made.port = ["127.0.0.1"], port
    return made


def test_every_server_is_asked() -> None:
    with (
        serving("127.0.0.1", 0, {**ZONE, **RECORD}) as port,
        serving("127.0.0.2", port, RECORD),
    ):
        found = texts_by_server(NAME, resolver(port), port)
    assert found == [["v=DKIM1; k=rsa; p=AAAA"]] * 2


def test_one_that_lags_behind_is_noticed() -> None:
    with (
        serving("127.0.0.1", 0, {**ZONE, **RECORD}) as port,
        serving("127.0.0.2", port, {}),
    ):
        found = texts_by_server(NAME, resolver(port), port)
    assert sorted(found) == [[], ["v=DKIM1; k=rsa; p=AAAA"]]


def test_one_that_is_silent_has_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nameservers, "_SECONDS", 0.2)
    with serving("127.0.0.1", 0, {**ZONE, **RECORD}) as port:
        found = texts_by_server(NAME, resolver(port), port)
    assert sorted(found) == [[], ["v=DKIM1; k=rsa; p=AAAA"]]


def test_no_zone_has_no_servers() -> None:
    with serving("127.0.0.1", 0, {}) as port:
        assert texts_by_server(NAME, resolver(port), port) == []
