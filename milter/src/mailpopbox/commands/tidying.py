"""`tidy`: what the ledger does every night, by a timer."""

import argparse

from mailpopbox.commands.command import DONE, Command, add_common
from mailpopbox.commands.desk import Desk
from mailpopbox.counting import counted
from mailpopbox.ledger.admin import sweep
from mailpopbox.ledger.opening import is_there
from mailpopbox.ledger.tidy import tidy


def _tidy(arguments: argparse.Namespace) -> int:
    desk = Desk.of(arguments)
    forgotten = 0
    if is_there(desk.config.ledger):
        with desk.to_change() as database:
            forgotten = tidy(database, desk.config.ledger_days, desk.now)
            sweep(database)
    if desk.wants_json:
        desk.screen.json({"forgotten": forgotten})
    else:
        days = desk.config.ledger_days
        desk.screen.line(
            f"{counted(forgotten, 'Message-ID')} from more than {days} days ago forgotten."
        )
    return DONE


COMMANDS = (
    Command(
        "tidy",
        "forget which messages came in for which alias once that is older than the configuration"
        " says (a timer runs this)",
        add_common,
        _tidy,
    ),
)
