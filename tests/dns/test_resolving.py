"""Asking DNS: name servers on this machine, as they are and as they fail."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.zone
import pytest
from mailpopbox.dns import resolving
from mailpopbox.dns.judging import Question, Trouble, Values
from mailpopbox.dns.resolving import Asked, Asker
from nameserver import (
    Answerer,
    Reply,
    answers_of,
    contradicting,
    failing,
    garbled,
    serving,
    silent,
    zone,
)

RESOLVER, OWN = "127.0.0.1", "127.0.0.2"
LONG = "v=DKIM1; k=rsa; p=" + "QUJD" * 400
RECORDS = f"""
@ MX 10 MX.example.com.
@ TXT "v=spf1 " "mx -all"
@ TXT "\\200"
mx A 198.51.100.7
mx AAAA 2001:db8:0::1
long TXT {" ".join(f'"{LONG[at : at + 255]}"' for at in range(0, len(LONG), 255))}
_imap._tcp SRV 0 0 0 .
_pop3s._tcp SRV 0 1 995 mx
_25._tcp.mx TLSA 3 1 1 {"AB" * 32}
www CNAME mx
key CNAME key.example.net.
ring CNAME ring.example.net.
gone CNAME none.example.net.
"""
NET = 'key TXT "elsewhere"\nring CNAME ring.example.com.\n'
COM, OTHER = zone("example.com", RECORDS), zone("example.net", NET)
TOP = zone("com", "")
SECOND = "127.0.0.3"
TWO = zone("example.com", f'@ NS ns2\nns2 A {SECOND}\nkey TXT "new"\nfar CNAME key.example.net.\n')
ALL_OF_TWO = answers_of(TWO, OTHER, own=False)
ROOT = dns.zone.from_text("$TTL 60\n@ SOA ns x 1 1 1 1 1\n@ NS ns\n", ".", relativize=False)
ALL = answers_of(COM, OTHER, TOP, own=False)
Serve = Callable[[Mapping[str, Answerer]], AbstractContextManager[None]]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Serve:
    configuration = tmp_path / "resolv.conf"
    configuration.write_text(f"nameserver {RESOLVER}\n")
    monkeypatch.setattr(resolving, "_CONFIGURATION", str(configuration))
    monkeypatch.setattr(resolving, "_SECONDS", 0.3)

    @contextmanager
    def served(servers: Mapping[str, Answerer]) -> Iterator[None]:
        with serving(servers) as port, monkeypatch.context() as patch:
            patch.setattr(resolving, "_PORT", port)
            yield

    return served


def ask(asker: Asker, *questions: Question, of: str = "example.com") -> list[Values | Trouble]:
    [whom] = asker.whom([of])
    found = asker.answers([(question, whom) for question in questions])
    return [found[question] for question in questions]


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("example.com", "MX", ("10 mx.example.com",)),
        ("example.com", "TXT", ("v=spf1 mx -all", "\ufffd")),
        ("mx.example.com", "A", ("198.51.100.7",)),
        ("mx.example.com", "AAAA", ("2001:db8::1",)),
        ("mx.example.com", "TXT", ()),
        ("none.example.com", "TXT", ()),
        # By TCP, since it does not fit a datagram.
        ("long.example.com", "TXT", (LONG,)),
        ("_imap._tcp.example.com", "SRV", ("0 0 0 .",)),
        ("_pop3s._tcp.example.com", "SRV", ("0 1 995 mx.example.com",)),
        ("_25._tcp.mx.example.com", "TLSA", (f"3 1 1 {'ab' * 32}",)),
        ("www.example.com", "CNAME", ("mx.example.com",)),
        ("www.example.com", "A", ("198.51.100.7",)),
        # In another zone.
        ("key.example.com", "TXT", ("elsewhere",)),
        ("gone.example.com", "TXT", ()),
    ],
)
def test_what_is_there(serve: Serve, name: str, kind: str, expected: Values) -> None:
    with serve({RESOLVER: ALL, OWN: answers_of(COM)}):
        assert ask(Asker(), (name, kind)) == [expected]


class TestEachServer:
    """Each server of a zone speaks for itself."""

    def test_all_have_it(self, serve: Serve) -> None:
        own = answers_of(TWO)
        with serve({RESOLVER: ALL_OF_TWO, OWN: own, SECOND: own}):
            assert Asker().by_server("key.example.com", "TXT") == [("new",), ("new",)]

    def test_one_lags_behind(self, serve: Serve) -> None:
        before = answers_of(zone("example.com", ""))
        with serve({RESOLVER: ALL_OF_TWO, OWN: answers_of(TWO), SECOND: before}):
            assert Asker().by_server("key.example.com", "TXT") == [("new",), ()]

    @pytest.mark.parametrize(
        "other", [silent, answers_of(COM, own=False), failing(dns.rcode.SERVFAIL)]
    )
    def test_one_does_not_answer_for_itself(self, serve: Serve, other: Answerer) -> None:
        with serve({RESOLVER: ALL_OF_TWO, OWN: answers_of(TWO), SECOND: other}):
            first, second = Asker().by_server("key.example.com", "TXT")
        assert first == ("new",)
        assert isinstance(second, Trouble)

    def test_an_alias_tells_nothing_of_the_zone(self, serve: Serve) -> None:
        with serve({RESOLVER: ALL_OF_TWO, OWN: answers_of(TWO), SECOND: answers_of(TWO)}):
            assert Asker().by_server("far.example.com", "TXT") == [("elsewhere",)] * 2

    def test_nobody_knows_the_servers(self, serve: Serve) -> None:
        bare = zone("example.com", "")
        bare.delete_rdataset("example.com.", "NS")
        with serve({RESOLVER: answers_of(bare, own=False)}):
            assert Asker().by_server("key.example.com", "TXT") == []
        with serve({RESOLVER: failing(dns.rcode.SERVFAIL)}):
            assert Asker().by_server("key.example.com", "TXT") == [
                Trouble(f"{RESOLVER} answered SERVFAIL")
            ]


def test_aliases_that_lead_in_a_ring(serve: Serve) -> None:
    with serve({RESOLVER: ALL, OWN: answers_of(COM)}):
        [found] = ask(Asker(), ("ring.example.com", "TXT"))
    assert isinstance(found, Trouble)


def test_the_servers_of_the_zone_are_believed_first(serve: Serve) -> None:
    """A resolver remembers what was there before."""
    before = zone("example.com", '@ TXT "old"\n')
    with serve({RESOLVER: answers_of(before, own=False), OWN: answers_of(COM)}):
        asker = Asker()
        [whom] = asker.whom(["example.com"])
        assert isinstance(whom, Asked)
        assert (whom.zone, whom.shown) == ("example.com", "ns.example.com")
        assert ask(asker, ("example.com", "MX")) == [("10 mx.example.com",)]


@pytest.mark.parametrize(
    "own",
    [silent, failing(dns.rcode.SERVFAIL), answers_of(OTHER), answers_of(COM, own=False), garbled],
    ids=["silent", "failing", "of another zone", "a resolver", "garbled"],
)
def test_the_resolver_where_they_do_not_answer(serve: Serve, own: Answerer) -> None:
    with serve({RESOLVER: ALL, OWN: own}):
        asker = Asker()
        [whom] = asker.whom(["example.com"])
        assert isinstance(whom, Asked)
        assert whom.shown == f"the resolver ({RESOLVER})"
        assert ask(asker, ("example.com", "MX")) == [("10 mx.example.com",)]


def test_a_zone_below_it_is_answered_by_the_resolver(serve: Serve) -> None:
    below = zone("sub.example.com", '@ TXT "below"\n')
    above = answers_of(COM)

    def referring(question: dns.message.QueryMessage) -> Reply:
        reply = above(question)
        if isinstance(reply, dns.message.Message) and "sub" in str(question.question[0].name):
            reply.flags &= ~dns.flags.AA
        return reply

    everything = answers_of(below, COM, own=False)
    with serve({RESOLVER: everything, OWN: referring}):
        assert ask(Asker(), ("sub.example.com", "TXT")) == [("below",)]


def test_a_zone_without_servers_that_are_known(serve: Serve) -> None:
    bare = zone("example.com", "@ MX 10 mx\n")
    bare.delete_rdataset("ns.example.com.", "A")
    without = zone("example.net", "@ MX 10 mx\n")
    without.delete_rdataset("example.net.", "NS")
    with serve({RESOLVER: answers_of(bare, without, own=False)}):
        for name in ("example.com", "example.net"):
            assert ask(Asker(), (name, "MX"), of=name) == [(f"10 mx.{name}",)]


@pytest.mark.parametrize("above", ["com", "."])
def test_a_domain_that_nobody_has_registered(serve: Serve, above: str) -> None:
    heard = answers_of(zone(above, "") if above == "com" else ROOT, own=False)
    with serve({RESOLVER: heard}):
        [whom] = Asker().whom(["example.com"])
    assert isinstance(whom, Asked)
    assert whom.zone == above


def test_an_answer_that_names_no_zone(serve: Serve) -> None:
    with serve({RESOLVER: failing(dns.rcode.NXDOMAIN)}):
        [whom] = Asker().whom(["example.com"])
    assert isinstance(whom, Asked)
    assert whom.zone == "example.com"


@pytest.mark.parametrize(
    ("answerer", "why"),
    [
        (silent, "127.0.0.1 did not answer in time"),
        (failing(dns.rcode.SERVFAIL), "127.0.0.1 answered SERVFAIL"),
        (failing(dns.rcode.REFUSED), "127.0.0.1 answered REFUSED"),
    ],
)
def test_a_resolver_that_does_not_answer_is_never_taken_for_nothing(
    serve: Serve, answerer: Answerer, why: str
) -> None:
    with serve({RESOLVER: answerer}):
        assert ask(Asker(), ("example.com", "MX")) == [Trouble(why)]


def only_starts(answerer: Answerer) -> Answerer:
    """Answer where a zone begins, and fall silent then."""

    def answer(question: dns.message.QueryMessage) -> Reply:
        is_start = question.question[0].rdtype in {dns.rdatatype.SOA, dns.rdatatype.NS}
        return answerer(question) if is_start else None

    return answer


def test_some_questions_are_not_answered(serve: Serve) -> None:
    with serve({RESOLVER: only_starts(ALL)}):
        found = ask(Asker(), ("example.com", "NS"), ("example.com", "MX"))
    assert found == [("ns.example.com",), Trouble("127.0.0.1 did not answer in time")]


def test_an_answer_that_contradicts_itself(serve: Serve) -> None:
    with serve({RESOLVER: contradicting}):
        [found] = ask(Asker(), ("example.com", "TXT"))
    assert isinstance(found, Trouble)
    assert found.why.startswith("example.com: ")


def test_nothing_listens(serve: Serve) -> None:
    begun = time.monotonic()
    with serve({OWN: silent}):
        [found] = ask(Asker(), ("example.com", "MX"))
    assert isinstance(found, Trouble)
    assert time.monotonic() - begun < 5


def test_servers_that_fall_silent_in_between(serve: Serve) -> None:
    """One that answered a moment ago is asked first; what it does not say, the resolver knows."""
    with serve({RESOLVER: ALL, OWN: only_starts(answers_of(COM))}):
        assert ask(Asker(), ("example.com", "MX")) == [("10 mx.example.com",)]


class TestOneServer:
    """One server is named, which is to answer everything."""

    def test_by_its_address(self, serve: Serve) -> None:
        with serve({OWN: answers_of(COM)}):
            asker = Asker(OWN)
            assert asker.anybody().shown == OWN
            assert ask(asker, ("example.com", "MX")) == [("10 mx.example.com",)]

    def test_by_its_name(self, serve: Serve) -> None:
        with serve({RESOLVER: ALL, OWN: answers_of(COM)}):
            assert ask(Asker("ns.example.com"), ("example.com", "MX")) == [("10 mx.example.com",)]

    def test_by_another_name(self, serve: Serve) -> None:
        also = zone("example.org", "other CNAME ns\nns A 127.0.0.2\n")
        with serve({RESOLVER: answers_of(also, own=False), OWN: answers_of(COM)}):
            assert ask(Asker("other.example.org"), ("example.com", "MX")) == [
                ("10 mx.example.com",)
            ]

    def test_that_has_no_address(self, serve: Serve) -> None:
        with serve({RESOLVER: ALL}):
            [found] = ask(Asker("none.example.com"), ("example.com", "MX"))
        assert found == Trouble("none.example.com cannot be found")

    def test_that_does_not_have_the_zone(self, serve: Serve) -> None:
        with serve({OWN: answers_of(OTHER)}):
            assert ask(Asker(OWN), ("example.com", "MX")) == [Trouble(f"{OWN} answered REFUSED")]


def test_no_resolver_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resolving, "_CONFIGURATION", str(tmp_path / "none"))
    with pytest.raises(OSError, match="names no resolver to ask"):
        Asker()
