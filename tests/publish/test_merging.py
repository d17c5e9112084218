"""What is to stand in a zone, by what stands there and what the mail servers need."""

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mailpopbox.dns.judging import THERE, Question, Values
from mailpopbox.dns.records import Record
from mailpopbox.dns.zones import zones
from merging import ADD, CHANGE, LEFT, Merged, Terms, merge, retired
from zones import ADDRESSES, LARGE, everything, registered

ZONE = "example.com"
HOST = "mx.example.com"
TERMS = Terms({HOST, "mx2.example.com"}, ADDRESSES)
FOREIGN = "some-verification=1"

VALUES = {
    "mx": ("MX", f"10 {HOST}"),
    "spf": ("TXT", "v=spf1 mx -all"),
    "dkim": ("TXT", "v=DKIM1; k=rsa; p=QUJD"),
    "dmarc": ("TXT", "v=DMARC1; p=quarantine; rua=mailto:postmaster@example.com"),
    "mta-sts": ("TXT", "v=STSv1; id=abc;"),
    "tls-rpt": ("TXT", "v=TLSRPTv1; rua=mailto:postmaster@example.com"),
    "tlsa": ("TLSA", "3 1 1 ab"),
    "client": ("SRV", f"0 1 465 {HOST}"),
    "address": ("A", ADDRESSES[0]),
    "web": ("CNAME", HOST),
}


def wanted(kind: str, name: str = ZONE) -> Record:
    return Record(kind, name, *VALUES[kind])


def one(
    record: Record, *values: str, terms: Terms = TERMS, others: dict[str, Values] | None = None
) -> Merged:
    """Merge a single record with values of its name and type, and of its name and other types."""
    there = {(record.name, record.type): values}
    there |= {(record.name, form): each for form, each in (others or {}).items()}
    [merged] = merge(ZONE, [record], there, terms)
    return merged


@pytest.mark.parametrize("kind", VALUES)
def test_what_is_missing_is_added_and_then_is_there(kind: str) -> None:
    record = wanted(kind, "name.example.com")
    merged = one(record)
    assert (merged.state, merged.after) == (ADD, (record.value,))
    assert one(record, record.value).state == THERE


NINE = " ".join(f"include:{number}.example.net" for number in range(9))

# Kind, what stands there, and what is to stand there.
MENDED = [
    # Others' texts at the same name stay as they are.
    ("spf", [FOREIGN], [FOREIGN, "v=spf1 mx -all"]),
    ("dmarc", [FOREIGN], [FOREIGN, VALUES["dmarc"][1]]),
    ("spf", [FOREIGN, "v=spf1 a -all"], [FOREIGN, "v=spf1 mx a -all"]),
    # Others may send, too.
    ("spf", ["v=spf1 include:_spf.example.net ~all"], ["v=spf1 mx include:_spf.example.net ~all"]),
    ("spf", ["v=spf1 include:_spf.example.net ?all"], ["v=spf1 mx include:_spf.example.net ~all"]),
    ("spf", ["v=spf1 redirect=_spf.example.net"], ["v=spf1 mx redirect=_spf.example.net"]),
    ("spf", ["v=spf1 -mx +all"], ["v=spf1 mx -mx ~all"]),
    ("spf", ["v=spf1 -all"], ["v=spf1 mx -all"]),
    ("spf", ["v=spf1 +MX ?ALL"], ["v=spf1 +MX -all"]),
    ("spf", ["v=spf1"], ["v=spf1 mx -all"]),
    # Behind the first all nothing counts, and beside it no redirect.
    ("spf", ["v=spf1 -all mx"], ["v=spf1 mx -all"]),
    ("spf", ["v=spf1 mx ?all -all"], ["v=spf1 mx -all"]),
    ("spf", ["v=spf1 mx redirect=a.test ?all"], ["v=spf1 mx redirect=a.test ~all"]),
    ("spf", [f"v=spf1 {NINE} ?all"], [f"v=spf1 mx {NINE} ~all"]),
    # Only the policy is ours to raise.
    (
        "dmarc",
        ["v=DMARC1; p=none; sp=reject; rua=mailto:a@example.net;"],
        ["v=DMARC1; p=quarantine; sp=reject; rua=mailto:a@example.net"],
    ),
    ("dmarc", ["v=DMARC1; p=quarantine; PCT=50; fo=1"], ["v=DMARC1; p=quarantine; fo=1"]),
    ("dmarc", ["v=DMARC1; p=none; pct=50"], ["v=DMARC1; p=quarantine"]),
    ("dmarc", ["v=DMARC1"], ["v=DMARC1; p=quarantine"]),
    # What only we say is replaced.
    ("dkim", ["v=DKIM1; k=rsa; p=T0xE", "p="], [VALUES["dkim"][1]]),
    ("mta-sts", ["v=STSv1; id=old;", FOREIGN], [FOREIGN, "v=STSv1; id=abc;"]),
    ("tls-rpt", ["v=TLSRPTv1;"], [VALUES["tls-rpt"][1]]),
    ("client", [f"0 1 25 {HOST}"], [f"0 1 465 {HOST}"]),
    ("client", ["0 0 0 ."], [f"0 1 465 {HOST}"]),
    # Ours stand beside others where that does no harm.
    ("mx", ["20 backup.example.net"], ["20 backup.example.net", f"10 {HOST}"]),
    ("mx", ["10 mx2.example.com"], ["10 mx2.example.com", f"10 {HOST}"]),
    ("tlsa", ["3 1 1 cd"], ["3 1 1 cd", "3 1 1 ab"]),
]


@pytest.mark.parametrize(("kind", "there", "after"), MENDED)
def test_is_mended(kind: str, there: list[str], after: list[str]) -> None:
    merged = one(wanted(kind), *there)
    assert set(merged.after) == set(after)
    assert len(merged.after) == len(after)
    assert merged.state == (CHANGE if set(there) - set(after) else ADD)
    again = one(wanted(kind), *merged.after)
    assert (again.state, again.after) == (THERE, merged.after)


# Kind, what stands there, and why ours does not take its place.
LEFT_ALONE = [
    ("mx", ["10 old.example.net"], "mail goes elsewhere"),
    ("mx", ["0 ."], "mail goes elsewhere"),
    ("mx", ["5 old.example.net", f"10 {HOST}"], "mail goes to old.example.net first"),
    ("mx", ["5 old.example.net", "20 backup.example.net"], "mail goes elsewhere"),
    ("spf", ["v=spf1 mx -all", "v=spf1 a -all"], "only one may stand there; join them"),
    # One more would be one too many, and then others would believe none.
    ("spf", [f"v=spf1 a {NINE} -all"], "mx is not in it"),
    (
        "spf",
        [f"v=spf1 mx a {NINE} -all"],
        "more than 10 of its terms ask DNS, so others take it for broken",
    ),
    ("dmarc", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], "only one may stand there; join them"),
    ("mta-sts", ["v=STSv1; id=a;", "v=STSv1; id=b;"], "only one may stand there; join them"),
    ("dkim", [FOREIGN], "it is another key"),
    ("dkim", [VALUES["dkim"][1], FOREIGN], "only one may stand there"),
    ("address", ["192.0.2.80"], "these are not the host's addresses"),
    ("address", [ADDRESSES[0], "192.0.2.80"], "these are not the host's addresses"),
    ("client", ["0 1 465 mail.example.net"], "it says something else"),
    ("web", ["pages.example.net"], "it leads elsewhere"),
]


@pytest.mark.parametrize(("kind", "there", "why"), LEFT_ALONE)
def test_is_left_alone_unless_named(kind: str, there: list[str], why: str) -> None:
    record = wanted(kind)
    merged = one(record, *there)
    assert merged == Merged((record,), LEFT, tuple(there), tuple(there), why, replaceable=True)
    named = Terms(TERMS.hosts, ADDRESSES, replace={(record.name, record.type)})
    replaced = one(record, *there, terms=named)
    assert (replaced.state, replaced.after) == (CHANGE, (record.value,))


def test_what_is_named_keeps_other_texts() -> None:
    named = Terms(TERMS.hosts, ADDRESSES, replace={(ZONE, "TXT")})
    there = (FOREIGN, "v=spf1 a -all", "v=spf1 ip4:192.0.2.1 -all")
    assert one(wanted("spf"), *there, terms=named).after == (FOREIGN, "v=spf1 mx -all")


@pytest.mark.parametrize(
    ("kind", "others", "why"),
    [
        ("spf", {"CNAME": ("www.example.net",)}, "it is an alias (CNAME) of www.example.net"),
        ("address", {"CNAME": ("www.example.net",)}, "it is an alias (CNAME) of www.example.net"),
        ("address", {"ALIAS": ("www.example.net.",)}, "it is an alias (ALIAS) of www.example.net."),
        ("web", {"TXT": (FOREIGN,), "MX": ("10 a.test",)}, "other records stand there (MX, TXT)"),
        (
            "spf",
            {"NS": ("ns.example.net",)},
            "b.example.com is a zone of its own, with other name servers",
        ),
    ],
)
def test_what_stands_in_the_way_is_told(kind: str, others: dict[str, Values], why: str) -> None:
    merged = one(wanted(kind, "b.example.com"), others=others)
    assert (merged.state, merged.after, merged.why) == (LEFT, (), why)
    assert not merged.replaceable


def test_nothing_is_set_below_a_name_that_is_served_elsewhere() -> None:
    there = {("b.example.com", "NS"): ("ns.example.net",)}
    [merged] = merge(ZONE, [wanted("spf", "a.b.example.com")], there, TERMS)
    assert merged.state == LEFT
    [merged] = merge(ZONE, [wanted("spf", "a.bb.example.com")], there, TERMS)
    assert merged.state == ADD
    [merged] = merge(ZONE, [wanted("spf")], {(ZONE, "NS"): ("ns.example.net",)}, TERMS)
    assert merged.state == ADD


def test_an_alias_beside_other_texts_hinders_nothing() -> None:
    assert one(wanted("spf"), others={"ALIAS": ("www.example.net.",)}).state == ADD


def test_what_a_provider_cannot_hold_is_told() -> None:
    merged = one(wanted("tlsa"), terms=Terms(TERMS.hosts, ADDRESSES, types={"A", "TXT"}))
    assert (merged.state, merged.after) == (LEFT, ())
    assert "TLSA" in merged.why


@pytest.mark.parametrize("text", ["back\\slash", "Grüße", "a\tb"])
def test_a_text_that_would_be_spoilt_is_not_touched(text: str) -> None:
    merged = one(wanted("spf"), text, "v=spf1 a -all")
    assert (merged.state, merged.after) == (LEFT, (text, "v=spf1 a -all"))
    assert one(wanted("spf"), text, "v=spf1 mx -all").state == THERE
    assert one(wanted("spf"), "plain", "v=spf1 a é -all").state == CHANGE


def test_the_order_of_values_is_no_change() -> None:
    one_way = one(wanted("spf"), "a", "b")
    assert one_way.effect == one(wanted("spf"), "b", "a").effect
    assert one_way.effect != one(wanted("spf"), "a", "b", "c").effect


def test_a_text_that_was_misread_is_not_touched() -> None:
    terms = Terms(TERMS.hosts, ADDRESSES, misread={(ZONE, FOREIGN)})
    assert one(wanted("spf"), FOREIGN, "v=spf1 a -all", terms=terms).state == LEFT
    assert one(wanted("spf"), "other", "v=spf1 a -all", terms=terms).state == CHANGE
    assert one(wanted("mx"), "20 backup.example.net", terms=terms).state == ADD


def test_an_address_that_the_host_has_not_is_told() -> None:
    there = {(ZONE, "AAAA"): ("2001:db8::99",)}
    found = merge(ZONE, [wanted("address")], there, TERMS)
    assert [(each.question, each.state) for each in found] == [
        ((ZONE, "A"), ADD),
        ((ZONE, "AAAA"), LEFT),
    ]
    assert found[1].why == "the host has no such address; remove it"
    assert not found[1].replaceable


def test_two_hosts_need_their_records_together() -> None:
    both = [wanted("mx"), Record("mx", ZONE, "MX", "10 mx2.example.com")]
    both += [Record("client", ZONE, "SRV", f"0 1 465 {host}") for host in (HOST, "mx2.example.com")]
    there: dict[Question, Values] = {(ZONE, "MX"): ("20 backup.example.net",)}
    for states in ([ADD, ADD, ADD], [THERE] * 3):
        found = merge(ZONE, both, there, TERMS)
        assert [each.state for each in found] == states
        there = {each.question: each.after for each in found}
    assert set(there[ZONE, "MX"]) == {"20 backup.example.net", f"10 {HOST}", "10 mx2.example.com"}
    assert set(there[ZONE, "SRV"]) == {f"0 1 465 {HOST}", "0 1 465 mx2.example.com"}


def test_a_name_on_the_web_may_lead_to_another_host() -> None:
    assert one(wanted("web", "mta-sts.example.com"), "mx2.example.com").state == THERE


@pytest.mark.parametrize(
    ("above", "state"), [("p=reject", THERE), ("p=reject; sp=none", ADD), ("p=none", ADD)]
)
def test_a_policy_may_stand_above(above: str, state: str) -> None:
    name = "_dmarc.mx.example.com"
    record = Record("dmarc", name, *VALUES["dmarc"], above="_dmarc.example.com")
    there = {(record.above, "TXT"): (f"v=DMARC1; {above}",)}
    [merged] = merge(ZONE, [record], there, TERMS)
    assert (merged.question, merged.state, merged.before) == ((name, "TXT"), state, ())
    assert merged.after == (() if state == THERE else (record.value,))


def test_old_keys_are_found() -> None:
    older = ("s202501", "s20250131e", "s20250131-2", "s202501-mx", "s20250131e-2-mx")
    names = (*older, "google", "s2025", "s202611-mx")
    there: dict[Question, Values] = {
        (f"{name}._domainkey.{domain}", "TXT"): ("v=DKIM1; p=T0xE",)
        for name in names
        for domain in (ZONE, "b.example.com")
    }
    there["s202501._domainkey.example.com", "A"] = ("192.0.2.1",)
    ours = [wanted("dkim", "s202611-mx._domainkey.example.com")]
    assert retired(ZONE, ours, there) == sorted(
        [
            *(f"{name}._domainkey.{ZONE}" for name in older),
            *(f"{name}._domainkey.b.example.com" for name in (*older, "s202611-mx")),
        ]
    )


# --- Whatever stands there ---

EVERY = zones(everything(), LARGE.domains, registered)[:-1]  # the last is the reverse DNS
TEXTS = st.sampled_from(
    [
        FOREIGN,
        "v=spf1 include:_spf.example.net ?all",
        "v=spf1 ip4:192.0.2.7",
        "v=DMARC1; p=none; pct=50",
        "v=DKIM1; k=rsa; p=T0xE",
        "v=STSv1; id=1;",
        "v=TLSRPTv1;",
        "v=spf10 mx",
        "Grüße",
    ]
)
HOSTS = st.sampled_from([LARGE.hostname, "mail.example.net", "."])
OF_TYPE = {
    "A": st.sampled_from([*(each for each in ADDRESSES if "." in each), "192.0.2.80"]),
    "AAAA": st.sampled_from([*(each for each in ADDRESSES if ":" in each), "2001:db8::99"]),
    "TXT": TEXTS,
    "MX": st.builds("{} {}".format, st.sampled_from([0, 5, 10, 20]), HOSTS),
    "SRV": st.builds("0 1 {} {}".format, st.sampled_from([25, 465]), HOSTS),
    "CNAME": st.sampled_from([LARGE.hostname, "www.example.net"]),
    "TLSA": st.sampled_from(["3 1 1 ab", "3 1 1 cd"]),
}


@st.composite
def standing(draw: st.DrawFn) -> dict[Question, Values]:
    """Let anything stand at the names that are ours."""
    names = sorted(
        {(each.name, form) for zone in EVERY for each in zone.records for form in OF_TYPE}
    )
    chosen = draw(st.lists(st.sampled_from(names), unique=True, max_size=30))
    return {
        (name, form): tuple(draw(st.lists(OF_TYPE[form], unique=True, min_size=1, max_size=3)))
        for name, form in chosen
    }


def may_go(value: str, after: Values) -> bool:
    """Tell whether a value is one that only we set, or whether others' part of it is kept."""
    if value.startswith("v=spf1 "):
        kept = " ".join(after).split()
        return all(term in kept for term in value.split() if not term.endswith("all"))
    return value.startswith(("v=DKIM1", "v=DMARC1", "v=STSv1", "v=TLSRPTv1")) or (
        value.startswith("0 1 ") and value.endswith((f" {LARGE.hostname}", " ."))
    )


@settings(deadline=None)
@given(standing())
def test_nothing_foreign_is_lost_and_a_second_time_nothing_is_done(
    there: dict[Question, Values],
) -> None:
    terms = Terms({LARGE.hostname}, ADDRESSES)
    for zone in EVERY:
        found = merge(zone.name, zone.records, there, terms)
        after = there | {each.question: each.after for each in found}
        for question, values in there.items():
            for value in values:
                assert value in after[question] or may_go(value, after[question]), question
        again = merge(zone.name, zone.records, after, terms)
        assert {each.state for each in again} <= {THERE, LEFT}
        assert {each.question for each in again if each.state == LEFT} == {
            each.question for each in found if each.state == LEFT
        }


def test_an_empty_zone_gets_all() -> None:
    for zone in EVERY:
        found = merge(zone.name, zone.records, {}, Terms({LARGE.hostname}, ADDRESSES))
        assert {each.state for each in found} == {ADD}
        assert set(chain.from_iterable(each.records for each in found)) == set(zone.records)
