"""`block`, `unblock`, `expire`, `freeze`, `unfreeze`: for which aliases mail is let in."""

import argparse
from collections.abc import Sequence

from mailpopbox.addresses import ascii_domain
from mailpopbox.commands.alias import Alias, alias_named, mailbox_named
from mailpopbox.commands.change import changed
from mailpopbox.commands.command import (
    DONE,
    Command,
    add_alias,
    add_common,
    add_login,
    refused,
    to_repair,
)
from mailpopbox.commands.desk import Desk
from mailpopbox.config import ALWAYS_OPEN
from mailpopbox.counting import listed
from mailpopbox.gate import pattern_that_blocks, refusal_for
from mailpopbox.ledger.admin import Admin
from mailpopbox.ledger.entries import Entry, frozen_mailboxes
from mailpopbox.ledger.store import Store
from mailpopbox.times import age, clock
from mailpopbox.utc import iso


def _block_arguments(parser: argparse.ArgumentParser) -> None:
    add_alias(parser)
    _add_reason(parser)
    parser.add_argument(
        "--except",
        action="append",
        default=[],
        dest="exceptions",
        type=sender,
        metavar="SENDER",
        help="who gets through all the same: an address, or @shop.example for it and all below it;"
        " may be given several times",
    )


def _add_reason(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, for yourself")


def sender(text: str) -> str:
    """Read who gets through (a type for argparse)."""
    local, at, domain = text.rpartition("@")
    is_odd = not local.isprintable() or set(local) & set(" *?")
    if not at or "." not in domain or not ascii_domain(domain) or is_odd:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no sender; write an address, or @shop.example for a whole domain"
        )
    return f"{local}@{ascii_domain(domain)}".lower()


def _block(arguments: argparse.Namespace) -> int:
    desk, alias = _desk_and_alias(arguments)
    reason = _one_line(arguments.reason)
    _may_be_shut(alias)
    pattern = pattern_that_blocks(alias.address, alias.mailbox)
    if arguments.exceptions:
        _may_be_opened(alias)

    def change(admin: Admin, before: Entry) -> str:
        new = [each for each in arguments.exceptions if each not in before.exceptions]
        same_reason = reason in {"", before.reason}
        if before.blocked_at is not None and same_reason and not new:
            return ""
        admin.block(alias.login, alias.spelled, reason, new)
        text = f"{alias.spelled} is blocked" + _but_for([*before.exceptions, *new], pattern)
        if alias.address == alias.login:
            text += " It is the login: signing in and sending still work."
        return text

    def unchanged(before: Entry) -> str:
        text = f"{alias.spelled} is blocked already" + _but_for(before.exceptions, pattern)
        if before.exceptions and not arguments.exceptions and not pattern:
            text += f" To let nobody through: mailpopbox unblock {alias.spelled}, then block it."
        return text

    return changed(desk, alias, change, unchanged)


def _but_for(exceptions: Sequence[str], pattern: str) -> str:
    if pattern:
        return f"; the configuration blocks it, too (blocked: {pattern})."
    return f", but for {listed(exceptions)}." if exceptions else "."


def _unblock(arguments: argparse.Namespace) -> int:
    desk, alias = _desk_and_alias(arguments)
    _may_be_opened(alias)

    def change(admin: Admin, before: Entry) -> str:
        is_over = before.expires_at is not None and before.expires_at <= desk.now
        if before.blocked_at is None and not is_over and not before.exceptions:
            return ""
        admin.unblock(alias.login, alias.spelled)
        if refusal_for(alias.address, "", desk.config, Store(admin.database), desk.now):
            return (
                f"{alias.spelled} is not blocked any more, but takes no mail all the same: it was"
                f" never used, and {alias.login} takes no such address now."
            )
        if before.expires_at is not None and not is_over:
            return f"{alias.spelled} takes mail again, until {clock(before.expires_at)}."
        return f"{alias.spelled} takes mail again."

    return changed(desk, alias, change, lambda _: f"{alias.spelled} is not blocked.")


def _expire_arguments(parser: argparse.ArgumentParser) -> None:
    add_alias(parser)
    _add_reason(parser)
    when = parser.add_mutually_exclusive_group(required=True)
    when.add_argument(
        "--in", type=age, dest="after", metavar="AGE", help="so long from now, such as 30min or 7d"
    )
    when.add_argument("--never", action="store_true", help="keep it for good")


def _expire(arguments: argparse.Namespace) -> int:
    desk, alias = _desk_and_alias(arguments)
    reason = _one_line(arguments.reason)
    expires_at = None if arguments.never else desk.now + arguments.after
    if expires_at is None and reason:
        raise to_repair("--reason tells why an alias expires; with --never, leave it out.")
    if expires_at is not None:
        _may_be_shut(alias)
        _may_be_opened(alias)

    def change(admin: Admin, before: Entry) -> str:
        if before.expires_at is None and expires_at is None:
            return ""
        admin.expire(alias.login, alias.spelled, expires_at, reason)
        if expires_at is None:
            return f"{alias.spelled} does not expire any more."
        if before.blocked_at is not None:
            return f"{alias.spelled} expires on {clock(expires_at)}; it is blocked already."
        return f"{alias.spelled} takes mail until {clock(expires_at)}."

    return changed(desk, alias, change, lambda _: f"{alias.spelled} does not expire.")


def _desk_and_alias(arguments: argparse.Namespace) -> tuple[Desk, Alias]:
    desk = Desk.of(arguments)
    return desk, alias_named(arguments.alias, desk.config)


def _may_be_shut(alias: Alias) -> None:
    if alias.address.rpartition("@")[0] in ALWAYS_OPEN:
        raise to_repair(f"{alias.spelled} always takes mail (RFC 2142); it cannot be shut.")


def _may_be_opened(alias: Alias) -> None:
    """Promise nobody, and for no time, what the configuration keeps out."""
    if pattern := pattern_that_blocks(alias.address, alias.mailbox):
        raise refused(
            f"{alias.spelled} is blocked by the configuration (blocked: {pattern});"
            " take that out there, and run the playbook."
        )


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise to_repair("The reason holds a line break or the like; write it on one line.")
    return text


def _mailbox_arguments(parser: argparse.ArgumentParser) -> None:
    add_login(parser, ", where there are several")
    add_common(parser)


def _freeze(arguments: argparse.Namespace) -> int:
    return _freezing(arguments, is_to_be=True)


def _unfreeze(arguments: argparse.Namespace) -> int:
    return _freezing(arguments, is_to_be=False)


def _freezing(arguments: argparse.Namespace, *, is_to_be: bool) -> int:
    desk = Desk.of(arguments)
    login = mailbox_named(arguments.login, desk.config).login
    with desk.to_change() as database:
        is_new = (login in frozen_mailboxes(database)) != is_to_be
        if is_new:
            admin = Admin(database, desk.now)
            (admin.freeze if is_to_be else admin.unfreeze)(login)
        since = frozen_mailboxes(database).get(login)
    if desk.wants_json:
        desk.screen.json({"changed": is_new, "login": login, "frozen": iso(since)})
    elif is_to_be:
        desk.screen.line(
            f"{login} is frozen{'' if is_new else ' already'}: no mail for addresses that were not"
            " used before."
        )
    else:
        desk.screen.line(
            f"{login} takes new addresses again." if is_new else f"{login} is not frozen."
        )
    return DONE


COMMANDS = (
    Command(
        "block",
        "let no mail in for an alias: who writes to it is told that there is no such address",
        _block_arguments,
        _block,
    ),
    Command("unblock", "let mail in for an alias again", add_alias, _unblock),
    Command("expire", "let mail in for an alias for a while", _expire_arguments, _expire),
    Command(
        "freeze",
        "let mail in only for addresses of a mailbox that were used before",
        _mailbox_arguments,
        _freeze,
    ),
    Command("unfreeze", "let mail in for new addresses again", _mailbox_arguments, _unfreeze),
)
