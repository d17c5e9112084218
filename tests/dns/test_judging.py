"""How what DNS says is held against what is needed."""

from itertools import chain

import pytest
from mailpopbox.dns.judging import (
    DIFFERENT,
    MISSING,
    THERE,
    UNKNOWN,
    Finding,
    Trouble,
    Values,
    findings,
    questions,
)
from mailpopbox.dns.records import Record, records
from zones import ADDRESSES, LARGE, RSA, everything, registered

HOST = "mx.example.com"
A, AAAA = (
    Record("address", HOST, kind, address)
    for kind, address in zip(("A", "AAAA"), ADDRESSES, strict=True)
)
WEB = Record("web", "mta-sts.example.com", "CNAME", HOST)
# A record of each kind of text and the like, which all stand at one name here.
WANTED = {
    "mx": ("MX", f"10 {HOST}"),
    "spf": ("TXT", "v=spf1 mx -all"),
    "dkim": ("TXT", "v=DKIM1; k=rsa; p=QUJD"),
    "dmarc": ("TXT", "v=DMARC1; p=quarantine; rua=mailto:postmaster@example.com"),
    "mta-sts": ("TXT", "v=STSv1; id=abc;"),
    "tls-rpt": ("TXT", "v=TLSRPTv1; rua=mailto:postmaster@example.com"),
    "tlsa": ("TLSA", "3 1 1 ab"),
    "client": ("SRV", f"0 1 465 {HOST}"),
    "reverse": ("PTR", HOST),
}


def judge(record: Record, answer: Values | Trouble) -> Finding:
    [found] = findings([record], {(record.name, record.type): answer}, ADDRESSES)
    assert found.records == (record,)
    return found


@pytest.mark.parametrize("kind", WANTED)
def test_what_is_needed_is_there(kind: str) -> None:
    form, value = WANTED[kind]
    record = Record(kind, "example.com", form, value)
    assert judge(record, (value,)) == Finding((record,), THERE, (value,))
    assert judge(record, ()) == Finding((record,), MISSING)


@pytest.mark.parametrize("kind", WANTED)
def test_nobody_answers(kind: str) -> None:
    record = Record(kind, "example.com", *WANTED[kind])
    assert judge(record, Trouble("too late")) == Finding((record,), UNKNOWN, (), "too late")


TOO_MANY = "more than 10 of its terms ask DNS, so others take it for broken"


def nine(term: str) -> str:
    """Return as many terms, which with the one that is needed are all that may stand there."""
    return " ".join(term.format(number) for number in range(9))


# Kind, what is found, and why it is not what is needed, if it is not.
FOUND = [
    ("mx", [f"10 {HOST}", "20 backup.example.net"], ""),
    ("mx", [f"10 {HOST}", "10 mx2.example.com"], ""),
    ("mx", [f"50 {HOST}"], ""),
    ("mx", ["10 old.example.net"], "mail goes elsewhere"),
    ("mx", ["0 ."], "mail goes elsewhere"),
    ("mx", ["5 old.example.net", f"10 {HOST}"], "mail goes to old.example.net first"),
    ("mx", ["5 old.example.net", f"10 {HOST}", f"1 {HOST}"], ""),
    ("spf", ["some-site-verification=1", "v=spf1 mx -all"], ""),
    ("spf", ["v=spf1 include:_spf.example.net +MX ~all"], ""),
    ("spf", ["v=spf1 mx redirect=_spf.example.net"], ""),
    ("spf", ["v=spf1 a -all"], "mx is not in it"),
    ("spf", ["v=spf1"], "mx is not in it"),
    ("spf", ["v=spf1 mx ?all"], "it lets everybody send; end it with -all"),
    ("spf", ["v=spf1 -all mx"], "mx stands behind all, where nobody reads on"),
    ("spf", ["v=spf1 ?ALL +mx -all"], "mx stands behind all, where nobody reads on"),
    ("spf", ["v=spf1 ~all a"], "mx is not in it"),
    ("spf", ["v=spf1 mx ~all a"], ""),
    ("spf", ["v=spf1 mx +all -all"], "it lets everybody send; end it with -all"),
    ("spf", ["v=spf1 mx redirect=_spf.example.net ?all"], "it lets everybody send; end it with -all"),
    ("spf", [f"v=spf1 mx {nine('include:{}.example.net')} -all"], ""),
    ("spf", [f"v=spf1 mx {nine('include:{}.example.net')} ip4:192.0.2.1 ip6:2001:db8::9 -all a"], ""),
    ("spf", [f"v=spf1 mx {nine('a:{}.example.net')} redirect=_spf.example.net ~all"], ""),
    ("spf", [f"v=spf1 mx {nine('-Exists:{}.example.net')} ?a/24 -all"], TOO_MANY),
    ("spf", [f"v=spf1 mx {nine('a:{}.example.net')} mx:example.net -all"], TOO_MANY),
    ("spf", [f"v=spf1 mx {nine('include:{}.example.net')} ptr ~all"], TOO_MANY),
    ("spf", [f"v=spf1 mx {nine('include:{}.example.net')} redirect=_spf.example.net"], TOO_MANY),
    ("spf", ["v=spf1 mx"], "it lets everybody send; end it with -all"),
    ("spf", ["v=spf1 mx -all", "v=spf1 a -all"], "only one may stand there; join them"),
    ("spf", ["v=spf10 mx -all"], None),
    ("dkim", ["k=rsa;p=QUJD"], ""),
    ("dkim", ["v=DKIM1; p=QU JD; t=s"], ""),
    ("dkim", [" k = rsa ; p = QUJD ; h=sha1:sha256 ; s=email"], ""),
    ("dkim", ["p=QUJD; t=s:y"], "it is only on trial (t=y), so others take mail for unsigned"),
    ("dkim", ["p=QUJD; h=sha1"], "h=sha1 forbids to use it here"),
    ("dkim", ["p=QUJD; s=tlsrpt"], "s=tlsrpt forbids to use it here"),
    ("dkim", ["v=DKIM2; p=QUJD"], "v=DKIM2 forbids to use it here"),
    ("dkim", ["something else", "v=DKIM1; p=QUJD"], "only one may stand there"),
    ("dkim", ["v=DKIM1; k=rsa; p=QUJE"], "it is another key"),
    ("dkim", ["v=DKIM1; k=ed25519; p=QUJD"], "it is another key"),
    ("dkim", ["v=DKIM1; k=rsa; p="], "the key is revoked"),
    ("dkim", ["nonsense"], "it is another key"),
    ("dkim", ["v=DKIM1; p=QUJD", "v=DKIM1; p=QUJE"], "only one may stand there"),
    ("dmarc", ["v=DMARC1;p=reject"], ""),
    ("dmarc", ["v=DMARC1; p=Quarantine; rua=mailto:me@example.net"], ""),
    ("dmarc", ["v=DMARC1; p=none"], "it asks for less (p=none)"),
    ("dmarc", ["v=DMARC1; p=none; pct=0"], "it asks for less (p=none)"),
    ("dmarc", ["v=DMARC1; p=quarantine; pct=0"], "it asks for less (p=quarantine; pct=0)"),
    ("dmarc", ["v=DMARC1; p=Quarantine; PCT = 99"], "it asks for less (p=quarantine; pct=99)"),
    ("dmarc", ["v=DMARC1; p=quarantine; pct=050"], "it asks for less (p=quarantine; pct=050)"),
    ("dmarc", ["v=DMARC1; p=quarantine; pct=100"], ""),
    ("dmarc", ["v=DMARC1; p=quarantine; pct=half"], ""),
    # What is not refused is still put into the spam folder.
    ("dmarc", ["v=DMARC1; p=reject; pct=0"], ""),
    ("dmarc", ["v=DMARC1; p=quarantine", "v=DMARC1; p=reject"], "only one may stand there; join them"),
    ("dmarc", ["v=DMARC1; rua=mailto:me@example.net"], "it has no policy (p=)"),
    ("dmarc", ["v=DMARC2; p=reject"], None),
    ("mta-sts", ["v=STSv1;id=abc"], ""),
    ("mta-sts", ["v=STSv1; id=abd;"], "its id is not that of the policy in force"),
    ("mta-sts", ["v=STSv1;"], "its id is not that of the policy in force"),
    ("tls-rpt", ["v=TLSRPTv1; rua=https://reports.example.net/"], ""),
    ("tls-rpt", ["v=TLSRPTv1;"], "it names nobody to report to (rua=)"),
    ("tlsa", ["3 1 1 ab", "3 1 1 cd"], ""),
    ("tlsa", ["3 1 1 cd"], "it says something else"),
    ("client", ["0 1 465 old.example.net"], "it says something else"),
    ("client", [f"0 1 465 {HOST}", "0 1 465 old.example.net"], "it says something else"),
    ("reverse", ["198-51-100-7.provider.example"], "it says something else"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "found", "why"), FOUND)
def test_what_is_found(kind: str, found: list[str], why: str | None) -> None:
    judged = judge(Record(kind, "example.com", *WANTED[kind]), tuple(found))
    if why is None:
        assert judged.state == MISSING
    else:
        assert (judged.state, judged.why) == (DIFFERENT if why else THERE, why)
        assert set(judged.found) <= set(found)


@pytest.mark.parametrize(
    ("needed", "found", "expected"),
    [
        ("reject", "p=reject; pct=0", DIFFERENT),
        ("reject", "p=reject; pct=100", THERE),
        ("none", "p=reject; pct=0", THERE),
        ("none", "p=none; pct=0", THERE),
    ],
)
def test_a_policy_for_a_part_of_the_mail(needed: str, found: str, expected: str) -> None:
    record = Record("dmarc", "_dmarc.example.com", "TXT", f"v=DMARC1; p={needed}")
    assert judge(record, (f"v=DMARC1; {found}",)).state == expected


def test_of_all_texts_only_those_of_its_kind_are_shown() -> None:
    record = Record("spf", "example.com", *WANTED["spf"])
    assert judge(record, ("other", "v=spf1 a -all")).found == ("v=spf1 a -all",)


# --- DMARC of the host ---

BOUNCES = Record("dmarc", "_dmarc.mx.example.net", "TXT", WANTED["dmarc"][1], "_dmarc.example.net")
BETTER = "v=DMARC1; p=reject"


@pytest.mark.parametrize(
    ("own", "above", "expected", "why"),
    [
        ((), (), MISSING, ""),
        ((), (BETTER,), THERE, ""),
        ((), ("some-verification=1", "v=DMARC1; p=none; sp=Quarantine"), THERE, ""),
        ((), ("v=DMARC1; p=none",), MISSING, ""),
        ((), ("v=DMARC1; p=reject; sp=none",), MISSING, ""),
        ((), ("v=DMARC1; p=quarantine; pct=50",), MISSING, ""),
        ((), ("v=DMARC1; p=reject; sp=quarantine; pct=50",), MISSING, ""),
        ((), ("v=DMARC1; p=reject; sp=nothing",), MISSING, ""),
        ((), ("v=DMARC1; sp=reject",), MISSING, ""),
        ((), (BETTER, BETTER), MISSING, ""),
        ((), Trouble("too late"), UNKNOWN, "too late"),
        # Its own counts, if it has one.
        (("v=DMARC1; p=none",), (BETTER,), DIFFERENT, "it asks for less (p=none)"),
        (("v=DMARC1; p=none; sp=reject",), (), DIFFERENT, "it asks for less (p=none)"),
        ((BETTER,), Trouble("too late"), THERE, ""),
        (Trouble("too late"), (BETTER,), UNKNOWN, "too late"),
    ],
)
def test_a_policy_may_stand_above(
    own: Values | Trouble, above: Values | Trouble, expected: str, why: str
) -> None:
    answers = dict(zip(questions([BOUNCES]), (own, above), strict=True))
    [found] = findings([BOUNCES], answers, ADDRESSES)
    assert (found.records, found.state, found.why) == ((BOUNCES,), expected, why)


# --- Addresses ---


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "expected"),
    [
        (["198.51.100.7"], ["2001:db8::1"], [(THERE, ""), (THERE, "")]),
        (["198.51.100.7"], [], [(THERE, ""), (MISSING, "")]),
        (
            ["198.51.100.7", "198.51.100.8"],
            ["2001:db8::1"],
            [(DIFFERENT, "these are not the host's addresses"), (THERE, "")],
        ),
    ],
)
def test_addresses_of_the_host(
    ipv4: list[str], ipv6: list[str], expected: list[tuple[str, str]]
) -> None:
    answers = {(HOST, "A"): tuple(ipv4), (HOST, "AAAA"): tuple(ipv6)}
    found = findings([A, AAAA], answers, ADDRESSES)
    assert [(each.state, each.why) for each in found] == expected


def test_several_addresses_are_judged_together() -> None:
    more = Record("address", HOST, "A", "198.51.100.8")
    answers = {(HOST, "A"): ("198.51.100.7",), (HOST, "AAAA"): ("2001:db8::1",)}
    # However they are sorted.
    [first, second] = findings([A, AAAA, more], answers, ADDRESSES)
    assert (first.records, first.state) == ((A, more), DIFFERENT)
    assert second.state == THERE


@pytest.mark.parametrize(
    ("answer", "states"),
    [
        ((), [THERE]),
        (("2001:db8::bad",), [THERE, DIFFERENT]),
        (Trouble("too late"), [THERE]),
    ],
)
def test_an_address_of_a_kind_that_the_host_has_none_of(
    answer: Values | Trouble, states: list[str]
) -> None:
    answers = {(HOST, "A"): ("198.51.100.7",), (HOST, "AAAA"): answer}
    assert [each.state for each in findings([A], answers, ADDRESSES)] == states


# --- Names on the web ---


@pytest.mark.parametrize(
    ("alias", "ipv4", "ipv6", "expected"),
    [
        ((HOST,), ("198.51.100.7",), (), THERE),
        ((), ("198.51.100.7",), ("2001:db8::1",), THERE),
        ((), ("198.51.100.7",), (), THERE),
        ((), (), (), MISSING),
        (("www.example.net",), ("198.51.100.7",), (), DIFFERENT),
        ((), ("198.51.100.8",), (), DIFFERENT),
        ((), ("198.51.100.7",), Trouble("too late"), UNKNOWN),
        (Trouble("too late"), (), (), UNKNOWN),
    ],
)
def test_a_name_on_the_web(
    alias: Values | Trouble, ipv4: Values, ipv6: Values | Trouble, expected: str
) -> None:
    answers = dict(zip(questions([WEB]), (alias, ipv4, ipv6), strict=True))
    [found] = findings([WEB], answers, ADDRESSES)
    assert found.state == expected
    assert bool(found.why) == (expected in {DIFFERENT, UNKNOWN})


# --- All of them ---


def test_every_record_is_asked_about_and_judged() -> None:
    every = everything()
    asked = questions(every)
    assert len(asked) == len(set(asked))
    said: dict[tuple[str, str], Values] = dict.fromkeys(asked, ())
    for each in every:
        said[each.name, each.type] += (each.value,)
    found = list(findings(every, said, ADDRESSES))
    assert {each.state for each in found} == {THERE}
    assert set(chain(*(each.records for each in found))) == set(every)
    for question in asked:
        less = list(findings(every, said | {question: ()}, ADDRESSES))
        assert [each for each in less if each.state != THERE] == [
            Finding(each.records, MISSING)
            for each in found
            if (each.records[0].name, each.records[0].type) == question
        ]


def test_a_key_that_is_not_published_yet() -> None:
    found = records(LARGE, ADDRESSES, {"example.com": (RSA,)}, registered)
    keys = [each for each in found if each.kind == "dkim"]
    assert questions(keys) == [("20261120._domainkey.example.com", "TXT")]
