"""Records as zones: as the file that a name server loads, and as what a web form takes."""

import ipaddress
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mailpopbox.dns.records import PURPOSES, Record

TTL = 3600
# Refresh, retry, expire and the life of "there is no such name", in seconds.
_TIMES = "3600 900 1209600 300"
# Of these types, the last word of a value is a name.
_ENDS_WITH_NAME = ("CNAME", "MX", "NS", "PTR", "SRV")
REVERSE = "reverse DNS"


@dataclass(frozen=True, slots=True)
class Zone:
    """The records of a zone. Those of addresses stand together, under a title instead of a name."""

    name: str
    records: tuple[Record, ...]
    # Whether it is ours to say, or only has something of ours in it.
    whole: bool = True

    def relative(self, record: Record) -> str:
        """Return the name of a record as it stands in its zone."""
        if record.kind == "reverse":
            return address_of(record.name)
        return relative(record.name, self.name)

    @property
    def title(self) -> str:
        shown = spelled(self.name)
        return self.name if shown == self.name else f"{self.name} ({shown})"


def zones(
    records: Sequence[Record], ours: Sequence[str], zone_of: Callable[[str], str]
) -> tuple[Zone, ...]:
    """Sort records into zones; `ours` are the names whose zones are ours to say."""
    whole = dict.fromkeys(map(zone_of, ours))
    found: dict[str, list[Record]] = {name: [] for name in whole}
    pointers = tuple(record for record in records if record.kind == "reverse")
    for record in records:
        if record.kind != "reverse":
            found.setdefault(zone_of(record.name), []).append(record)
    named = [Zone(name, tuple(each), whole=name in whole) for name, each in found.items()]
    return (*named, Zone(REVERSE, pointers, whole=False))


def relative(name: str, zone: str) -> str:
    return "@" if name == zone else name.removesuffix(f".{zone}")


def spelled(name: str) -> str:
    """Return a domain in its own script."""
    labels = name.split(".")
    try:
        return ".".join(
            label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label
            for label in labels
        )
    except UnicodeError:
        return name


def address_of(pointer: str) -> str:
    """Return the address that a name in in-addr.arpa or ip6.arpa stands for."""
    labels = pointer.split(".")[-3::-1]
    if pointer.endswith(".in-addr.arpa"):
        return ".".join(labels)
    return str(ipaddress.IPv6Address(int("".join(labels), 16)))


# --- For a name server ---


def zone_file(
    zone: Zone, hostname: str, serial: int, nameservers: Sequence[str] = ()
) -> Iterator[str]:
    """Yield the lines of a file that a name server loads as it is."""
    names = [zone.relative(record) for record in zone.records]
    room = max(map(len, names))

    def line(name: str, kind: str, value: str) -> str:
        return f"{name.ljust(room)}  {kind.ljust(5)}  {value}"

    servers = [f"{name}." for name in nameservers or [hostname]]
    yield f"; {zone.name}: what mail at {hostname} needs."
    yield "; SOA and NS are for a server that loads this as it is; a provider has its own."
    yield f"$ORIGIN {zone.name}."
    yield f"$TTL {TTL}"
    # Mail to postmaster at the host's name always arrives.
    yield line("@", "SOA", f"{servers[0]} postmaster.{hostname}. {serial} {_TIMES}")
    for server in servers:
        yield line("@", "NS", server)
    for kind, group in itertools.groupby(zone.records, lambda record: record.kind):
        yield ""
        yield f"; {PURPOSES[kind][0].upper()}{PURPOSES[kind][1:]}"
        for record in group:
            yield line(zone.relative(record), record.type, presented(record))


def presented(record: Record) -> str:
    """Return a value as a zone file has it."""
    if record.type == "TXT":
        strings = [quoted(each) for each in character_strings(record.value.encode())]
        return strings[0] if len(strings) == 1 else f"( {(chr(10) + '    ').join(strings)} )"
    if record.type in _ENDS_WITH_NAME and not record.value.endswith("."):
        return f"{record.value}."
    return record.value


def character_strings(text: bytes) -> list[bytes]:
    """Split a text into the strings of a TXT record, which have 255 octets at most."""
    return [text[at : at + 255] for at in range(0, len(text), 255)] or [b""]


def quoted(text: bytes) -> str:
    """Quote a string; what is neither a letter nor a sign of ASCII is written by its number."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(octet: int) -> str:
    character = chr(octet)
    if character in '"\\':
        return f"\\{character}"
    return character if 0x20 <= octet < 0x7F else f"\\{octet:03d}"


# --- For a web form ---


@dataclass(frozen=True, slots=True)
class Fields:
    """What is typed into a form; where there is no field for the priority, it stands first."""

    name: str
    type: str
    priority: str
    value: str


def fields(zone: Zone) -> Iterator[Fields]:
    for record in zone.records:
        priority, value = "", record.value
        if record.type in {"MX", "SRV"}:
            priority, _, value = record.value.partition(" ")
        yield Fields(zone.relative(record), record.type, priority, value)
