"""Which domains belong together, by the public suffix list."""

import pytest
from mailpopbox.commands.organisations import is_leaked, organisation
from mailpopbox.ledger.entries import Correspondent, Entry


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("example.com", "example.com"),
        ("mail.eu.example.com", "example.com"),
        ("example.co.uk", "example.co.uk"),
        ("a.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("com", "com"),
        # In no list.
        ("shop.example", "shop.example"),
        ("mail.shop.example", "shop.example"),
        ("example", "example"),
        ("localhost", "localhost"),
        ("mail.xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("x.xn--55qx5d.cn", "x.xn--55qx5d.cn"),
    ],
)
def test_organisations(domain: str, expected: str) -> None:
    assert organisation(domain) == expected


def has_leaked(*domains: str) -> bool:
    correspondents = tuple(Correspondent(domain, 1, 2, 1) for domain in domains)
    first = next(iter(domains), "")
    return is_leaked(Entry("l", "a", "a", first_domain=first, correspondents=correspondents))


@pytest.mark.parametrize(
    "domains",
    [
        [],
        ["shop.example"],
        ["shop.example", "mail.shop.example", "eu.mail.shop.example"],
        ["mail.shop.example", "shop.example"],
    ],
)
def test_what_is_no_leak(domains: list[str]) -> None:
    assert not has_leaked(*domains)


@pytest.mark.parametrize(
    "domains",
    [["shop.example", "casino.example"], ["shop.example", "mail.shop.example", "shop.test"]],
)
def test_leaks(domains: list[str]) -> None:
    assert has_leaked(*domains)
