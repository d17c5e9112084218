"""The zones that the servers print, loaded as they are into the DNS host, and changed by tests."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from inside import Host
from probe import Server

Change = Callable[[str], str]

_START = "$TTL 5\n@ SOA ns.test. root.test. 1 3600 600 86400 5\n@ NS ns.test.\n"
# The configuration of Knot includes what is there.
_LISTS = "/etc/knot/zones.d"


@dataclass(frozen=True)
class Zones:
    """Zones in the DNS host, by their names, that are about one server."""

    server: Server
    dns: Host
    texts: Mapping[str, str]

    @contextmanager
    def served(self) -> Iterator[None]:
        for name, text in self.texts.items():
            self._write(name, text)
        listed = "".join(f"  - domain: {name}\n" for name in self.texts)
        path = f"{_LISTS}/{self.server.name}.conf"
        self.dns.run("tee", path, stdin=f"zone:\n{listed}")
        self.dns.run("knotc", "--blocking", "reload")
        try:
            yield
        finally:
            self.dns.run("rm", path)
            self.dns.run("knotc", "--blocking", "reload")

    @contextmanager
    def changed(self, name: str, change: Change) -> Iterator[None]:
        """Serve a zone otherwise for a while."""
        text = change(self.texts[name])
        assert text != self.texts[name], "nothing was changed"
        self._load(name, text)
        try:
            yield
        finally:
            self._load(name, self.texts[name])

    def _load(self, name: str, text: str) -> None:
        self._write(name, text)
        self.dns.run("knotc", "--blocking", "zone-reload", name)

    def _write(self, name: str, text: str) -> None:
        self.dns.run("tee", f"/etc/knot/{name}.zone", stdin=text)


def printed_by(server: Server, dns: Host) -> Zones:
    """Return what a server prints, its reverse DNS, and a blocklist with nobody in it."""
    texts = {
        name: server.run("mailpopbox", "dns", "--zone", name, "--nameserver", "ns.test").stdout
        for name in (each.encode("idna").decode() for each in server.mailbox().domains)
    }
    texts[reverse_of(server)] = f"{_START}@ PTR {server.hostname}.\n"
    # What each of them has (RFC 5782).
    texts[blocklist_of(server)] = f"{_START}2.0.0.127 A 127.0.0.2\n"
    return Zones(server, dns, texts)


def reverse_of(server: Server) -> str:
    return f"{reversed_address(server)}.in-addr.arpa"


def reversed_address(server: Server) -> str:
    return ".".join(reversed(str(server.variables["_ip"]).split(".")))


def blocklist_of(server: Server) -> str:
    """Return the blocklist that its doctor asks."""
    return f"bl{server.release}.test"


# --- What may be wrong with a zone ---


def without(pattern: str) -> Change:
    """Leave out lines."""
    return lambda text: re.sub(rf"(?m)^{pattern}.*\n", "", text)


def with_line(line: str) -> Change:
    return lambda text: f"{text}{line}\n"


def with_other(pattern: str, other: str) -> Change:
    """Write something else where that stands first."""
    return lambda text: re.sub(rf"(?m){pattern}", other, text, count=1)
