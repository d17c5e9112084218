"""The zones that `mailpopbox dns` prints, loaded as they are into a name server, and asked of it.

Each mail server has a Knot of its own, which is its resolver, too: they take mail for the same
domains, and would otherwise overwrite each other's records.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from naming import serving
from probe import Server
from remembering import command

ZONES = ("example.com", "example.org", "xn--bcher-kva.example")
# Somebody else has the rest of it, so no file of it is printed.
SHARED = "elsewhere.test"
RESOLVER = "/etc/resolv.conf"
START = "$TTL 60\n@ SOA ns.test. postmaster.test. 1 3600 900 1209600 300\n@ NS ns.test.\n"


def printed(server: Server, zone: str) -> str:
    """Return the file that the server prints for one of its zones."""
    return command(server, "dns", "--tlsa", "--zone", zone, "--nameserver", "ns.test")


@contextmanager
def published(server: Server, change: Callable[[str], str] = str) -> Iterator[None]:
    """Serve what it prints, with its reverse DNS and a name for the name server besides."""
    ip = str(server.variables["_ip"])
    network, _, number = ip.rpartition(".")
    reverse = f"{'.'.join(reversed(network.split('.')))}.in-addr.arpa"
    zones = {zone: change(printed(server, zone)) for zone in ZONES}
    zones[reverse] = f"{START}{number} PTR {server.hostname}.\n"
    zones["test"] = f"{START}ns A {ip}\n"
    zones[SHARED] = START + "".join(map(line, asked(server, SHARED, "--values")["records"]))
    with serving(server, zones):
        before = server.run("cat", RESOLVER).stdout
        server.run("tee", RESOLVER, stdin=f"nameserver {ip}\n")
        try:
            yield
        finally:
            server.run("tee", RESOLVER, stdin=before)


def told(server: Server, *words: str) -> Any:
    return json.loads(server.run("mailpopbox", "dns", "--json", *words, check=False).stdout)


def asked(server: Server, zone: str, *words: str) -> Any:
    [found] = told(server, zone, *words)["zones"]
    return found


def line(record: dict[str, str]) -> str:
    """Return a TXT record for a zone file, in strings of 250 octets at most."""
    strings = " ".join(f'"{each}"' for each in re.findall(".{1,250}", record["value"]))
    return f"{record['relative']} TXT {strings}\n"


@pytest.mark.parametrize("zone", ZONES)
def test_every_name_server_finds_the_zone_right(server: Server, zone: str) -> None:
    path = f"/run/{zone}.zone"
    server.write(path, printed(server, zone))
    for argv in (("named-checkzone", "-i", "local", zone, path), ("nsd-checkzone", zone, path)):
        done = server.run(*argv)
        assert "warning" not in (done.stdout + done.stderr).lower(), done.stdout
    server.run("rm", path)


def test_all_is_there(server: Server) -> None:
    with published(server):
        said = command(server, "dns", "--tlsa")
        found = told(server, "--tlsa")
    last = said.splitlines()[-1]
    assert last.startswith("All ")
    assert last.endswith(" records are there.")
    assert f"  {server.variables['_ip']}\n" in said
    assert found["well"]
    # Its own servers were asked, and not what somebody remembers.
    assert [zone["asked"] for zone in found["zones"][:-1]] == ["ns.test"] * len((*ZONES, SHARED))


def test_what_is_missing_or_different_is_found(server: Server) -> None:
    def changed(text: str) -> str:
        lines = [line for line in text.splitlines() if not line.startswith("_smtp._tls")]
        return "\n".join(lines).replace('"v=spf1 mx', '"v=spf1 a').replace("p=none", "p=") + "\n"

    with published(server, changed):
        said = command(server, "dns", "example.com", code=1)
        found = asked(server, "example.com")
    states = {
        (each["kind"], each["state"]) for each in found["records"] if each["state"] != "there"
    }
    assert states == {("spf", "different"), ("dmarc", "different"), ("tls-rpt", "missing")}
    assert "(mx is not in it)" in said


def test_a_name_server_that_is_down_is_not_taken_for_an_empty_one(server: Server) -> None:
    with published(server):
        server.run("systemctl", "stop", "knot")
        said = command(server, "dns", "example.com", code=3)
    assert "missing" not in said
    assert "unknown" in said
