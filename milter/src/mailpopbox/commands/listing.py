"""`addresses` and `show`: which aliases there are, who writes to them, and who found them out."""

import argparse
from collections.abc import Iterable, Iterator

from mailpopbox.commands.alias import Alias, alias_named, mailbox_named
from mailpopbox.commands.command import DONE, Command, add_alias, add_common, add_login, refused
from mailpopbox.commands.desk import Desk
from mailpopbox.commands.screen import BOLD, YELLOW, Cell, Column, Listing, Screen
from mailpopbox.commands.states import State, as_json, state_of
from mailpopbox.ledger.entries import Correspondent, Entry, entries, entry, frozen_mailboxes
from mailpopbox.times import age, ago, clock, local
from mailpopbox.utc import iso

_COLUMNS = (
    Column("ALIAS", narrowest=24),
    Column("STATE"),
    Column("FIRST", right=True),
    Column("LAST", right=True),
    Column("IN", right=True),
    Column("OUT", right=True),
    Column("FROM", narrowest=12),
)
_DOMAINS = (
    Column("FROM", narrowest=24),
    Column("FIRST", right=True),
    Column("LAST", right=True),
    Column("IN", right=True),
)


def _addresses_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--unused",
        type=age,
        nargs="?",
        const="180d",
        metavar="AGE",
        help="only those with nothing in or out for that long, such as 12h, 30d, 8w or 1y"
        " (default: %(const)s)",
    )
    parser.add_argument("--since", type=age, metavar="AGE", help="only those used since then")
    parser.add_argument("--blocked", action="store_true", help="only those that are shut")
    parser.add_argument(
        "--leaked",
        action="store_true",
        help="only those that others wrote to than who was first to; mail.shop.example and"
        " shop.example are the same",
    )
    add_login(parser, ": only its aliases")
    add_common(parser)


def _addresses(arguments: argparse.Namespace) -> int:
    desk = Desk.of(arguments)
    login = mailbox_named(arguments.login, desk.config).login if arguments.login else ""
    with desk.to_read() as ledger:
        found = entries(ledger, login)
        frozen = frozen_mailboxes(ledger)
    chosen = list(_chosen(_with_states(found, desk), arguments, desk.now))
    frozen = {each: since for each, since in frozen.items() if login in {"", each}}
    if desk.wants_json:
        desk.screen.json(
            {
                "frozen": {each: iso(since) for each, since in frozen.items()},
                "addresses": [as_json(*each) for each in chosen],
            }
        )
    else:
        _print_addresses(chosen, frozen, desk)
    return DONE


def _with_states(found: Iterable[Entry], desk: Desk) -> Iterator[tuple[Entry, State]]:
    for each in found:
        yield each, state_of(each, desk.config, desk.now)


def _chosen(
    found: Iterable[tuple[Entry, State]], arguments: argparse.Namespace, now: int
) -> Iterator[tuple[Entry, State]]:
    for each, state in found:
        last = each.last_used or 0
        if arguments.unused and last > now - arguments.unused:
            continue
        if arguments.since and last < now - arguments.since:
            continue
        if arguments.blocked and state.word not in {"blocked", "expired"}:
            continue
        if arguments.leaked and not _is_leaked(each):
            continue
        yield each, state


def _is_leaked(each: Entry) -> bool:
    if len(each.correspondents) < 2:
        return False
    # Here, because it needs a package that all the other commands do without.
    try:
        from mailpopbox.organisations import is_leaked  # noqa: PLC0415
    except ImportError as error:
        raise refused(f"{error}; install Debian's python3-publicsuffix2.") from error
    return is_leaked(each)


def _print_addresses(chosen: list[tuple[Entry, State]], frozen: dict[str, int], desk: Desk) -> None:
    for login, since in frozen.items():
        desk.screen.line(f"{login} is frozen since {clock(since)}: no new address.", YELLOW)
    if not chosen:
        desk.screen.note("No alias is like that.")
        return
    desk.screen.table(_COLUMNS, [_row(*each, desk.now) for each in chosen])


def _row(each: Entry, state: State, now: int) -> list[Cell]:
    return [
        Cell(each.spelled),
        state.cell,
        Cell(ago(each.first_used, now)),
        Cell(ago(each.last_used, now)),
        Cell(str(each.received)),
        Cell(str(each.sent)),
        Listing(words=each.domains),
    ]


def _show(arguments: argparse.Namespace) -> int:
    desk = Desk.of(arguments)
    alias = alias_named(arguments.alias, desk.config)
    with desk.to_read() as ledger:
        found = entry(ledger, alias.login, alias.address)
        is_frozen = alias.login in frozen_mailboxes(ledger)
    if found is None:
        raise refused(_unknown(alias, desk, is_frozen=is_frozen))
    state = state_of(found, desk.config, desk.now)
    if desk.wants_json:
        desk.screen.json(as_json(found, state))
    else:
        _print_entry(found, state, desk.screen, desk.now)
    return DONE


def _unknown(alias: Alias, desk: Desk, *, is_frozen: bool) -> str:
    state = state_of(Entry(alias.login, alias.address, alias.spelled), desk.config, desk.now)
    text = f"Nothing is known of {alias.spelled}: no mail came for it or left as it."
    if state.by:
        return f"{text} The configuration blocks it (blocked: {state.by})."
    if is_frozen:
        return f"{text} As {alias.login} is frozen, it takes none either."
    if alias.mailbox.aliases == "signed":
        return f"{text} It takes some if it was made by: mailpopbox new"
    return f"{text} It takes mail like any other."


def _print_entry(each: Entry, state: State, screen: Screen, now: int) -> None:
    # What the configuration blocks, it blocks for all.
    let_in = () if state.is_by_configuration else each.exceptions
    screen.line(each.spelled, BOLD)
    screen.pairs(
        [
            ("  state", Cell(_state_in_full(each, state), state.style)),
            ("  mailbox", Cell(each.login)),
            ("  name", Cell(each.display_name or "-")),
            ("  first used", Cell(local(each.first_used, now))),
            ("  last used", Cell(local(each.last_used, now))),
            ("  last sent", Cell(local(each.last_sent, now))),
            ("  messages", Cell(f"{each.received} in, {each.sent} out")),
            *(("  lets in", Cell(sender)) for sender in let_in),
        ]
    )
    if each.correspondents:
        screen.line()
        screen.table(_DOMAINS, [_domain_row(of, now) for of in each.correspondents])


def _domain_row(of: Correspondent, now: int) -> list[Cell]:
    return [
        Cell(of.domain),
        Cell(ago(of.first_used, now)),
        Cell(ago(of.last_used, now)),
        Cell(str(of.received)),
    ]


def _state_in_full(each: Entry, state: State) -> str:
    if state.is_by_configuration:
        return f"blocked by the configuration (blocked: {state.by})"
    if state.word == "open":
        return "open"
    why = f": {each.reason}" if each.reason else ""
    if state.word == "blocked":
        return f"blocked since {clock(each.blocked_at or 0)}{why}"
    return f"{state.shown}, at {clock(each.expires_at or 0)}{why}"


COMMANDS = (
    Command(
        "addresses",
        "list the aliases, who was used last first: how each stands, how often mail came and left,"
        " and which domains wrote to it",
        _addresses_arguments,
        _addresses,
    ),
    Command(
        "show",
        "show all that is known of an alias; exit 1 if that is nothing",
        add_alias,
        _show,
    ),
)
