"""What domains publish, as a name server and a policy server on this machine tell it."""

import functools
import logging
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import pytest
from mailpopbox.dns import resolving
from mailpopbox.found import Unknown
from mailpopbox.outbound.dane import Resolver
from mailpopbox.reports import published as module
from mailpopbox.reports.published import Published
from nameserver import Reply, answers_of, failing, zone
from nameserver import serving as serving_names
from policies import serving as serving_policies

RESOLVER = "127.0.0.1"
WISH = "v=TLSRPTv1; rua=mailto:tls@example.com"
DIGEST, OTHER = "AB" * 32, "0C" * 32
ZONE = zone(
    "example.com",
    f"""
_smtp._tls TXT "v=TLSRPTv1; " "rua=mailto:tls@example.com"
_smtp._tls.also TXT "{WISH}"
_smtp._tls.also TXT "something else"
_smtp._tls.bare TXT "v=TLSRPTv1"
_smtp._tls.two TXT "{WISH}"
_smtp._tls.two TXT "v=TLSRPTv1; rua=mailto:others@example.com"
_smtp._tls.later TXT "v=TLSRPTv10; rua=mailto:tls@example.com"
_smtp._tls.other TXT "rua=mailto:tls@example.com"
mail MX 10 MX
mail MX 20 mx.example.net.
mx A 198.51.100.7
_25._tcp.mx TLSA 3 1 1 {OTHER}
_25._tcp.mx TLSA 3 1 1 {DIGEST}
_25._tcp.mx TLSA 1 1 1 {DIGEST}
alias CNAME mx
pkix A 198.51.100.7
_25._tcp.pkix TLSA 1 1 1 {DIGEST}
bare A 198.51.100.7
""",
)
POLICIES = {
    "postfix sts.example.com": "OK secure match=mx.example.com:.example.net servername=hostname",
    "postfix dane.example.com": "OK dane-only",
    "postfix plain.example.com": "NOTFOUND ",
    "postfix later.example.com": "TEMP later",
    "postfix broken.example.com": "OK secure servername=hostname",
    "postfix odd.example.com": "OK may",
}
NO_POLICY = {"policy-type": "no-policy-found", "policy-domain": "plain.example.com"}
BOUND = {
    "policy-type": "tlsa",
    "policy-string": [f"3 1 1 {OTHER}", f"3 1 1 {DIGEST}"],
    "policy-domain": "mx.example.com",
}


def answer(question: dns.message.QueryMessage) -> Reply:
    """Answer as a resolver that has checked all there is, and finds a part of it broken."""
    if "broken." in str(question.question[0].name):
        return failing(dns.rcode.SERVFAIL)(question)
    reply = answers_of(ZONE, own=False)(question)
    assert isinstance(reply, dns.message.Message)
    reply.flags |= dns.flags.AD
    return reply


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    (tmp_path / "resolv.conf").write_text(f"nameserver {RESOLVER}\n")
    monkeypatch.setattr(resolving, "_CONFIGURATION", str(tmp_path / "resolv.conf"))
    socket = tmp_path / "policies"
    with (
        serving_names({RESOLVER: answer}) as port,
        serving_policies(socket, POLICIES.__getitem__),
    ):
        monkeypatch.setattr(resolving, "_PORT", port)
        monkeypatch.setattr(module, "Resolver", functools.partial(Resolver, port=port))
        yield Published(socket, RESOLVER)


def test_who_wants_reports(published: Published, caplog: pytest.LogCaptureFixture) -> None:
    parts = ("also", "bare", "two", "later", "other", "none", "broken")
    names = ["example.com", *(f"{part}.example.com" for part in parts)]
    with caplog.at_level(logging.INFO):
        found = published.records(names)
    assert found == {
        "example.com": WISH,
        "also.example.com": WISH,
        "bare.example.com": "v=TLSRPTv1",
    }
    [line] = caplog.messages
    assert line.startswith("broken.example.com is not reported on: 127.0.0.1 answered SERVFAIL")


def test_who_takes_their_mail(published: Published) -> None:
    names = [f"{part}.example.com" for part in ("mail", "bare", "nowhere", "broken")]
    assert published.servers(names) == {
        "mail.example.com": {"mx.example.com", "mx.example.net"},
        "bare.example.com": {"bare.example.com"},
        "nowhere.example.com": {"nowhere.example.com"},
    }


def test_nobody_is_asked_about(published: Published) -> None:
    assert (published.records([]), published.servers([])) == ({}, {})


@pytest.mark.parametrize(
    ("domain", "host", "expected"),
    [
        ("dane.example.com", "mx.example.com", BOUND),
        ("plain.example.com", "mx.example.com", BOUND),
        # The name at the end of an alias.
        ("plain.example.com", "alias.example.com", BOUND),
        ("plain.example.com", "bare.example.com", NO_POLICY),
        ("plain.example.com", "nowhere.example.com", NO_POLICY),
        # Of which Postfix makes nothing.
        ("plain.example.com", "pkix.example.com", NO_POLICY),
        # Over DANE it counts only where there is none, and then it is not told of.
        (
            "sts.example.com",
            "mx.example.com",
            {
                "policy-type": "sts",
                "policy-string": [
                    "mode: enforce",
                    "mx: *.example.net",
                    "mx: mx.example.com",
                    "version: STSv1",
                ],
                "policy-domain": "sts.example.com",
                "mx-host": ["*.example.net", "mx.example.com"],
            },
        ),
    ],
)
def test_the_policy(
    published: Published, domain: str, host: str, expected: dict[str, object]
) -> None:
    assert published.policy(domain, host) == expected


@pytest.mark.parametrize(
    ("domain", "host", "why"),
    [
        ("later.example.com", "mx.example.com", "TEMP later"),
        ("plain.example.com", "broken.example.com", "127.0.0.1 answered SERVFAIL about broken.exa"),
        ("plain.example.com", "a" * 64 + ".example.com", "a" * 64),
        # Whoever answers hangs up, or answers something else.
        ("unheard.example.com", "mx.example.com", ""),
        ("odd.example.com", "mx.example.com", "OK may"),
        ("broken.example.com", "mx.example.com", ""),
    ],
)
def test_what_cannot_be_known(published: Published, domain: str, host: str, why: str) -> None:
    found = published.policy(domain, host)
    assert isinstance(found, Unknown)
    assert found.why
    assert found.why.startswith(why)


def test_nobody_answers_for_policies(tmp_path: Path) -> None:
    found = Published(tmp_path / "away", None).policy("plain.example.com", "mx.example.com")
    assert isinstance(found, Unknown)
    assert "No such file" in found.why


def test_without_a_resolver_that_checks_there_is_no_dane() -> None:
    assert Published(None, None).policy("plain.example.com", "mx.example.com") == NO_POLICY
