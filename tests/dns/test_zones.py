"""Zone files, which dnspython reads back, and values for forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailpopbox.dns.facts import Facts
from mailpopbox.dns.records import Record, records
from mailpopbox.dns.zones import (
    Fields,
    Zone,
    address_of,
    character_strings,
    fields,
    presented,
    quoted,
    relative,
    spelled,
    zone_file,
    zones,
)
from zones import ADDRESSES, LARGE, RSA, SMALL, everything, loaded, registered

OURS = (*LARGE.domains, LARGE.hostname)


def of_large() -> dict[str, Zone]:
    return {zone.name: zone for zone in zones(everything(), OURS, registered)}


def triples(zone: Zone) -> set[tuple[str, str, str]]:
    return {(each.name, each.type, each.value) for each in zone.records}


def test_records_are_sorted_into_zones() -> None:
    found = of_large()
    assert list(found) == [
        "example.com",
        "xn--bcher-kva.example",
        "example.net",
        "example.org",
        "reverse DNS",
    ]
    assert sum(len(zone.records) for zone in found.values()) == len(everything())
    # What is below a registered domain stands in its zone.
    names = {record.name for record in found["example.com"].records}
    assert "_dmarc.shop.example.com" in names
    assert {name for name, zone in found.items() if not zone.whole} == {
        "example.org",
        "reverse DNS",
    }


@pytest.mark.parametrize("name", ["example.com", "xn--bcher-kva.example", "example.net"])
def test_a_zone_file_is_read_back(name: str) -> None:
    zone = of_large()[name]
    found = loaded(zone_file(zone, LARGE.hostname, 5))
    extra = {
        (name, "SOA", "mx.example.net. postmaster.mx.example.net. 5 3600 900 1209600 300"),
        (name, "NS", "mx.example.net"),
    }
    assert found == triples(zone) | extra


def test_name_servers() -> None:
    zone = of_large()["example.com"]
    servers = ["ns1.example.net", "ns2.example.net"]
    text = "\n".join(zone_file(zone, LARGE.hostname, 5, servers))
    found = {value for _, kind, value in loaded(text.splitlines()) if kind == "NS"}
    assert found == set(servers)
    assert "SOA    ns1.example.net. postmaster.mx.example.net. 5 " in text


def test_how_a_zone_file_looks() -> None:
    found = records(SMALL, ADDRESSES[:1], {}, registered)
    [zone, _] = zones(found, ("example.com",), registered)
    assert "\n".join(zone_file(zone, "mx.example.com", 1795180000)).startswith("""\
; example.com: what mail at mx.example.com needs.
; SOA and NS are for a server that loads this as it is; a provider has its own.
$ORIGIN example.com.
$TTL 3600
@                  SOA    mx.example.com. postmaster.mx.example.com. 1795180000 3600 900 1209600 300
@                  NS     mx.example.com.

; Where the mail server is
mx                 A      198.51.100.7

; Who takes mail for the domain
@                  MX     10 mx.example.com.

; Who sends mail for the domain
mx                 TXT    "v=spf1 a -all"
@                  TXT    "v=spf1 mx -all"
""")


ADDRESSES_OF_HOSTS = st.ip_addresses(v=4) | st.ip_addresses(network="2000::/3")
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?", fullmatch=True)
DOMAINS = st.builds("{}.example".format, LABELS)
# Whatever a text may hold, and mostly what has to be escaped or split.
TEXTS = st.text() | st.text(st.sampled_from('"\\;() $@\t\n\x00é0'), min_size=200, max_size=900)


@given(
    st.lists(DOMAINS, min_size=1, max_size=4, unique=True),
    LABELS,
    st.lists(ADDRESSES_OF_HOSTS.map(str), min_size=1, max_size=3, unique=True),
    st.sampled_from(["", "version: STSv1\n"]),
)
def test_every_zone_is_read_back(
    domains: list[str], host: str, addresses: list[str], policy: str
) -> None:
    hostname = f"{host}.{domains[0]}"
    facts = Facts(hostname, tuple(domains), web=True)
    every = records(facts, tuple(addresses), {domains[0]: (RSA,)}, registered, policy=policy)
    for zone in zones(every, (*domains, hostname), registered):
        if zone.whole:
            found = loaded(zone_file(zone, hostname, 1))
            assert triples(zone) <= found
            assert {kind for _, kind, _ in found - triples(zone)} == {"SOA", "NS"}


@given(st.lists(TEXTS, min_size=1, max_size=3, unique=True))
def test_every_text_is_read_back(texts: list[str]) -> None:
    held = tuple(
        Record("dkim", f"t{number}.example.com", "TXT", text) for number, text in enumerate(texts)
    )
    zone = Zone("example.com", held)
    assert triples(zone) <= loaded(zone_file(zone, "mx.example.com", 1))


@pytest.mark.parametrize(
    ("length", "lengths"),
    [(0, [0]), (1, [1]), (254, [254]), (255, [255]), (256, [255, 1]), (511, [255, 255, 1])],
)
def test_texts_are_split(length: int, lengths: list[int]) -> None:
    text = bytes(range(256)) * 2
    parts = character_strings(text[:length])
    assert list(map(len, parts)) == lengths
    assert b"".join(parts) == text[:length]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"v=spf1 mx -all", '"v=spf1 mx -all"'),
        (b"a;b (c)", '"a;b (c)"'),
        (b'say "so"', '"say \\"so\\""'),
        (b"back\\slash", '"back\\\\slash"'),
        (b"\x00\n\x7f\xff", '"\\000\\010\\127\\255"'),
        (b"~ ", '"~ "'),
    ],
)
def test_texts_are_quoted(text: bytes, expected: str) -> None:
    assert quoted(text) == expected


def test_a_long_text_stands_in_brackets() -> None:
    text = presented(Record("dkim", "x", "TXT", "a" * 256))
    assert text == f'( "{"a" * 255}"\n    "a" )'


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("A", "198.51.100.7", "198.51.100.7"),
        ("CNAME", "mx.example.com", "mx.example.com."),
        ("SRV", "0 1 465 mx.example.com", "0 1 465 mx.example.com."),
        ("SRV", "0 0 0 .", "0 0 0 ."),
        ("TLSA", "3 1 1 ab", "3 1 1 ab"),
    ],
)
def test_names_end_with_a_dot(kind: str, value: str, expected: str) -> None:
    assert presented(Record("x", "x", kind, value)) == expected


def test_values_for_a_form() -> None:
    found = list(fields(of_large()["example.com"]))
    assert Fields("@", "MX", "10", "mx.example.net") in found
    assert Fields("_submissions._tcp", "SRV", "0", "1 465 mx.example.net") in found
    assert Fields("20261120._domainkey", "TXT", "", RSA.text) in found
    assert Fields("shop", "MX", "10", "mx.example.net") in found


def test_reverse_dns_is_shown_by_address() -> None:
    found = list(fields(of_large()["reverse DNS"]))
    assert found == [Fields(address, "PTR", "", LARGE.hostname) for address in ADDRESSES]


@given(st.ip_addresses())
def test_pointers_lead_back(address: object) -> None:
    assert address_of(address.reverse_pointer) == str(address)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("example.com", "@"), ("a.b.example.com", "a.b"), ("x.notexample.com", "x.notexample.com")],
)
def test_names_in_a_zone(name: str, expected: str) -> None:
    assert relative(name, "example.com") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("example.com", "example.com"),
        ("mx.xn--bcher-kva.example", "mx.bücher.example"),
        # What the older standard of Python does not know.
        ("xn--strae-oqa.example", "straße.example"),
        ("xn--ü.example", "xn--ü.example"),
        ("xn--99999999.example", "xn--99999999.example"),
    ],
)
def test_domains_in_their_own_script(name: str, expected: str) -> None:
    assert spelled(name) == expected


def test_the_title_of_a_zone_has_both() -> None:
    found = of_large()
    assert found["xn--bcher-kva.example"].title == "xn--bcher-kva.example (bücher.example)"
    assert found["example.com"].title == "example.com"
