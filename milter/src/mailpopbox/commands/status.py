"""`status`: whether the server is well."""

import argparse

from mailpopbox.commands import report
from mailpopbox.commands.command import DONE, NO, Command, add_common
from mailpopbox.commands.desk import Desk
from mailpopbox.commands.gathering import gathered
from mailpopbox.commands.screen import GREEN, RED, YELLOW


def _status(arguments: argparse.Namespace) -> int:
    desk = Desk.of(arguments)
    found = gathered(desk)
    wrong = list(report.problems(found, desk.now))
    if desk.wants_json:
        desk.screen.json(report.as_json(found, desk.now))
    else:
        desk.screen.pairs(report.rows(found, desk.now))
        desk.screen.line()
        for problem in wrong:
            desk.screen.line(f"Wrong: {problem}", RED)
        if not wrong and report.is_complete(found):
            desk.screen.line("All is well.", GREEN)
        elif not wrong:
            desk.screen.line("Nothing is wrong, as far as can be seen from here.", YELLOW)
    return NO if wrong else DONE


COMMANDS = (
    Command(
        "status",
        "show how services, queue, mailboxes, certificate and ledger are; exit 1 if something is"
        " wrong",
        add_common,
        _status,
    ),
)
