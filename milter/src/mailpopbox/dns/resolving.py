"""Asking DNS: the name servers of a zone themselves, or the resolver where they do not answer.

A resolver goes on telling for an hour what was there before a change; the zone's own servers do
not. Imported only where it is needed: it takes Debian's python3-dnspython.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.resolver
from dns.rdtypes.txtbase import TXTBase

from mailpopbox.dns.judging import Question, Trouble, Values

_CONFIGURATION = "/etc/resolv.conf"
_PORT = 53
_SECONDS = 3.0
_AT_A_TIME = 16
_MOST_ALIASES = 8


@dataclass(frozen=True, slots=True)
class Servers:
    """Name servers that are asked in turn, until one answers."""

    addresses: tuple[str, ...]
    # What they are called when it is told who was asked.
    shown: str
    # Those of a zone answer for it themselves; what they only know from others is no answer.
    own: bool = False

    def ask(self, name: str, kind: str) -> dns.message.QueryMessage | Trouble:
        question = dns.message.make_query(name, kind, use_edns=True)
        why = f"{self.shown} cannot be found"
        for address in self.addresses:
            try:
                answer, _ = dns.query.udp_with_fallback(question, address, _SECONDS, _PORT)
            except dns.exception.Timeout:
                why = f"{address} did not answer in time"
            except (OSError, EOFError, dns.exception.DNSException) as error:
                why = f"{address}: {error}"
            else:
                if isinstance(answer, dns.message.QueryMessage) and self._is_answer(answer):
                    return answer
                why = f"{address} answered {dns.rcode.to_text(answer.rcode())}"
        return Trouble(why)

    def _is_answer(self, answer: dns.message.Message) -> bool:
        is_own = bool(answer.flags & dns.flags.AA)
        known = answer.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}
        return known and (is_own or not self.own)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to ask about a zone: the first that answers is believed."""

    zone: str
    servers: tuple[Servers, ...]

    @property
    def shown(self) -> str:
        return self.servers[0].shown


class Asker:
    """Asks DNS: by the resolver of the host, or one server that is to answer everything."""

    def __init__(self, server: str = "") -> None:
        self._first = _named(server) if server else _resolver()
        self._only_first = bool(server)

    def whom(self, zones: Iterable[str]) -> list[Asked | Trouble]:
        """Find out whom to ask about zones."""
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            return list(pool.map(self._whom, zones))

    def anybody(self) -> Asked:
        return Asked("", (self._first,))

    def answers(
        self, asked: Sequence[tuple[Question, Asked | Trouble]]
    ) -> dict[Question, Values | Trouble]:
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            found = pool.map(lambda each: self._answer(*each), asked)
            return dict(zip((question for question, _ in asked), found, strict=True))

    def by_server(self, name: str, kind: str) -> list[Values | Trouble]:
        """Return what each server of a name's zone says; none answers for another."""
        # The name itself may be an alias, and so say nothing of its zone.
        zone = self._zone_of(name.partition(".")[2])
        if isinstance(zone, Trouble):
            return [zone]
        return [self._values((each,), name, kind) for each in self._each_server_of(zone)]

    def _whom(self, zone: str) -> Asked | Trouble:
        found = self._zone_of(zone)
        if isinstance(found, Trouble):
            return found
        if self._only_first:
            return Asked(found, (self._first,))
        each = self._each_server_of(found)
        addresses = tuple(address for server in each for address in server.addresses)
        own = Servers(addresses, ", ".join(server.shown for server in each), own=True)
        is_there = not isinstance(own.ask(found, "SOA"), Trouble)
        return Asked(found, (own, self._first) if is_there else (self._first,))

    def _zone_of(self, name: str) -> str | Trouble:
        answer = self._first.ask(name, "SOA")
        if isinstance(answer, Trouble):
            return answer
        # Where there is no such zone, the one above answers for itself.
        starts = (*answer.answer, *answer.authority)
        names = [_text(each.name) for each in starts if each.rdtype == dns.rdatatype.SOA]
        return names[0] if names else name

    def _each_server_of(self, zone: str) -> list[Servers]:
        names = self._values((self._first,), zone, "NS")
        named = () if isinstance(names, Trouble) else names
        return [Servers(tuple(_addresses(self._first, name)), name, own=True) for name in named]

    def _answer(self, question: Question, asked: Asked | Trouble) -> Values | Trouble:
        return asked if isinstance(asked, Trouble) else self._values(asked.servers, *question)

    def _values(self, servers: Sequence[Servers], name: str, kind: str) -> Values | Trouble:
        for _ in range(_MOST_ALIASES):
            answer = _first_answer(servers, name, kind)
            if isinstance(answer, Trouble):
                return answer
            try:
                chain = answer.resolve_chaining()
            except dns.exception.DNSException as error:
                return Trouble(f"{name}: {error}")
            if chain.answer is not None:
                return tuple(sorted(_value(each) for each in chain.answer))
            if _text(chain.canonical_name) == name:
                return ()
            # An alias that leads out of the zone.
            name, servers = _text(chain.canonical_name), (self._first,)
        return Trouble(f"{name}: too many aliases")


def _first_answer(
    servers: Sequence[Servers], name: str, kind: str
) -> dns.message.QueryMessage | Trouble:
    *others, last = servers
    for each in others:
        answer = each.ask(name, kind)
        if not isinstance(answer, Trouble):
            return answer
    return last.ask(name, kind)


def resolvers() -> tuple[str, ...]:
    """Return whom the host asks."""
    try:
        return tuple(map(str, dns.resolver.Resolver(_CONFIGURATION).nameservers))
    except dns.resolver.NoResolverConfiguration as error:
        raise OSError(f"{_CONFIGURATION} names no resolver to ask.") from error


def _resolver() -> Servers:
    addresses = resolvers()
    return Servers(addresses, f"the resolver ({', '.join(addresses)})")


def _named(server: str) -> Servers:
    """Find one server by its address or name."""
    try:
        return Servers((str(ipaddress.ip_address(server)),), server)
    except ValueError:
        return Servers(tuple(_addresses(_resolver(), server)), server)


def _addresses(servers: Servers, name: str) -> Iterator[str]:
    for kind in ("A", "AAAA"):
        answer = servers.ask(name, kind)
        if not isinstance(answer, Trouble):
            for rrset in answer.answer:
                if rrset.rdtype == dns.rdatatype.from_text(kind):
                    yield from map(str, rrset)


def _value(rdata: dns.rdata.Rdata) -> str:
    """Return a value without quotes, or the dot at its end."""
    if isinstance(rdata, TXTBase):
        return b"".join(rdata.strings).decode("ascii", "replace")
    text = str(rdata).lower()
    # An SRV record that says "not here" has nothing but the dot.
    return text if text.endswith(" .") else text.removesuffix(".")


def _text(name: object) -> str:
    return str(name).lower().removesuffix(".") or "."
