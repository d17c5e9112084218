"""`name`, `new`, `forget`: what an alias is called, how one is made, and how it is let go."""

import argparse
import sys
import unicodedata

from mailpopbox.addresses import Finder, addresses_in
from mailpopbox.commands.alias import Alias, alias_named
from mailpopbox.commands.change import changed
from mailpopbox.commands.command import (
    DONE,
    NO,
    Command,
    add_alias,
    add_common,
    add_login,
    refused,
    to_repair,
)
from mailpopbox.commands.desk import Desk
from mailpopbox.config import Config
from mailpopbox.gate import refusal_for, signed
from mailpopbox.ledger.admin import Admin
from mailpopbox.ledger.entries import Entry, entry
from mailpopbox.ledger.store import Store
from mailpopbox.tag import is_local_part

_LONGEST_NAME = 200


def _name_arguments(parser: argparse.ArgumentParser) -> None:
    add_alias(parser)
    parser.add_argument("name", metavar="NAME", help='such as "Jane Doe"; "" takes it away')


def _name(arguments: argparse.Namespace) -> int:
    desk = Desk.of(arguments)
    alias = alias_named(arguments.alias, desk.config)
    name = " ".join(word for word in arguments.name.split(" ") if word)
    if problem := wrong_name(name, alias.login, desk.config):
        raise to_repair(f"{problem} Write a name like “Jane Doe”.")

    def change(admin: Admin, before: Entry) -> str:
        if before.display_name == name:
            return ""
        admin.name(alias.login, alias.spelled, name)
        return f"{alias.spelled} writes as {name}." if name else nameless

    nameless = f"{alias.spelled} has no name."
    named = f"{alias.spelled} has that name already." if name else nameless
    return changed(desk, alias, change, lambda _: named)


def wrong_name(name: str, login: str, config: Config) -> str:
    """Say what forbids a name before an alias, as rule 5 does with that of a tag."""
    if len(name) > _LONGEST_NAME:
        return f"The name has more than {_LONGEST_NAME} characters."
    if any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in name):
        return "The name holds a line break or the like."
    owned = (config.owner_of(each) == login for each in addresses_in(name))
    if Finder([login]).found_in(name) or any(owned):
        return "The name holds an address of yours, which everybody would see."
    return ""


def _new_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "word", metavar="WORD", help="what it begins with, or that and a domain: shop@example.com"
    )
    add_login(parser, ", where there are several")
    add_common(parser)


def _new(arguments: argparse.Namespace) -> int:
    desk = Desk.of(arguments)
    word = alias_named(arguments.word, desk.config, arguments.login)
    with desk.to_change() as database:
        address = _made(word, Admin(database, desk.now))
        is_refused = refusal_for(address, "", desk.config, Store(database), desk.now)
    if is_refused:
        raise refused(
            f"{address} would take no mail: it is blocked or expired, or {word.login} is frozen."
        )
    is_signed = word.mailbox.aliases == "signed"
    if desk.wants_json:
        desk.screen.json({"address": address, "login": word.login, "signed": is_signed})
        return DONE
    # The address alone, so that a script can take it as it is.
    desk.screen.line(address)
    if not is_signed:
        desk.screen.note(f"Any address works in {word.login}; nothing had to be made for this one.")
    return DONE


def _made(word: Alias, admin: Admin) -> str:
    local, _, domain = word.address.rpartition("@")
    address = word.address
    if word.mailbox.aliases == "signed":
        address = signed(local, domain, admin.signing_key(word.login))
    if not is_local_part(address.rpartition("@")[0]):
        raise to_repair(f"{local!r} cannot begin an address. Take a short word of plain letters.")
    return address


def _forget_arguments(parser: argparse.ArgumentParser) -> None:
    add_alias(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _forget(arguments: argparse.Namespace) -> int:
    desk = Desk.of(arguments)
    alias = alias_named(arguments.alias, desk.config)
    with desk.to_change() as database:
        known = entry(database, alias.login, alias.address)
    if known is None:
        raise refused(f"Nothing is known of {alias.spelled}.")
    if not arguments.yes and not _confirmed(known, desk):
        desk.screen.note("Nothing was changed.")
        return NO

    def change(admin: Admin, _before: Entry) -> str:
        admin.forget(alias.login, alias.spelled)
        return (
            f"{alias.spelled} is forgotten, but not which messages came in for it: answers to them"
            " still leave as that alias."
        )

    return changed(desk, alias, change, lambda _: "")


def _confirmed(known: Entry, desk: Desk) -> bool:
    if not sys.stdin.isatty():
        raise to_repair("There is no terminal to ask on; add --yes.")
    desk.screen.note(
        f"This clears the dates, counts, sender domains, name and block of {known.spelled}"
        f" ({known.received} in, {known.sent} out)."
    )
    desk.screen.err.write("Forget it? [y/N] ")
    desk.screen.err.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


COMMANDS = (
    Command(
        "name", "keep the name that stands before an alias when it writes", _name_arguments, _name
    ),
    Command(
        "new",
        "print an address to give away; where aliases are signed, one that a stranger cannot guess",
        _new_arguments,
        _new,
    ),
    Command("forget", "clear the history of an alias", _forget_arguments, _forget),
)
