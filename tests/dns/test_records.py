"""Which records a server and its domains need."""

from dataclasses import replace

import pytest
from mailpopbox.dns.facts import Facts
from mailpopbox.dns.records import PURPOSES, Record, mta_sts_id, records
from zones import ADDRESSES, ED25519, LARGE, POLICY, RSA, SMALL, TLSA, everything, registered

Lines = set[tuple[str, str, str]]


def lines(found: tuple[Record, ...], *kinds: str) -> Lines:
    return {(each.name, each.type, each.value) for each in found if each.kind in kinds}


def test_the_smallest_server() -> None:
    found = records(SMALL, ADDRESSES, {}, registered)
    assert {(each.name, each.type, each.value) for each in found} == {
        ("mx.example.com", "A", "198.51.100.7"),
        ("mx.example.com", "AAAA", "2001:db8::1"),
        ("mx.example.com", "TXT", "v=spf1 a -all"),
        ("example.com", "MX", "10 mx.example.com"),
        ("example.com", "TXT", "v=spf1 mx -all"),
        ("_dmarc.example.com", "TXT", "v=DMARC1; p=none; rua=mailto:postmaster@example.com"),
        ("_smtp._tls.example.com", "TXT", "v=TLSRPTv1; rua=mailto:postmaster@example.com"),
        ("_submissions._tcp.example.com", "SRV", "0 1 465 mx.example.com"),
        ("_submission._tcp.example.com", "SRV", "10 1 587 mx.example.com"),
        ("_pop3s._tcp.example.com", "SRV", "0 1 995 mx.example.com"),
        ("_pop3._tcp.example.com", "SRV", "0 0 0 ."),
        ("_imaps._tcp.example.com", "SRV", "0 0 0 ."),
        ("_imap._tcp.example.com", "SRV", "0 0 0 ."),
        ("7.100.51.198.in-addr.arpa", "PTR", "mx.example.com"),
        (f"{'1.' + '0.' * 23}8.b.d.0.1.0.0.2.ip6.arpa", "PTR", "mx.example.com"),
    }


def test_a_host_outside_its_domains() -> None:
    found = everything()
    assert lines(found, "address") == {
        ("mx.example.net", "A", "198.51.100.7"),
        ("mx.example.net", "AAAA", "2001:db8::1"),
    }
    assert lines(found, "mx") == {
        (domain, "MX", "10 mx.example.net")
        for domain in ("example.com", "xn--bcher-kva.example", "shop.example.com")
    }


def test_keys_are_published_where_there_are_some() -> None:
    """Of a domain that is not ours, too: they take nothing away."""
    assert lines(everything(), "dkim") == {
        ("20261120._domainkey.example.com", "TXT", RSA.text),
        ("20261120e._domainkey.example.com", "TXT", ED25519.text),
        ("20261120._domainkey.example.org", "TXT", RSA.text),
        ("20261120._domainkey.mx.example.net", "TXT", RSA.text),
    }


def test_nothing_else_is_said_of_what_may_be_somebody_elses() -> None:
    of_other = {each for each in everything() if each.name.endswith("example.org")}
    assert {each.kind for each in of_other} == {"dkim"}


def test_the_web() -> None:
    host = "mx.example.net"
    found = everything()
    assert lines(found, "web") == {
        (f"{label}.{domain}", "CNAME", host)
        for label in ("autoconfig", "mta-sts")
        for domain in LARGE.domains
    }
    assert ("_mta-sts.example.com", "TXT", f"v=STSv1; id={mta_sts_id(POLICY)};") in lines(
        found, "mta-sts"
    )


def test_only_what_is_served_has_a_name() -> None:
    assert not lines(records(SMALL, ADDRESSES, {}, registered), "web", "mta-sts")
    without_policy = records(replace(SMALL, web=True), ADDRESSES, {}, registered)
    assert lines(without_policy, "web", "mta-sts") == {
        ("autoconfig.example.com", "CNAME", "mx.example.com")
    }


def test_an_alias_never_stands_beside_other_records() -> None:
    facts = replace(
        LARGE, domains=("example.com", "mta-sts.example.com"), hostname="autoconfig.example.com"
    )
    found = records(facts, ADDRESSES, {}, registered, policy=POLICY)
    aliases = {each.name for each in found if each.type == "CNAME"}
    others = {each.name for each in found if each.type != "CNAME"}
    assert not aliases & others
    assert ("mta-sts.example.com", "A", "198.51.100.7") in lines(found, "web")
    assert ("mta-sts.example.com", "AAAA", "2001:db8::1") in lines(found, "web")
    # The host's own addresses are there anyway.
    assert [each.value for each in found if each.name == facts.hostname and each.type == "A"] == [
        "198.51.100.7"
    ]


def test_a_domain_named_like_its_host_has_one_spf_record() -> None:
    facts = Facts("example.com", ("example.com",))
    found = records(facts, ADDRESSES, {"example.com": (RSA,)}, registered)
    assert lines(found, "spf") == {("example.com", "TXT", "v=spf1 mx -all")}
    assert [each.kind for each in found].count("dkim") == 1


@pytest.mark.parametrize(
    ("hostname", "domains", "above"),
    [
        # Covered by what is published anyway.
        ("mx.example.com", ["example.com"], None),
        ("example.com", ["example.com"], None),
        ("mx.shop.example.com", ["shop.example.com", "example.com"], None),
        ("mx.example.net", ["example.com"], "_dmarc.example.net"),
        ("example.net", ["example.com"], "_dmarc.example.net"),
        # Others look at the name itself and where it is registered, nowhere between.
        ("mx.shop.example.com", ["shop.example.com"], "_dmarc.example.com"),
    ],
)
def test_bounces_have_a_policy(hostname: str, domains: list[str], above: str | None) -> None:
    facts = Facts(hostname, tuple(domains), dmarc="reject")
    found = [each for each in records(facts, ADDRESSES, {}, registered) if each.kind == "dmarc"]
    text = "v=DMARC1; p=reject; rua=mailto:postmaster@{}"
    expected = [Record("dmarc", f"_dmarc.{each}", "TXT", text.format(each)) for each in domains]
    if above is not None:
        name = f"_dmarc.{hostname}"
        expected.insert(0, Record("dmarc", name, "TXT", text.format(hostname), above))
    assert found == expected


@pytest.mark.parametrize(
    ("starttls", "value"), [(True, "10 1 110 mx.example.com"), (False, "0 0 0 .")]
)
def test_pop3_with_starttls(starttls: bool, value: str) -> None:  # noqa: FBT001
    found = records(replace(SMALL, pop3_starttls=starttls), ADDRESSES, {}, registered)
    assert ("_pop3._tcp.example.com", "SRV", value) in lines(found, "client")


def test_dane_only_where_it_is_asked_for() -> None:
    assert not lines(records(SMALL, ADDRESSES, {}, registered), "tlsa")
    found = lines(records(SMALL, ADDRESSES, {}, registered, tlsa=TLSA), "tlsa")
    assert found == {("_25._tcp.mx.example.com", "TLSA", TLSA)}


def test_each_is_there_once_and_has_a_purpose() -> None:
    found = everything()
    assert len(found) == len(set(found))
    kinds = list(dict.fromkeys(each.kind for each in found))
    assert kinds == list(PURPOSES)


def test_the_id_of_a_policy_changes_with_it() -> None:
    policies = (POLICY, POLICY.replace("enforce", "testing"), POLICY.replace(".net", ".org"))
    ids = {mta_sts_id(policy) for policy in policies}
    assert len(ids) == 3
    assert all(each.isalnum() and len(each) <= 32 for each in ids)
