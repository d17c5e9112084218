"""`dns`: the records that the server and its domains need, and how they stand."""

import argparse
import time
from collections.abc import Sequence

from mailpopbox.commands import standing
from mailpopbox.commands.command import (
    DONE,
    NO,
    UNANSWERED,
    Command,
    add_config,
    add_json,
    to_repair,
)
from mailpopbox.commands.keys import add_keys
from mailpopbox.commands.screen import BOLD, YELLOW, Screen
from mailpopbox.dkim.shelf import Shelf
from mailpopbox.dns import host
from mailpopbox.dns.facts import Facts, load
from mailpopbox.dns.judging import DIFFERENT, MISSING, THERE, UNKNOWN
from mailpopbox.dns.records import records
from mailpopbox.dns.zones import Zone, spelled, zone_file, zones
from mailpopbox.examining import gathering


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
    addresses = host.addresses_for(facts)
    keys = Shelf(arguments.keys).needed(facts.names, now)
    in_force = host.tlsa_of(gathering.CERTIFICATE) if arguments.tlsa else ""
    zone_of = host.public_zones()
    policy = host.policy_of(facts)
    found = records(facts, addresses, keys, zone_of, tlsa=in_force, policy=policy)
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
    checked = host.checked_zones(chosen, addresses, arguments.server)
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


COMMANDS = (
    Command(
        "dns",
        "show which DNS records are there, differ or are missing; exit 1 if one is or does, 3 if"
        " DNS does not answer",
        _arguments,
        _dns,
    ),
)
