"""The zones of the DNS host: what the servers print, loaded as it is, and changed by tests."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from inside import Host
from probe import Server

Change = Callable[[str], str]


@dataclass(frozen=True)
class Zones:
    """The zones of the DNS host, by their names."""

    dns: Host

    def text(self, name: str) -> str:
        return self.dns.read(_path(name)).decode()

    def serves(self, name: str) -> bool:
        return self.dns.run("test", "-e", _path(name), check=False).returncode == 0

    def publish(self, server: Server) -> None:
        """Load what a server prints of its domains."""
        for name in domains_of(server):
            words = ["mailpopbox", "dns", "--zone", "--tlsa", "--nameserver", "ns.test", name]
            self._load(name, server.run(*words).stdout)

    @contextmanager
    def changed(self, name: str, change: Change) -> Iterator[None]:
        """Serve a zone otherwise for a while."""
        before = self.text(name)
        after = change(before)
        assert after != before, "nothing was changed"
        self._load(name, after)
        try:
            yield
        finally:
            self._load(name, before)

    def _load(self, name: str, text: str) -> None:
        # Moved there: the tests of two servers may publish the same at a time.
        put = 'cat >"$1.$$" && mv "$1.$$" "$1"'
        self.dns.run("sh", "-c", put, "sh", _path(name), stdin=text)
        self.dns.run("knotc", "--blocking", "zone-reload", name)


def domains_of(server: Server) -> list[str]:
    """Return the domains of a server, as DNS spells them."""
    return [each.encode("idna").decode() for each in server.mailbox().domains]


def _path(name: str) -> str:
    return f"/etc/knot/{name}.zone"


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


ANOTHER_KEY = with_other(r"^(_25._tcp.*TLSA\s+3 1 1 ).*$", r"\g<1>" + "ab" * 32)
