"""`status`: whether the server is well."""

import argparse
from pathlib import Path

from mailpopbox.commands import report
from mailpopbox.commands.command import DONE, NO, Command, add_common
from mailpopbox.commands.desk import Desk
from mailpopbox.commands.screen import GREEN, RED, YELLOW
from mailpopbox.doctor.services import SERVICES, wanted
from mailpopbox.doctor.settings import DOCTOR, Settings, load
from mailpopbox.examining import gathering

MAIL = Path("/var/vmail")
# What is meant to run; the playbook writes it in the end.
SETTINGS = Path(DOCTOR)


def _status(arguments: argparse.Namespace) -> int:
    desk = Desk.of(arguments)
    found = _gathered(desk)
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


def _gathered(desk: Desk) -> report.Report:
    """Ask everything."""
    settings = load(SETTINGS) if SETTINGS.exists() else Settings()
    units = wanted(SERVICES, settings)
    desk.say_if_no_ledger()
    return report.Report(
        services={name: gathering.service(each) for name, each in units.items()},
        queue=gathering.queue(),
        mailboxes={
            each.login: gathering.size_of(MAIL / each.login / "Maildir")
            for each in desk.config.mailboxes
        },
        certificate=gathering.certificate(),
        renewal=gathering.remembered_renewal() if gathering.ACME_SETTINGS.exists() else None,
        ledger=gathering.ledger_state(desk.config.ledger),
    )


COMMANDS = (
    Command(
        "status",
        "show how services, queue, mailboxes, certificate and ledger are; exit 1 if something is"
        " wrong",
        add_common,
        _status,
    ),
)
