"""The records of this host: what they follow from there, and how they stand in DNS."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailpopbox.config import ConfigError
from mailpopbox.dns.facts import Facts
from mailpopbox.dns.interfaces import addresses_of, usable
from mailpopbox.dns.judging import Finding, Trouble, findings, questions
from mailpopbox.dns.keys import tlsa
from mailpopbox.dns.zones import REVERSE, Zone
from mailpopbox.programs import run

_SECONDS = 20


def addresses_for(facts: Facts) -> tuple[str, ...]:
    """Return the addresses at which others reach the host."""
    addresses = usable(facts.addresses or _addresses_of_host(), ipv6=facts.ipv6)
    if not addresses:
        problem = (
            "This host has no address that others reach. Name those that lead to it in"
            " mailpopbox_addresses, and run the playbook."
        )
        raise ConfigError([problem])
    return addresses


def _addresses_of_host() -> tuple[str, ...]:
    ended = run(["ip", "-json", "address"], _SECONDS)
    if not ended.well:
        raise OSError(f"The addresses of this host cannot be seen: {ended.why}")
    try:
        return addresses_of(ended.printed)
    except ValueError as error:
        raise OSError(f"ip -json address printed {error}.") from error


def policy_of(facts: Facts) -> str:
    """Return the policy for MTA-STS as it is served."""
    try:
        return Path(facts.mta_sts).read_text("utf-8", "replace")
    except FileNotFoundError:
        return ""


def tlsa_of(certificate: Path) -> str:
    """Return what a TLSA record says of a certificate."""
    if not os.access(certificate, os.R_OK):
        raise PermissionError(f"{certificate} cannot be read; run this as root.")
    ended = run(["openssl", "x509", "-noout", "-pubkey", "-in", str(certificate)], _SECONDS)
    if not ended.well:
        raise OSError(f"{certificate}: {ended.why}")
    return tlsa(ended.printed)


def public_zones() -> Callable[[str], str]:
    """Return what finds the zone that a name is in."""
    # Here, because it needs a package that most commands do without.
    try:
        from mailpopbox.organisations import organisation  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(f"{error}; install Debian's python3-publicsuffix2.") from error
    return organisation


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of a zone's records."""

    zone: Zone
    findings: tuple[Finding, ...]
    # Who was asked, if anybody answered.
    asked: str
    # Whether DNS knows of the zone at all, as far as somebody answered.
    exists: bool = True


def checked_zones(
    chosen: Sequence[Zone], addresses: Sequence[str], server: str = ""
) -> list[Checked]:
    """Ask DNS about zones, or one of their servers, which knows nothing of addresses."""
    # Here, because it needs a package that most commands do without.
    try:
        from mailpopbox.dns.resolving import Asker  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(f"{error}; install Debian's python3-dnspython.") from error
    asker = Asker(server)
    zones_of_names = [zone for zone in chosen if zone.name != REVERSE]
    asked = [*zip(zones_of_names, asker.whom(zone.name for zone in zones_of_names), strict=True)]
    asked += [(zone, asker.anybody()) for zone in chosen if zone.name == REVERSE and not server]
    answers = asker.answers(
        [(each, whom) for zone, whom in asked for each in questions(zone.records)]
    )
    return [
        Checked(
            zone,
            tuple(findings(zone.records, answers, addresses)),
            "" if isinstance(whom, Trouble) else whom.shown,
            exists=isinstance(whom, Trouble) or whom.zone in {zone.name, ""},
        )
        for zone, whom in asked
    ]
