"""Facts for tests of DNS records, and how dnspython reads what we print."""

from base64 import b64encode
from collections.abc import Iterable

import dns.rdata
import dns.zone
from dns.rdtypes.txtbase import TXTBase
from mailpopbox.dns.facts import Facts
from mailpopbox.dns.keys import DkimKey
from mailpopbox.dns.records import Record, records

SMALL = Facts("mx.example.com", ("example.com",))
LARGE = Facts(
    "mx.example.net",
    ("example.com", "xn--bcher-kva.example", "shop.example.com"),
    others=("example.org",),
    pop3_starttls=True,
    dmarc="quarantine",
    web=True,
)
ADDRESSES = ("198.51.100.7", "2001:db8::1")
RSA = DkimKey("20261120", "rsa", b64encode(bytes(range(256)) + bytes(38)).decode())
ED25519 = DkimKey("20261120e", "ed25519", b64encode(bytes(range(32))).decode())
POLICY = "version: STSv1\nmode: enforce\nmx: mx.example.net\nmax_age: 2419200\n"
TLSA = f"3 1 1 {'ab' * 32}"


def everything() -> tuple[Record, ...]:
    keys = {"example.com": (RSA, ED25519), "example.org": (RSA,), "mx.example.net": (RSA,)}
    return records(LARGE, ADDRESSES, keys, registered, tlsa=TLSA, policy=POLICY)


def registered(name: str) -> str:
    """Return the last two labels of a name."""
    return ".".join(name.split(".")[-2:])


def loaded(lines: Iterable[str]) -> set[tuple[str, str, str]]:
    """Load a zone file, and return names, types and values as records of ours have them."""
    zone = dns.zone.from_text("\n".join(lines), relativize=False)
    return {
        (str(name).removesuffix("."), dns.rdatatype.to_text(rdata.rdtype), plain(rdata))
        for name, _, rdata in zone.iterate_rdatas()
    }


def plain(rdata: dns.rdata.Rdata) -> str:
    if isinstance(rdata, TXTBase):
        return b"".join(rdata.strings).decode()
    text = str(rdata)
    return text if text == "0 0 0 ." else text.removesuffix(".")
