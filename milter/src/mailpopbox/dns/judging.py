"""How the records stand: what was found in DNS, held against what is needed.

What serves as well is as good: others may send for a domain too, stand in for its mail server,
or handle forged mail more strictly. What is not known, because nobody answered, is never missing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from mailpopbox.dns.facts import POLICIES
from mailpopbox.dns.records import Record

THERE, MISSING, DIFFERENT, UNKNOWN = "there", "missing", "different", "unknown"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Nobody gave an answer; the text says why."""

    why: str


Values = tuple[str, ...]
Question = tuple[str, str]
Answers = Mapping[Question, Values | Trouble]


@dataclass(frozen=True, slots=True)
class Finding:
    """How the records of one name and type stand."""

    records: tuple[Record, ...]
    state: str
    found: Values = ()
    why: str = ""


def questions(records: Iterable[Record]) -> list[Question]:
    """Return what has to be asked, as names and types."""
    return list(dict.fromkeys(each for record in records for each in _questions(record)))


def _questions(record: Record) -> Iterator[Question]:
    # A host whose address of one kind is missing may have a wrong one of the other; and what
    # stands as an alias here may stand as addresses there.
    types = {"address": ("A", "AAAA"), "web": ("CNAME", "A", "AAAA")}
    for kind in types.get(record.kind, (record.type,)):
        yield record.name, kind
    if record.above:
        yield record.above, record.type


def findings(
    records: Iterable[Record], answers: Answers, addresses: Iterable[str]
) -> Iterator[Finding]:
    """Judge the records of a zone, those of one kind, name and type together.

    `addresses` are those of the host, which may stand in another zone.
    """
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.kind, record.name, record.type), []).append(record)
    for (kind, name, form), group in groups.items():
        if kind == "web":
            yield _web(tuple(group), answers, set(addresses))
        else:
            yield _or_above(judged(tuple(group), answers[name, form]), answers)
    for name in dict.fromkeys(name for kind, name, _ in groups if kind == "address"):
        for form in ("A", "AAAA"):
            if ("address", name, form) not in groups:
                yield from _stray(name, form, answers[name, form])


def judged(wanted: tuple[Record, ...], answer: Values | Trouble) -> Finding:
    """Judge records of one kind, name and type by what one server said of them."""
    if isinstance(answer, Trouble):
        return Finding(wanted, UNKNOWN, why=answer.why)
    kind = wanted[0].kind
    begin = _BEGINS.get(kind, "")
    found = tuple(value for value in answer if re.match(begin, value, re.IGNORECASE))
    if not found:
        return Finding(wanted, MISSING)
    if len(found) > 1 and begin:
        return Finding(wanted, DIFFERENT, found, "only one may stand there; join them")
    why = _RULES[kind](tuple(record.value for record in wanted), found)
    return Finding(wanted, DIFFERENT if why else THERE, found, why)


def _or_above(finding: Finding, answers: Answers) -> Finding:
    """Let the DMARC record of the domain above hold where a name has none of its own."""
    first = finding.records[0]
    if finding.state != MISSING or not first.above:
        return finding
    answer = answers[first.above, first.type]
    if isinstance(answer, Trouble):
        return Finding(finding.records, UNKNOWN, why=answer.why)
    found = tuple(value for value in answer if re.match(_BEGINS[first.kind], value, re.IGNORECASE))
    holds = len(found) == 1 and not _wrong_dmarc((first.value,), found, "sp")
    return Finding(finding.records, THERE, found) if holds else finding


def _web(wanted: tuple[Record, ...], answers: Answers, addresses: set[str]) -> Finding:
    """Judge a name on the web: an alias of the host, or the host's addresses."""
    name, values = wanted[0].name, {record.value for record in wanted}
    found: list[str] = []
    for kind in ("CNAME", "A", "AAAA"):
        answer = answers[name, kind]
        if isinstance(answer, Trouble):
            return Finding(wanted, UNKNOWN, why=answer.why)
        found += answer
        if found and kind == "CNAME":
            break
    if not found:
        return Finding(wanted, MISSING)
    if set(found) == values or set(found) <= addresses:
        return Finding(wanted, THERE, tuple(found))
    return Finding(wanted, DIFFERENT, tuple(found), "it leads elsewhere")


def _stray(name: str, form: str, found: Values | Trouble) -> Iterator[Finding]:
    """Find addresses of a kind that the host has none of: others would try them, in vain."""
    if found and not isinstance(found, Trouble):
        record = Record("address", name, form, "")
        yield Finding((record,), DIFFERENT, found, "the host has no such address; remove it")


# --- What is wrong with the values of a kind, or "" when nothing is ---

# How a text of a kind begins; other texts at the same name do not concern us.
_BEGINS = {
    "spf": r"v=spf1(?: |$)",
    "dmarc": r"v=DMARC1\s*(?:;|$)",
    "mta-sts": r"v=STSv1\s*(?:;|$)",
    "tls-rpt": r"v=TLSRPTv1\s*(?:;|$)",
}


def is_of(kind: str, text: str) -> bool:
    """Tell whether a text in DNS is a record of that kind."""
    return bool(re.match(_BEGINS[kind], text))


def _the_same(wanted: Values, found: Values) -> str:
    return "" if set(wanted) == set(found) else "it says something else"


def _all_there(wanted: Values, found: Values) -> str:
    return "" if set(wanted) <= set(found) else "it says something else"


def _wrong_addresses(wanted: Values, found: Values) -> str:
    return "" if set(wanted) == set(found) else "these are not the host's addresses"


def _wrong_mx(wanted: Values, found: Values) -> str:
    _, host = mx_of(wanted[0])
    by_host = {each: number for number, each in sorted(map(mx_of, found), reverse=True)}
    if host not in by_host:
        return "mail goes elsewhere"
    better = sorted(each for each, number in by_host.items() if number < by_host[host])
    return f"mail goes to {better[0]} first" if better else ""


def mx_of(value: str) -> tuple[int, str]:
    """Read an MX record: its preference, and the host."""
    preference, _, host = value.partition(" ")
    return int(preference), host


def wrong_spf(wanted: Values, found: Values) -> str:
    needed, terms = (_terms(values[0]) for values in (wanted, found))
    reached = _reached(terms)
    lacking = [term for term in needed if term != "-all" and term not in reached]
    if lacking:
        behind = set(lacking) <= set(terms)
        why = "stands behind all, where nobody reads on" if behind else "is not in it"
        return f"{' '.join(lacking)} {why}"
    if not any(term in {"-all", "~all"} or term.startswith("redirect=") for term in reached):
        return "it lets everybody send; end it with -all"
    if sum(bool(_LOOKUP.match(term)) for term in reached) > _MOST_LOOKUPS:
        return f"more than {_MOST_LOOKUPS} of its terms ask DNS, so others take it for broken"
    return ""


# What others have to ask DNS about, and how often they do before they give up (RFC 7208, 4.6.4).
_LOOKUP = re.compile(r"[-~?]?(?:include:|exists:|redirect=|(?:a|mx|ptr)(?:[:/]|$))")
_MOST_LOOKUPS = 10


def _terms(text: str) -> list[str]:
    return [term.removeprefix("+") for term in text.lower().split()]


def _reached(terms: list[str]) -> list[str]:
    """Return the terms that others get to: none behind all, and no redirect where all stands."""
    ends = [number for number, term in enumerate(terms, 1) if term.lstrip("-~?") == "all"]
    if not ends:
        return terms
    return [term for term in terms[: ends[0]] if not term.startswith("redirect=")]


def _tags(text: str) -> dict[str, str]:
    """Read tags and values as DKIM and DMARC write them; white space counts nowhere."""
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): "".join(value.split()) for name, _, value in pairs}


# What a DKIM record may say besides; then one of these is among it: version, hashes, services.
_USABLE_BY_MAIL = {"v": {"DKIM1"}, "h": {"sha256"}, "s": {"*", "email"}}


def _wrong_dkim(wanted: Values, found: Values) -> str:
    if len(found) > 1:
        return "only one may stand there"
    needed, tags = _tags(wanted[0]), _tags(found[0])
    if tags.get("p") == "":
        return "the key is revoked"
    if tags.get("p") != needed["p"] or tags.get("k", "rsa").lower() != needed["k"]:
        return "it is another key"
    if "y" in tags.get("t", "").split(":"):
        return "it is only on trial (t=y), so others take mail for unsigned"
    for tag, usable in _USABLE_BY_MAIL.items():
        if tag in tags and not usable & set(tags[tag].split(":")):
            return f"{tag}={tags[tag]} forbids to use it here"
    return ""


def _wrong_dmarc(wanted: Values, found: Values, tag: str = "p") -> str:
    """Judge a policy; that for names below a domain is its sp, or its p where there is none."""
    needed, tags = _tags(wanted[0])["p"], {"p": ""} | _tags(found[0])
    policy, share = tags.get(tag, tags["p"]).lower(), tags.get("pct", "")
    if not {tags["p"].lower(), policy} <= {*POLICIES}:
        return "it has no policy (p=)"
    strict, enough = POLICIES.index(policy), POLICIES.index(needed)
    if strict < enough:
        return f"it asks for less (p={policy})"
    # Of the rest, others do what the policy below asks for (RFC 7489, 6.6.4).
    if strict == enough and enough and re.fullmatch(r"0?[0-9]{1,2}", share):
        return f"it asks for less (p={policy}; pct={share})"
    return ""


def _wrong_mta_sts(wanted: Values, found: Values) -> str:
    if _tags(wanted[0])["id"] != _tags(found[0]).get("id"):
        return "its id is not that of the policy in force"
    return ""


def _wrong_tls_rpt(_wanted: Values, found: Values) -> str:
    return "" if _tags(found[0]).get("rua") else "it names nobody to report to (rua=)"


_RULES: dict[str, Callable[[Values, Values], str]] = {
    "address": _wrong_addresses,
    "mx": _wrong_mx,
    "spf": wrong_spf,
    "dkim": _wrong_dkim,
    "dmarc": _wrong_dmarc,
    "mta-sts": _wrong_mta_sts,
    "tls-rpt": _wrong_tls_rpt,
    "tlsa": _all_there,
    "client": _the_same,
    "reverse": _the_same,
}
