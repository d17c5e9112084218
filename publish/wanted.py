"""What the mail servers of an inventory need in DNS, from what each of them printed. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mailpopbox.dns.records import Record
from mailpopbox.dns.zones import REVERSE

# Of these, one value may stand under a name.
_ONE = ("spf", "dkim", "dmarc", "mta-sts", "tls-rpt")

# What is told where two hosts need different ones: its name, who has it, and who does not.
_SERVED = (
    "{0}: {1} and {2} both serve the domain over HTTPS, and only one can. {1} has the name;"
    " switch mailpopbox_web off on {2}"
)
_CLASHES = {
    "dkim": "{0}: {1} and {2} have different keys of this name. Only that of {1} is set. Make"
    " another one on {2}: mailpopbox dkim rotate",
    "mta-sts": _SERVED,
    "web": _SERVED,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What all mail servers need together."""

    zones: Mapping[str, tuple[Record, ...]]
    # Those in which everything about mail is theirs to say.
    whole: frozenset[str]
    # What can be set elsewhere only: what each address is to be called.
    reverse: tuple[Record, ...] = ()
    notes: tuple[str, ...] = ()
    # By zone, what some need that cannot stand beside what others need.
    clashes: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def addresses(self) -> frozenset[str]:
        return frozenset(record.value for record in self._all() if record.kind == "address")

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset(record.name for record in self._all() if record.kind == "address")

    def _all(self) -> Iterable[Record]:
        return (record for records in self.zones.values() for record in records)


def wanted(printed: Mapping[str, Mapping[str, Any]]) -> Wanted:
    """Join what the hosts printed as JSON, by their names."""
    zones: dict[str, dict[Record, str]] = {}
    notes: dict[str, None] = {}
    clashes: dict[str, list[str]] = {}
    whole: set[str] = set()
    for host, answer in printed.items():
        notes |= dict.fromkeys(answer["notes"])
        for zone in answer["zones"]:
            records = zones.setdefault(zone["zone"], {})
            whole |= {zone["zone"]} if zone["whole"] else set()
            for record in map(_record, zone["records"]):
                owner = next((records[each] for each in records if _excludes(each, record)), None)
                if owner is None:
                    records.setdefault(record, host)
                elif record.kind in _CLASHES:
                    text = _CLASHES[record.kind].format(record.name, owner, host)
                    clashes.setdefault(zone["zone"], []).append(text)
    reverse = tuple(zones.pop(REVERSE, {}))
    named = {name: tuple(each) for name, each in zones.items()}
    return Wanted(named, frozenset(whole), reverse, tuple(notes), clashes)


def _excludes(first: Record, second: Record) -> bool:
    """Tell whether the first stands where the second would; it mostly does for both hosts."""
    same = all(getattr(first, key) == getattr(second, key) for key in ("kind", "name", "type"))
    return same and first != second and (first.kind in _ONE or first.type == "CNAME")


def _record(entry: Mapping[str, Any]) -> Record:
    value = entry["value"] if entry["priority"] is None else f"{entry['priority']} {entry['value']}"
    # A host that was deployed before there was such a thing tells none.
    above = entry.get("above") or ""
    return Record(entry["kind"], entry["name"], entry["type"], value, above)
