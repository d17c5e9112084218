"""`dns`: the records that the server and its domains need, and how they stand."""

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from mailpopbox.commands import standing
from mailpopbox.commands.command import (
    DONE,
    NO,
    UNANSWERED,
    Command,
    add_config,
    add_json,
    add_keys,
    refused,
    to_repair,
)
from mailpopbox.commands.gathering import CERTIFICATE, output
from mailpopbox.commands.screen import BOLD, YELLOW, Screen
from mailpopbox.dkim.shelf import Shelf
from mailpopbox.dns.facts import Facts, load
from mailpopbox.dns.interfaces import addresses_of, usable
from mailpopbox.dns.judging import DIFFERENT, MISSING, THERE, UNKNOWN, Trouble, findings, questions
from mailpopbox.dns.keys import tlsa
from mailpopbox.dns.records import Keys, records
from mailpopbox.dns.zones import REVERSE, Zone, spelled, zone_file, zones
from mailpopbox.found import Unknown


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("zones", nargs="*", metavar="ZONE", help="only these zones")
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--values", action="store_true", help="print what to type into a web form; ask nobody"
    )
    form.add_argument(
        "--zone", action="store_true", help="print a zone file for a name server; ask nobody"
    )
    parser.add_argument(
        "--tlsa", action="store_true", help="the TLSA record for DANE too, which needs DNSSEC"
    )
    parser.add_argument(
        "--nameserver",
        action="append",
        default=[],
        metavar="NAME",
        help="in the zone file, a name server of the zone; may be given again (default: the host)",
    )
    parser.add_argument(
        "--server", default="", metavar="SERVER", help="ask this name server, and no other"
    )
    add_keys(parser)
    add_config(parser, "/etc/mailpopbox/dns.yml")
    add_json(parser)


def _dns(arguments: argparse.Namespace) -> int:
    facts, screen = load(arguments.config), Screen.of_process()
    now = int(time.time())
    addresses = addresses_for(facts)
    keys = keys_of(facts, Shelf(arguments.keys), now)
    in_force = tlsa_in_force() if arguments.tlsa else ""
    found = records(facts, addresses, keys, in_force, policy_of(facts))
    zone_of = public_zones()
    every = zones(found, (*facts.domains, facts.hostname), zone_of)
    chosen = _chosen(every, arguments.zones)
    names = {zone.name for zone in chosen}
    without = [domain for domain in facts.domains if domain not in keys]
    notes = [
        *standing.without_keys([each for each in without if zone_of(each) in names]),
        *(standing.of_others(facts.others) if not arguments.zones else []),
    ]
    if arguments.zone:
        return _print_zone(chosen, facts, arguments, screen, now)
    if arguments.values:
        return _print_values(chosen, notes, screen, wants_json=arguments.json)
    return _check(chosen, addresses, notes, arguments, screen)


# --- What is known on the host ---


def addresses_for(facts: Facts) -> tuple[str, ...]:
    """Return the addresses at which others reach the host."""
    addresses = usable(facts.addresses or _addresses_of_host(), ipv6=facts.ipv6)
    if not addresses:
        raise to_repair(
            "This host has no address that others reach. Name those that lead to it in"
            " mailpopbox_addresses, and run the playbook."
        )
    return addresses


def _addresses_of_host() -> tuple[str, ...]:
    printed = output(["ip", "-json", "address"])
    if isinstance(printed, Unknown):
        raise refused(f"The addresses of this host cannot be seen: {printed.why}")
    try:
        return addresses_of(printed)
    except ValueError as error:
        raise refused(f"ip -json address printed {error}.") from error


def keys_of(facts: Facts, shelf: Shelf, now: int) -> Keys:
    """Return the keys that sign, those that are about to, and those whose mail is still read."""
    try:
        known = shelf.domains()
    except PermissionError as error:
        raise refused(f"{shelf.folder}: no right to it; run this as root.") from error
    names = (facts.hostname, *facts.domains, *facts.others)
    found = {name: known[name].needed(now) for name in names if name in known}
    return {
        name: tuple(shelf.public(name, key) for key in keys) for name, keys in found.items() if keys
    }


def policy_of(facts: Facts) -> str:
    """Return the policy for MTA-STS as it is served."""
    try:
        return Path(facts.mta_sts).read_text("utf-8", "replace")
    except FileNotFoundError:
        return ""


def tlsa_in_force() -> str:
    if not os.access(CERTIFICATE, os.R_OK):
        raise refused(f"{CERTIFICATE} cannot be read; run this as root.")
    printed = output(["openssl", "x509", "-noout", "-pubkey", "-in", str(CERTIFICATE)])
    if isinstance(printed, Unknown):
        raise refused(f"{CERTIFICATE}: {printed.why}")
    return tlsa(printed)


def public_zones() -> standing.ZoneOf:
    # Here, because it needs a package that most commands do without.
    try:
        from mailpopbox.organisations import organisation  # noqa: PLC0415
    except ImportError as error:
        raise refused(f"{error}; install Debian's python3-publicsuffix2.") from error
    return organisation


def _chosen(every: Sequence[Zone], names: Sequence[str]) -> list[Zone]:
    """Return the zones that are named, in either spelling; all if none is."""
    known = {name.lower(): each for each in every for name in (each.name, spelled(each.name))}
    for name in names:
        if name.lower() not in known:
            raise to_repair(
                f"There is no zone {name}. There are: {', '.join(each.name for each in every)}."
            )
    return list(dict.fromkeys(known[name.lower()] for name in names)) or list(every)


# --- What is printed ---


def _print_zone(
    chosen: Sequence[Zone], facts: Facts, arguments: argparse.Namespace, screen: Screen, now: int
) -> int:
    if arguments.json:
        raise to_repair("A zone file is no JSON; leave out --zone or --json.")
    whole = [zone for zone in chosen if zone.whole]
    if not whole:
        raise to_repair("There is no zone file for what others have the rest of; see --values.")
    if len(whole) > 1:
        names = ", ".join(zone.name for zone in whole)
        raise to_repair(f"A zone file is for one zone. Name it behind --zone; there are: {names}.")
    nameservers = [name.lower().removesuffix(".") for name in arguments.nameserver]
    for line in zone_file(whole[0], facts.hostname, now, nameservers):
        screen.out.write(f"{line}\n")
    return DONE


def _print_values(
    chosen: Sequence[Zone], notes: Sequence[str], screen: Screen, *, wants_json: bool
) -> int:
    if wants_json:
        screen.json({"zones": [standing.plain(zone) for zone in chosen], "notes": notes})
        return DONE
    for zone in chosen:
        screen.line(zone.title, BOLD)
        screen.table(standing.FIELDS, list(standing.field_rows(zone)))
        screen.line()
    for note in notes:
        screen.line(note, YELLOW)
    return DONE


def _check(
    chosen: Sequence[Zone],
    addresses: Sequence[str],
    notes: list[str],
    arguments: argparse.Namespace,
    screen: Screen,
) -> int:
    checked = checked_zones(chosen, addresses, arguments.server)
    notes += standing.without_zone(checked)
    states = standing.count(checked)
    if arguments.json:
        found = [standing.plain_checked(each) for each in checked]
        screen.json({"well": set(states) <= {THERE}, "zones": found, "notes": notes})
    else:
        for each in checked:
            screen.line(standing.heading(each), BOLD)
            screen.table(standing.COLUMNS, list(standing.rows(each)))
            screen.line()
        for note in notes:
            screen.line(note, YELLOW)
        screen.line(*standing.verdict(states))
    if states[MISSING] or states[DIFFERENT]:
        return NO
    return UNANSWERED if states[UNKNOWN] else DONE


def checked_zones(
    chosen: Sequence[Zone], addresses: Sequence[str], server: str = ""
) -> list[standing.Checked]:
    """Ask DNS about zones, or one of their servers, which knows nothing of addresses."""
    # Here, because it needs a package that most commands do without.
    try:
        from mailpopbox.commands.resolving import Asker  # noqa: PLC0415
    except ImportError as error:
        raise refused(f"{error}; install Debian's python3-dnspython.") from error
    asker = Asker(server)
    zones_of_names = [zone for zone in chosen if zone.name != REVERSE]
    asked = [*zip(zones_of_names, asker.whom(zone.name for zone in zones_of_names), strict=True)]
    asked += [(zone, asker.anybody()) for zone in chosen if zone.name == REVERSE and not server]
    answers = asker.answers(
        [(each, whom) for zone, whom in asked for each in questions(zone.records)]
    )
    return [
        standing.Checked(
            zone,
            tuple(findings(zone.records, answers, addresses)),
            "" if isinstance(whom, Trouble) else whom.shown,
            exists=isinstance(whom, Trouble) or whom.zone in {zone.name, ""},
        )
        for zone, whom in asked
    ]


COMMANDS = (
    Command(
        "dns",
        "show which DNS records are there, differ or are missing; exit 1 if one is or does, 3 if"
        " DNS does not answer",
        _arguments,
        _dns,
    ),
)
