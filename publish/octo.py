"""octoDNS: the provider, and records as it has them. All that knows octoDNS is here."""

import ipaddress
import logging
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from mailpopbox.dns.judging import Question, Values
from mailpopbox.dns.records import Record as Plain
from mailpopbox.dns.zones import TTL, presented
from merging import ADD, CHANGE, Merged
from octodns.processor.base import BaseProcessor
from octodns.provider.base import BaseProvider
from octodns.provider.plan import Plan
from octodns.record import Create, Record, Update
from octodns.record.rr import Rr
from octodns.record.txt import TxtRecord
from octodns.zone import Zone
from octodns_bind import Rfc2136Provider
from telling import Decided

# What it has to say of others' records and of its own future helps nobody here.
logging.disable(logging.WARNING)
warnings.simplefilter("ignore", DeprecationWarning)

# From what stands there, the types that the provider has, and the texts that are misread.
Decide = Callable[
    [dict[Question, Values], Collection[str], Collection[tuple[str, str]]], list[Merged]
]


class ProviderError(Exception):
    """The provider does not do what it was asked."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What becomes of a zone, and how octoDNS would do it."""

    decided: Decided
    # All that stands in it, as a name server would load it.
    lines: list[str]
    plan: Plan | None
    target: BaseProvider


def provider(settings: Mapping[str, Any]) -> BaseProvider:
    """Return the provider that the settings describe: its class, and what it has to know."""
    module, _, name = settings["class"].rpartition(".")
    build = getattr(import_module(module), name)
    try:
        found: BaseProvider = build(
            settings["name"], root_ns_warnings=False, **settings["settings"]
        )
    except Exception as error:  # noqa: BLE001 each provider has errors of its own
        raise ProviderError(_said(error, settings)) from None
    return found


def plan(settings: Mapping[str, Any], zone: str, decide: Decide) -> Planned:
    """Read a zone, and let it be decided what becomes of it."""
    target, keeping = provider(settings), _Keeping(decide)
    try:
        found = target.plan(Zone(f"{zone}.", []), processors=[keeping])
    except Exception as error:  # noqa: BLE001 as above
        raise ProviderError(_said(error, settings)) from None
    if found and not found.exists:
        # octoDNS would add it.
        raise ProviderError("there is no such zone. Add the domain there first")
    _check(found, keeping.merged)
    decided = Decided(zone, keeping.merged, keeping.existing, keeping.hidden)
    return Planned(decided, keeping.lines, found, target)


def apply(settings: Mapping[str, Any], planned: Planned) -> None:
    """Do what was planned."""
    try:
        planned.target.apply(planned.plan)
    except Exception as error:  # noqa: BLE001 as above
        raise ProviderError(_said(error, settings)) from None


def _check(found: Plan | None, merged: list[Merged]) -> None:
    """See that octoDNS plans what was decided, and nothing else."""
    ours = {each.question for each in merged if each.state in {ADD, CHANGE}}
    for change in found.changes if found else ():
        record = change.record
        if (record.fqdn.rstrip("."), record._type) not in ours or not isinstance(
            change, Create | Update
        ):
            raise ProviderError(
                f"octoDNS would change {record.fqdn} {record._type}, which is not ours"
            )


def _said(error: Exception, settings: Mapping[str, Any]) -> str:
    """Return what an error says, without what is secret."""
    text = " ".join(str(error).split()) or type(error).__name__
    for value in settings["secrets"]:
        text = text.replace(value, "…") if value else text
    return text


class _Keeping(BaseProcessor):
    """Adds to what exists, where octoDNS would delete what it is not told."""

    def __init__(self, decide: Decide) -> None:
        super().__init__("keeping")
        self._decide = decide
        self.merged: list[Merged] = []
        self.existing: dict[Question, Values] = {}
        self.hidden: list[Question] = []
        self.lines: list[str] = []

    def process_source_and_target_zones(
        self, desired: Zone, existing: Zone, target: BaseProvider, *, lenient: bool = False
    ) -> tuple[Zone, Zone]:
        del desired, lenient
        records = {(each.fqdn.rstrip("."), each._type): each for each in existing.records}
        self.existing = {key: tuple(_values(each)) for key, each in records.items()}
        self.hidden = [key for key, each in records.items() if _is_hidden(each)]
        self.lines = [line for each in sorted(existing.records) for line in _lines(each)]
        misread: Collection[tuple[str, str]] = getattr(target, "misread", ())
        self.merged = self._decide(self.existing, target.SUPPORTS, misread)
        after = existing.copy()
        final = {each.question: each.after for each in self.merged}
        for question, values in final.items():
            if set(values) != set(self.existing.get(question, ())):
                record = _record(after, question, values, records.get(question))
                after.add_record(record, replace=True, lenient=True)
        return after, existing


class Rfc2136(Rfc2136Provider):
    """Knows which texts octoDNS would write other than it reads them, such as those in quotes."""

    misread: Collection[tuple[str, str]] = ()

    def zone_records(self, zone: Zone, target: bool) -> list[Rr]:  # noqa: FBT001 as octoDNS has it
        found: list[Rr] = super().zone_records(zone, target)
        texts = ((each.name.rstrip("."), each.rdata) for each in found if each._type == "TXT")
        self.misread = {(name, each) for name, rdata in texts for each in _misread(rdata)}
        return found


def _misread(rdata: str) -> list[str]:
    """Return what octoDNS makes of a text, if it would write it otherwise."""
    form = TxtRecord._value_type
    [text] = form.process([form.from_rdata_text(rdata)])
    return [] if text.to_rdata_text() == rdata else [_PLAIN["TXT"](text)]


# --- Records, as octoDNS has them and plain ---


def _raw(record: Record) -> list[Any]:
    return list(record.values) if hasattr(record, "values") else [record.value]


def _values(record: Record) -> dict[str, Any]:
    """Return octoDNS' values by the plain ones."""
    plain = _PLAIN.get(record._type, str)
    return {plain(value): value for value in _raw(record)}


def _lines(record: Record) -> list[str]:
    """Return it as a name server would load it."""
    plain = [Plain("", record.fqdn, record._type, value) for value in _values(record)]
    return [f"{each.name} {record.ttl} {each.type} {presented(each)}" for each in plain]


def _record(zone: Zone, question: Question, values: Values, before: Record | None) -> Record:
    """Return a record of these values; those that stood there are handed on untouched."""
    name, form = question
    kept = _values(before) if before else {}
    new = [kept.get(value) or _OCTO.get(form, str)(value) for value in values]
    data = {"type": form, "ttl": before.ttl if before else TTL, "values": new}
    if before and before.octodns:
        data["octodns"] = before.octodns
    if form == "CNAME":
        data["value"] = new[0]
    return Record.new(zone, zone.hostname_from_fqdn(f"{name}."), data, lenient=True)


def _is_hidden(record: Record) -> bool:
    """Tell whether Cloudflare answers with addresses of its own instead."""
    return bool(record.octodns.get("cloudflare", {}).get("proxied"))


def _host(name: Any) -> str:
    return str(name).lower().rstrip(".") or "."


def _dotted(name: str) -> str:
    return name if name == "." else f"{name}."


_PLAIN: dict[str, Callable[[Any], str]] = {
    "A": str,
    "AAAA": lambda value: str(ipaddress.ip_address(str(value))),
    "CNAME": _host,
    "MX": lambda value: f"{value.preference} {_host(value.exchange)}",
    "SRV": lambda value: f"{value.priority} {value.weight} {value.port} {_host(value.target)}",
    "TLSA": lambda value: (
        f"{value.certificate_usage} {value.selector} {value.matching_type}"
        f" {str(value.certificate_association_data).lower()}"
    ),
    "TXT": lambda value: str(value).replace("\\;", ";"),
}


def _fields(*names: str) -> Callable[[str], dict[str, Any]]:
    """Return what takes a value apart: whole numbers, and a name or a digest in the end."""

    def parts(value: str) -> dict[str, Any]:
        *numbers, last = value.split()
        ends = last if names[-1] == "certificate_association_data" else _dotted(last)
        return dict(zip(names, (*map(int, numbers), ends), strict=True))

    return parts


_OCTO: dict[str, Callable[[str], Any]] = {
    "CNAME": _dotted,
    "MX": _fields("preference", "exchange"),
    "SRV": _fields("priority", "weight", "port", "target"),
    "TLSA": _fields(
        "certificate_usage", "selector", "matching_type", "certificate_association_data"
    ),
    "TXT": lambda value: value.replace(";", "\\;"),
}
