"""Whether a domain has DANE, as a resolver on this machine tells it."""

from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from mailpopbox.outbound import dane
from mailpopbox.outbound.dane import Bound, Resolver, UnansweredError
from mailpopbox.outbound.policy import Dane
from nameserver import Answerer, Reply, answers_of, failing, garbled, serving, silent, zone

RESOLVER = "127.0.0.1"
DIGEST = "AB" * 32
SIGNED = zone(
    "example.com",
    f"""
@ MX 10 mx
mx A 198.51.100.7
_25._tcp.mx TLSA 3 1 1 {DIGEST}
later MX 5 bare
later MX 20 mx
bare A 198.51.100.8
none MX 10 bare
host A 198.51.100.9
_25._tcp.host TLSA 2 0 2 {"CD" * 64}
six MX 10 onlysix
onlysix AAAA 2001:db8::1
_25._tcp.onlysix TLSA 3 0 0 {DIGEST}
null MX 0 .
alias MX 10 other
other CNAME mx
aliasown MX 10 another
another CNAME bare
_25._tcp.another TLSA 3 1 1 {DIGEST}
away MX 10 mx.example.net.
shared MX 10 sharedhost
sharedhost A 198.51.100.8
_25._tcp.sharedhost CNAME _25._tcp.mx
broken MX 10 broken
broken A 198.51.100.8
half MX 10 broken
half MX 20 mx
pkix MX 10 pkixhost
pkixhost A 198.51.100.8
_25._tcp.pkixhost TLSA 1 1 1 {DIGEST}
odd MX 10 oddhost
oddhost A 198.51.100.8
_25._tcp.oddhost TLSA 3 9 1 {DIGEST}
_25._tcp.oddhost TLSA 3 1 9 {DIGEST}
{"".join(f"many MX {number} bare{number}{chr(10)}" for number in range(20))}
{"".join(f"bare{number} A 198.51.100.8{chr(10)}" for number in range(20))}
_25._tcp.bare9 TLSA 3 1 1 {DIGEST}
both CNAME MX
_25._tcp.both TLSA 3 1 1 {"EF" * 32}
""",
)
UNSIGNED = zone(
    "example.net",
    f"""
@ MX 10 mx
mx A 198.51.100.7
_25._tcp.mx TLSA 3 1 1 {DIGEST}
there MX 10 mx.example.com.
""",
)


def resolver(question: dns.message.QueryMessage) -> Reply:
    """Answer as Unbound does, which has checked one zone, and finds a part of it broken."""
    name = str(question.question[0].name)
    assert question.flags & dns.flags.AD
    if name == "_25._tcp.broken.example.com.":
        return failing(dns.rcode.SERVFAIL)(question)
    reply = answers_of(SIGNED, UNSIGNED, own=False)(question)
    assert isinstance(reply, dns.message.Message)
    if name.endswith("example.com."):
        reply.flags |= dns.flags.AD
    return reply


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving({RESOLVER: resolver}) as port:
        yield port


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("example.com", Dane.PUBLISHED),
        # By one of its hosts.
        ("later.example.com", Dane.PUBLISHED),
        ("none.example.com", Dane.ABSENT),
        # Without MX, the domain is its own host.
        ("host.example.com", Dane.PUBLISHED),
        ("six.example.com", Dane.PUBLISHED),
        ("nowhere.example.com", Dane.ABSENT),
        # Which takes no mail.
        ("null.example.com", Dane.ABSENT),
        # What stands at the end of an alias, and at its beginning.
        ("alias.example.com", Dane.PUBLISHED),
        ("aliasown.example.com", Dane.PUBLISHED),
        ("shared.example.com", Dane.PUBLISHED),
        # Nobody vouches for the host, or for which one it is.
        ("away.example.com", Dane.ABSENT),
        ("there.example.net", Dane.ABSENT),
        ("example.net", Dane.ABSENT),
        # An answer that does not come could be of either kind, unless another host decides.
        ("broken.example.com", Dane.UNKNOWN),
        ("half.example.com", Dane.PUBLISHED),
        # Records of which Postfix makes nothing.
        ("pkix.example.com", Dane.ABSENT),
        ("odd.example.com", Dane.ABSENT),
        # Only so many hosts are looked at.
        ("many.example.com", Dane.PUBLISHED),
        ("a" * 64 + ".example.com", Dane.UNKNOWN),
    ],
)
def test_what_a_domain_has(port: int, domain: str, expected: Dane) -> None:
    assert Resolver(RESOLVER, port).dane_of(domain) is expected


def test_only_so_many_hosts_are_asked(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dane, "_MOST_HOSTS", 9)
    assert Resolver(RESOLVER, port).dane_of("many.example.com") is Dane.ABSENT


@pytest.mark.parametrize("answerer", [failing(dns.rcode.SERVFAIL), garbled, silent])
def test_without_an_answer_it_is_unknown(
    answerer: Answerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dane, "_SECONDS", 0.3)
    with serving({RESOLVER: answerer}) as port:
        assert Resolver(RESOLVER, port).dane_of("example.com") is Dane.UNKNOWN


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("example.com", "ns", True),
        # That there is no such name can be signed as well.
        ("nowhere.example.com", "A", True),
        ("example.net", "NS", False),
        ("_25._tcp.broken.example.com", "TLSA", None),
        ("example.com", "NOTHING", None),
        ("example.com", "", None),
        ("a" * 64 + ".example.com", "A", None),
    ],
)
def test_whether_it_has_checked_an_answer(
    port: int, name: str, kind: str, *, expected: bool | None
) -> None:
    assert Resolver(RESOLVER, port).vouches_for(name, kind) is expected


def test_without_a_resolver_it_is_unknown() -> None:
    assert Resolver(RESOLVER, 1).dane_of("example.com") is Dane.UNKNOWN


def test_by_what_a_host_has_to_prove_itself(port: int) -> None:
    asking = Resolver(RESOLVER, port)
    assert asking.tlsa_of("mx.example.com") == Bound("mx.example.com", (f"3 1 1 {DIGEST}",))
    # For the name at the end of an alias, or, if it has none, for the alias.
    assert asking.tlsa_of("other.example.com") == Bound("mx.example.com", (f"3 1 1 {DIGEST}",))
    assert asking.tlsa_of("another.example.com") == Bound(
        "another.example.com", (f"3 1 1 {DIGEST}",)
    )
    assert asking.tlsa_of("both.example.com") == Bound("mx.example.com", (f"3 1 1 {DIGEST}",))
    assert asking.tlsa_of("host.example.com") == Bound("host.example.com", (f"2 0 2 {'CD' * 64}",))
    assert asking.tlsa_of("bare.example.com") is None
    assert asking.tlsa_of("mx.example.net") is None
    for host in ("broken.example.com", "a" * 64 + ".example.com"):
        with pytest.raises(UnansweredError, match=host[:6]):
            asking.tlsa_of(host)


@pytest.mark.parametrize("kind", ["A", "TLSA"])
def test_both_answers_have_to_be_checked(kind: str) -> None:
    def half(question: dns.message.QueryMessage) -> Reply:
        reply = resolver(question)
        assert isinstance(reply, dns.message.Message)
        if question.question[0].rdtype == dns.rdatatype.from_text(kind):
            reply.flags &= ~dns.flags.AD
        return reply

    with serving({RESOLVER: half}) as port:
        assert Resolver(RESOLVER, port).tlsa_of("mx.example.com") is None
