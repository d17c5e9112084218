"""Which domains belong together, by the public suffix list."""

from collections.abc import Iterator

import pytest
from mailpopbox import organisations
from mailpopbox.ledger.entries import Correspondent, Entry
from mailpopbox.organisations import is_leaked, organisation
from publicsuffix2 import PublicSuffixList


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("example.com", "example.com"),
        ("mail.eu.example.com", "example.com"),
        ("com", "com"),
        # In no list.
        ("shop.example", "shop.example"),
        ("mail.shop.example", "shop.example"),
        ("example", "example"),
        ("localhost", "localhost"),
        ("mail.xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_organisations(domain: str, expected: str) -> None:
    assert organisation(domain) == expected


@pytest.fixture
def own_list(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A list of our own, with suffixes below which anybody may register."""
    rules = PublicSuffixList(["test", "co.test", "*.wild.test", "!kept.wild.test", "bücher.test"])
    monkeypatch.setattr(organisations, "_list", lambda: rules)
    organisation.cache_clear()
    yield
    organisation.cache_clear()


@pytest.mark.usefixtures("own_list")
@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("shop.test", "shop.test"),
        ("co.test", "co.test"),
        ("shop.co.test", "shop.co.test"),
        ("mail.shop.co.test", "shop.co.test"),
        ("a.b.c.wild.test", "b.c.wild.test"),
        ("a.kept.wild.test", "kept.wild.test"),
        ("mail.shop.xn--bcher-kva.test", "shop.xn--bcher-kva.test"),
    ],
)
def test_suffixes_of_several_parts(domain: str, expected: str) -> None:
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
