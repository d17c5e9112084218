"""What the mail servers need together, and how it is told what becomes of it."""

import io
from typing import Any

import pytest
from mailpopbox.commands import standing
from mailpopbox.commands.screen import Screen
from mailpopbox.dns.judging import Question, Values
from mailpopbox.dns.records import Record
from mailpopbox.dns.zones import zones
from merging import LEFT, Terms, merge
from telling import Decided, advice, notes, show, verdict
from wanted import wanted
from zones import ADDRESSES, LARGE, everything, registered

A = Record("address", "mx.example.com", "A", "192.0.2.1")
MX = Record("mx", "example.com", "MX", "10 mx.example.com")
SPF = Record("spf", "example.com", "TXT", "v=spf1 mx -all")
TERMS = Terms({"mx.example.com"}, {"192.0.2.1"})


def printed(*records: Record, notes: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what a host prints with --values --json."""
    every = zones(records, ["example.com"], registered)
    return {"zones": [standing.plain(zone) for zone in every], "notes": notes}


def test_records_are_read_as_they_are_printed() -> None:
    found = wanted({"mx1": printed(*everything(), notes=("a note",))})
    together = [record for records in found.zones.values() for record in records]
    assert {*together, *found.reverse} == {*everything()}
    assert {record.kind for record in found.reverse} == {"reverse"}
    assert found.addresses == {*ADDRESSES}
    assert found.hosts == {LARGE.hostname}
    assert found.notes == ("a note",)
    assert "reverse DNS" not in found.zones
    assert found.whole == {"example.com"}


def test_two_hosts_need_all_of_theirs() -> None:
    other = Record("mx", "example.com", "MX", "10 mx2.example.com")
    found = wanted(
        {"mx1": printed(MX, SPF, notes=("n",)), "mx2": printed(other, SPF, notes=("n",))}
    )
    assert set(found.zones["example.com"]) == {MX, SPF, other}
    assert (found.notes, found.clashes) == (("n",), {})


@pytest.mark.parametrize(("kind", "form"), [("mta-sts", "TXT"), ("web", "CNAME")])
def test_where_one_may_stand_the_first_host_has_it(kind: str, form: str) -> None:
    first, second = (Record(kind, "a.example.com", form, value) for value in ("x", "y"))
    found = wanted({"mx1": printed(first), "mx2": printed(second)})
    assert found.zones["example.com"] == (first,)
    [clash] = found.clashes["example.com"]
    assert clash.startswith("a.example.com: mx1 and mx2 both serve ")
    assert "mailpopbox_web off on mx2" in clash


def test_two_keys_of_one_name_are_told() -> None:
    name = "s202611._domainkey.example.com"
    keys = [Record("dkim", name, "TXT", f"v=DKIM1; k=rsa; p={key}") for key in ("QUJD", "REVG")]
    found = wanted({"mx1": printed(keys[0]), "mx2": printed(keys[1])})
    assert found.zones["example.com"] == (keys[0],)
    assert list(found.clashes) == ["example.com"]
    [clash] = notes(found, [Decided("example.com", [], {})])
    for word in (name, "Only that of mx1", "on mx2: mailpopbox dkim rotate"):
        assert word in clash


def shown(records: list[Record], there: dict[Question, Values]) -> tuple[str, Decided]:
    decided = Decided("example.com", merge("example.com", records, there, TERMS), there)
    screen = Screen(io.StringIO(), io.StringIO())
    show(decided, "cloudflare", screen)
    assert isinstance(screen.out, io.StringIO)
    return screen.out.getvalue(), decided


def test_a_plan_is_told() -> None:
    there: dict[Question, Values] = {
        ("mx.example.com", "A"): ("192.0.2.1",),
        ("example.com", "MX"): ("5 old.example.net",),
        ("example.com", "TXT"): ("hello", "v=spf1 a -all"),
    }
    said, decided = shown([A, MX, SPF], there)
    assert (
        said
        == """\
example.com at cloudflare
        NAME  TYPE   VALUE
left    @     MX     10 mx.example.com
              there  5 old.example.net
                     (mail goes elsewhere)
change  @     TXT    v=spf1 mx a -all
              stays  hello
              was    v=spf1 a -all
1 record is there already.

"""
    )
    assert verdict(decided.merged) == "1 to change, 1 left as it is"
    [what] = advice(decided.merged)
    assert what.endswith('make dns-apply REPLACE="example.com/MX"')


def test_a_zone_that_has_all_is_told_in_a_line() -> None:
    there: dict[Question, Values] = {(each.name, each.type): (each.value,) for each in (A, MX)}
    said, decided = shown([A, MX], there)
    assert said == "example.com at cloudflare\n2 records are there already.\n\n"
    assert verdict(decided.merged) == ""
    assert list(advice(decided.merged)) == []


def test_an_address_too_many_is_told() -> None:
    there: dict[Question, Values] = {
        ("mx.example.com", "A"): ("192.0.2.1",),
        ("mx.example.com", "AAAA"): ("2001:db8::9",),
    }
    said, decided = shown([A], there)
    assert "left  mx    AAAA   none\n            there  2001:db8::9\n" in said
    assert [each.state for each in decided.merged][1] == LEFT
    assert list(advice(decided.merged)) == []


def test_what_is_to_do_by_hand_is_told() -> None:
    old = "s202501._domainkey.example.com"
    reverse = Record("reverse", "1.2.0.192.in-addr.arpa", "PTR", "mx.example.com")
    every = wanted({"mx1": printed(A, reverse, notes=("a note",))})
    there: dict[Question, Values] = {(old, "TXT"): ("v=DKIM1; p=T0xE",), (A.name, "A"): (A.value,)}
    merged = merge("example.com", [A], there, TERMS)
    hidden = {(A.name, "A"), ("www.example.com", "A")}
    found = list(notes(every, [Decided("example.com", merged, there, hidden)]))
    assert found[0] == "a note"
    assert found[1].startswith(f"{old}: ")
    assert found[2].startswith("mx.example.com A: the provider puts itself before it")
    assert found[3].startswith("192.0.2.1: its reverse DNS")
    assert found[3].endswith("to mx.example.com")
    assert len(found) == 4
