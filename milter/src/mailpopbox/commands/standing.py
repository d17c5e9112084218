"""How DNS records stand, for people and for programs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from mailpopbox.commands.screen import DIM, GREEN, RED, YELLOW, Cell, Column
from mailpopbox.dns.host import Checked
from mailpopbox.dns.judging import DIFFERENT, MISSING, THERE, UNKNOWN
from mailpopbox.dns.zones import TTL, Zone, fields, spelled

FIELDS = (Column("NAME"), Column("TYPE"), Column("PRIORITY", right=True), Column("VALUE"))
COLUMNS = (Column("NAME"), Column("TYPE"), Column("STATE"), Column("VALUE", narrowest=24))

_STYLES = {THERE: GREEN, MISSING: RED, DIFFERENT: RED, UNKNOWN: YELLOW}


# --- What is said besides ---


def without_keys(domains: Sequence[str]) -> Iterator[str]:
    if domains:
        yield (
            f"There is no DKIM key, and so no record, for {', '.join(domains)}. The playbook makes"
            " it."
        )


def of_others(domains: Iterable[str]) -> Iterator[str]:
    for domain in domains:
        yield (
            f"{domain}: only single addresses of it arrive here, so its records are left to whoever"
            " has the rest. If that is nobody, name it in mailpopbox_dns_domains."
        )


def without_zone(checked: Iterable[Checked]) -> Iterator[str]:
    """Say which zones DNS does not know at all."""
    for each in checked:
        if not each.exists:
            yield (
                f"{each.zone.name}: there is no such zone. Either nobody has registered the domain,"
                " or its name servers do not have it yet."
            )


# --- For people ---


def field_rows(zone: Zone) -> Iterator[list[Cell]]:
    for each in fields(zone):
        yield [Cell(each.name), Cell(each.type), Cell(each.priority), Cell(each.value)]


def heading(checked: Checked) -> str:
    return checked.zone.title + (f", as told by {checked.asked}" if checked.asked else "")


def rows(checked: Checked) -> Iterator[list[Cell]]:
    for finding in checked.findings:
        state = Cell(finding.state, _STYLES[finding.state])
        for record in finding.records:
            name = Cell(checked.zone.relative(record))
            yield [name, Cell(record.type), state, Cell(record.value or "none")]
        if finding.state == DIFFERENT:
            for value in finding.found:
                yield [Cell(""), Cell(""), Cell("found"), Cell(value)]
        if finding.why:
            yield [Cell(""), Cell(""), Cell(""), Cell(f"({finding.why})", DIM)]


def count(checked: Iterable[Checked]) -> Counter[str]:
    return Counter(
        finding.state for each in checked for finding in each.findings for _ in finding.records
    )


def verdict(states: Counter[str]) -> tuple[str, str]:
    """Sum it up, with the style to say it in."""
    parts = [f"{states[each]} {each}" for each in (THERE, MISSING, DIFFERENT, UNKNOWN)]
    said = ", ".join(part for part in parts if not part.startswith("0 "))
    if states[MISSING] or states[DIFFERENT]:
        return f"{said}. To copy them: mailpopbox dns --values", RED
    if states[UNKNOWN]:
        return f"{said}: not all of DNS answers.", YELLOW
    return f"All {states[THERE]} records are there.", GREEN


# --- For programs ---


def plain(zone: Zone) -> dict[str, object]:
    return {
        **_name(zone),
        "whole": zone.whole,
        "records": [
            {
                "kind": record.kind,
                "name": record.name,
                "relative": each.name,
                "type": each.type,
                "ttl": TTL,
                "priority": int(each.priority) if each.priority else None,
                "value": each.value,
                "above": record.above or None,
            }
            for record, each in zip(zone.records, fields(zone), strict=True)
        ],
    }


def plain_checked(checked: Checked) -> dict[str, object]:
    return {
        **_name(checked.zone),
        "asked": checked.asked or None,
        "records": [
            {
                "kind": finding.records[0].kind,
                "name": finding.records[0].name,
                "type": finding.records[0].type,
                "state": finding.state,
                "expected": [record.value for record in finding.records if record.value],
                "found": finding.found,
                "why": finding.why,
            }
            for finding in checked.findings
        ],
    }


def _name(zone: Zone) -> dict[str, object]:
    return {"zone": zone.name, "spelled": spelled(zone.name)}
