"""What Postfix is answered, by what MTA-STS and DANE say of a domain."""

import pytest
from mailpopbox.outbound.policy import Dane, answer

SECURE = "OK secure match=mx.example.com servername=hostname"


@pytest.mark.parametrize(
    ("policy", "dane", "expected"),
    [
        ("NOTFOUND ", Dane.PUBLISHED, "NOTFOUND "),
        ("NOTFOUND ", Dane.UNKNOWN, "NOTFOUND "),
        (SECURE, Dane.ABSENT, SECURE),
        (SECURE, Dane.PUBLISHED, "OK dane-only"),
        (SECURE, Dane.UNKNOWN, "TEMP DNS does not say whether example.com has DANE"),
        ("TEMP later", Dane.PUBLISHED, "TEMP later"),
        ("PERM never", Dane.ABSENT, "PERM never"),
    ],
)
def test_dane_counts_before_mta_sts(policy: str, dane: Dane, expected: str) -> None:
    assert answer("mailpopbox example.com", lambda _: policy, lambda _: dane) == expected


@pytest.mark.parametrize(
    "destination",
    [
        ".example.com",
        "[mx.example.com]",
        "[198.51.100.7]:25",
        "example.com:587",
        "[ipv6:2001:db8::1]",
    ],
)
def test_only_domains_have_policies(destination: str) -> None:
    def asked(_domain: str) -> str:
        raise AssertionError

    assert answer(f"mailpopbox {destination}", asked, lambda _: Dane.UNKNOWN) == "NOTFOUND "
