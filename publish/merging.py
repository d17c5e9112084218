"""What is to stand in a zone: what stands there now, and what the mail servers need.

Pure. Values are plain, as `mailpopbox dns` has them. Nothing is ever taken away but what is clearly
of these mail servers; where something else is in the way, it stays, and that is told.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from mailpopbox.dns.judging import (
    DIFFERENT,
    THERE,
    Finding,
    Question,
    Values,
    findings,
    mx_of,
    questions,
    wrong_spf,
)
from mailpopbox.dns.records import Record

ADD, CHANGE, LEFT = "add", "change", "left"
# How `mailpopbox dkim` names its keys.
_OUR_SELECTOR = re.compile(r"s[0-9]{6}(?:[0-9]{2})?e?(?:-[a-z0-9-]+)?\._domainkey(?:\..*)?")
# What octoDNS hands back other than it took it.
_SPOILT = re.compile(r"[^ -\[\]-~]")

Existing = Mapping[Question, Values]


@dataclass(frozen=True, slots=True)
class Merged:
    """What becomes of the records of one kind, name and type."""

    records: tuple[Record, ...]
    state: str
    # All that stands under this name and type, before and after.
    before: Values = ()
    after: Values = ()
    why: str = ""
    # Whether ours can take the place of what is in the way, if somebody says so.
    replaceable: bool = False

    @property
    def question(self) -> Question:
        return self.records[0].name, self.records[0].type

    @property
    def effect(self) -> tuple[Question, frozenset[str], frozenset[str]]:
        """What it changes; providers tell values in any order."""
        return self.question, frozenset(self.before), frozenset(self.after)


@dataclass(frozen=True, slots=True)
class Terms:
    """What merging goes by, besides the records."""

    # The names of the mail servers, and their addresses.
    hosts: Collection[str]
    addresses: Collection[str]
    # Where ours take the place of whatever stands there.
    replace: Collection[Question] = ()
    # The types that the provider can hold; none: all.
    types: Collection[str] = ()
    # Texts, with their names, that octoDNS would not write as they are.
    misread: Collection[tuple[str, str]] = ()


def merge(zone: str, records: Iterable[Record], there: Existing, terms: Terms) -> list[Merged]:
    """Say what becomes of a zone; what it does not name stays as it is."""
    now = dict(there)
    found: list[Merged] = []
    for group in _groups(records):
        answers = {each: now.get(each, ()) for each in questions(group)}
        for finding in findings(group, answers, terms.addresses):
            merged = _merged(zone, finding, now, terms)
            now[merged.question] = merged.after
            found.append(merged)
    return found


def retired(zone: str, records: Iterable[Record], there: Existing) -> list[str]:
    """Return names of DKIM keys that have the form of ours, and that no server has any more."""
    known = {record.name for record in records}
    return sorted(
        name
        for name, kind in there
        if kind in {"TXT", "CNAME"}
        and name not in known
        and _OUR_SELECTOR.fullmatch(name.removesuffix(f".{zone}"))
    )


def _groups(records: Iterable[Record]) -> Iterator[tuple[Record, ...]]:
    """Sort records by kind, name and type; each mail server is judged by itself as an MX."""
    groups: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        alone = record.value if record.kind == "mx" else ""
        # Both kinds of addresses at once, for one is asked about the other.
        form = "" if record.kind == "address" else record.type
        groups.setdefault((record.kind, record.name, form, alone), []).append(record)
    yield from map(tuple, groups.values())


def _merged(zone: str, finding: Finding, now: Existing, terms: Terms) -> Merged:
    question = (finding.records[0].name, finding.records[0].type)
    before = now.get(question, ())
    kept = Merged(finding.records, THERE, before, before)
    if finding.state == THERE or _stands_in(finding, terms):
        return kept
    why = _hindrance(zone, finding, now, terms)
    if why:
        return _left(finding, before, why)
    after = _after(finding, before, terms, replace=question in terms.replace)
    if after is None:
        return _left(finding, before, finding.why, replaceable=True)
    why = _spoilt(question, before, after, terms) or (
        finding.why if set(after) == set(before) else ""
    )
    if why:
        return _left(finding, before, why)
    return Merged(finding.records, CHANGE if set(before) - set(after) else ADD, before, after)


def _left(finding: Finding, before: Values, why: str, *, replaceable: bool = False) -> Merged:
    return Merged(finding.records, LEFT, before, before, why, replaceable)


def _stands_in(finding: Finding, terms: Terms) -> bool:
    """Tell whether a name on the web leads to another of the mail servers."""
    return (
        finding.records[0].kind == "web"
        and bool(finding.found)
        and set(finding.found) <= {*terms.hosts}
    )


def _hindrance(zone: str, finding: Finding, now: Existing, terms: Terms) -> str:
    """Say what makes that nothing of ours can be set, if something does."""
    name, form, value = (getattr(finding.records[0], key) for key in ("name", "type", "value"))
    if not value:
        # An address that the host does not have.
        return finding.why
    if terms.types and form not in terms.types:
        return f"the provider, or octoDNS for it, has no records of type {form}"
    for above in _up_to(zone, name):
        if now.get((above, "NS")):
            return f"{above} is a zone of its own, with other name servers"
    others = {kind: values for (each, kind), values in now.items() if each == name and values}
    return _alias(form, {kind: values for kind, values in others.items() if kind != form})


def _alias(form: str, others: Mapping[str, Values]) -> str:
    """Say why no record of this type can stand beside those of others."""
    if form == "CNAME" and others:
        return f"other records stand there ({', '.join(sorted(others))})"
    aliases = ("CNAME", "ALIAS") if form in {"A", "AAAA"} else ("CNAME",)
    for kind in aliases:
        if kind in others:
            return f"it is an alias ({kind}) of {others[kind][0]}"
    return ""


def _spoilt(question: Question, before: Values, after: Values, terms: Terms) -> str:
    """Say whether a text of somebody else's would not survive the change."""
    name, form = question
    if form == "TXT" and any(
        _SPOILT.search(value) or (name, value) in terms.misread
        for value in before
        if value in after
    ):
        return "a text beside it would not stay as it is; do it by hand"
    return ""


def _up_to(zone: str, name: str) -> Iterator[str]:
    """Yield a name and those above it, within a zone."""
    while name.endswith(f".{zone}"):
        yield name
        name = name.partition(".")[2]


def _after(finding: Finding, before: Values, terms: Terms, *, replace: bool) -> Values | None:
    """Return what has to stand there, or nothing if that would take something foreign away."""
    wanted = tuple(record.value for record in finding.records)
    # At the same name, texts of other kinds do not concern us.
    others = tuple(value for value in before if value not in finding.found)
    if replace:
        return others + wanted
    if finding.state != DIFFERENT:
        return before + wanted
    mended = _MENDERS[finding.records[0].kind](wanted, finding.found, terms)
    return None if mended is None else others + mended


# --- What becomes of the values of a kind that do not do; nothing where somebody has to decide ---


def _mended_mx(wanted: Values, found: Values, terms: Terms) -> Values | None:
    """Add the server if that makes it the first; where mail goes now is not ours to take away."""
    foreign = [preference for preference, host in map(mx_of, found) if host not in terms.hosts]
    hosts = {host for _, host in map(mx_of, found)}
    preference, host = mx_of(wanted[0])
    if host in hosts or any(other <= preference for other in foreign):
        return None
    return found + wanted


def _mended_spf(wanted: Values, found: Values, _: Terms) -> Values | None:
    """Add our senders, unless it would become one that others take for broken."""
    mended = (with_senders(found[0], wanted[0]),)
    return None if len(found) > 1 or wrong_spf(wanted, mended) else mended


def with_senders(text: str, wanted: str) -> str:
    """Return an SPF record that lets those send, too, whom ours names."""
    terms, needed = text.split()[1:], wanted.split()[1:-1]
    closing = [term for term in terms if term.lower().lstrip("+-~?") == "all"]
    others = [term for term in terms if term not in closing]
    known = {term.lower().removeprefix("+") for term in others}
    redirects = any(term.startswith("redirect=") for term in known)
    # The first one ends it, and redirects only count without any.
    ends = closing[0].lower() in {"-all", "~all"} if closing else redirects
    if not ends:
        # What lets everybody send is ended: hard if all senders are ours, else softly.
        closing = ["-all" if known <= {*needed} else "~all"]
    lacking = [term for term in needed if term not in known]
    return " ".join(["v=spf1", *lacking, *others, *closing[:1]])


def _mended_dmarc(wanted: Values, found: Values, _: Terms) -> Values | None:
    """Keep all that the record says but its policy, which is raised to ours for all of the mail."""
    if len(found) != 1:
        return None
    first, *parts = [part.strip() for part in found[0].split(";") if part.strip()]
    policy = wanted[0].split(";")[1].strip()
    rest = [part for part in parts if part.partition("=")[0].strip().lower() not in {"p", "pct"}]
    return ("; ".join([first, policy, *rest]),)


def _replaced(wanted: Values, found: Values, _: Terms) -> Values | None:
    """Replace what only we say."""
    return wanted if len(found) == 1 else None


def _mended_dkim(wanted: Values, found: Values, _: Terms) -> Values | None:
    """Replace keys: the selector is ours. Beside another text, none would be read."""
    return wanted if all(re.search(r"(?:^|;)\s*p\s*=", value) for value in found) else None


def _mended_addresses(wanted: Values, found: Values, _: Terms) -> Values | None:
    return wanted if set(found) <= set(wanted) else None


def _mended_client(wanted: Values, found: Values, terms: Terms) -> Values | None:
    """Replace what leads to our servers, and what says that there is no such service."""
    return wanted if {value.split()[-1] for value in found} <= {*terms.hosts, "."} else None


def _all_of_them(wanted: Values, found: Values, _: Terms) -> Values:
    return found + tuple(value for value in wanted if value not in found)


def _nothing(_wanted: Values, _found: Values, _terms: Terms) -> None:
    return None


_MENDERS: dict[str, Callable[[Values, Values, Terms], Values | None]] = {
    "address": _mended_addresses,
    "mx": _mended_mx,
    "spf": _mended_spf,
    "dkim": _mended_dkim,
    "dmarc": _mended_dmarc,
    "mta-sts": _replaced,
    "tls-rpt": _replaced,
    "tlsa": _all_of_them,
    "client": _mended_client,
    "web": _nothing,
}
