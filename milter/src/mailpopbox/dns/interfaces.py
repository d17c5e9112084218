"""The addresses at which others reach a host, as its interfaces have them."""

import ipaddress
import json
from collections.abc import Iterable, Iterator
from typing import Any

# The kernel calls them global, but nobody outside reaches them.
_INSIDE = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    )
)
# Of IPv6: given up soon, not yet or never usable.
_PASSING = ("temporary", "deprecated", "tentative", "dadfailed")


def addresses_of(printed: str) -> tuple[str, ...]:
    """Read what `ip -json address` printed; raises ValueError if that is something else."""
    try:
        found = sorted(_global(json.loads(printed)), key=lambda each: (each.version, int(each)))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise ValueError("no list of interfaces") from error
    return tuple(dict.fromkeys(map(str, found)))


def _global(
    interfaces: Iterable[dict[str, Any]],
) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    for interface in interfaces:
        for each in interface.get("addr_info", ()):
            if each.get("scope") != "global" or any(each.get(flag) for flag in _PASSING):
                continue
            address = ipaddress.ip_address(each["local"])
            if not any(address in network for network in _INSIDE):
                yield address


def usable(addresses: Iterable[str], *, ipv6: bool) -> tuple[str, ...]:
    """Return the addresses that the server serves on, as DNS spells them."""
    found = map(ipaddress.ip_address, addresses)
    return tuple(str(each) for each in found if ipv6 or each.version == 4)
