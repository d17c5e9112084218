"""Where a domain wants its reports, whatever it writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailpopbox.reports.places import address_in, places_in


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=TLSRPTv1; rua=mailto:tls@example.net", ["mailto:tls@example.net"]),
        ("v=TLSRPTv1;rua=mailto:tls@example.net;", ["mailto:tls@example.net"]),
        ("v=TLSRPTv1 ; rua = mailto:tls@example.net ; x=y", ["mailto:tls@example.net"]),
        (
            "v=TLSRPTv1; rua=https://example.net/tls, mailto:tls@example.net",
            ["https://example.net/tls", "mailto:tls@example.net"],
        ),
        ("v=TLSRPTv1; rua=mailto:a@example.net,mailto:a@example.net", ["mailto:a@example.net"]),
        ("v=TLSRPTv1; rua=http://example.net/,ftp://example.net/,tls@example.net", []),
        ("v=TLSRPTv1; rua=https://example.net/a b,https://,https://example.net/ü", []),
        ("v=TLSRPTv1; ruf=mailto:tls@example.net", []),
        ("v=TLSRPTv1;", []),
        ("", []),
    ],
)
def test_what_can_be_used(record: str, expected: list[str]) -> None:
    assert list(places_in(record)) == expected


def test_nobody_has_us_write_to_thousands() -> None:
    record = ",".join(f"mailto:a{number}@example.net" for number in range(1000))
    assert len(places_in(f"v=TLSRPTv1; rua={record}")) == 5


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("mailto:tls@example.net", "tls@example.net"),
        ("MAILTO:tls%2Breports@Example.NET?subject=x", "tls+reports@Example.NET"),
        ("mailto:a.b!c@xn--bcher-kva.example", "a.b!c@xn--bcher-kva.example"),
        ("mailto:a@example.net%0ABcc:b@example.org", ""),
        ("mailto:a%2Cb@example.net", ""),
        ("mailto:a@example.net%2Cb@example.org", ""),
        ("mailto:%22a b%22@example.net", ""),
        ("mailto:<a@example.net>", ""),
        ("mailto:a..b@example.net", ""),
        ("mailto:ü@example.net", ""),
        ("mailto:a@bücher.example", ""),
        ("mailto:a@localhost", ""),
        ("mailto:@example.net", ""),
        ("mailto:", ""),
        ("https://a@example.net", ""),
    ],
)
def test_only_what_can_stand_in_a_header(uri: str, address: str) -> None:
    assert address_in(uri) == address


@given(st.text())
def test_no_record_breaks_it(text: str) -> None:
    for place in places_in(f"v=TLSRPTv1; rua={text}"):
        assert place.isprintable()
        assert place.lower().startswith("https://") or address_in(place).isascii()
