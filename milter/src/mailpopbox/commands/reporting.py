"""`tls-reports`: telling other domains what became of TLS when mail went there, for a timer."""

import argparse
import os
import time

from mailpopbox.commands.command import DONE, Command, add_config, refused
from mailpopbox.commands.screen import Screen
from mailpopbox.commands.sessions import add_sessions
from mailpopbox.dns.facts import load
from mailpopbox.doctor.settings import DNS
from mailpopbox.reports.days import Days
from mailpopbox.reports.report import Report, reports_on
from mailpopbox.reports.sending import send
from mailpopbox.times import DAY


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--print",
        action="store_true",
        help="print as JSON what would be sent, of today as well, and send nothing",
    )
    add_sessions(parser)
    add_config(parser, DNS)


def _reports(arguments: argparse.Namespace) -> int:
    days, hostname = Days(arguments.sessions), load(arguments.config).hostname
    if days.folder.exists() and not os.access(days.folder, os.R_OK | os.W_OK | os.X_OK):
        raise refused(f"{days.folder}: no right to it; run this as root.")
    if arguments.print:
        found = [
            each for day in days.noted() for each in reports_on(days.sessions(day), day, hostname)
        ]
        Screen.of_process().json([_plain(each) for each in found])
    elif days.folder.exists():
        with days.alone():
            send(days, hostname, int(time.time()) // DAY)
    return DONE


def _plain(report: Report) -> dict[str, object]:
    return {"to": list(report.places), "report": report.plain()}


COMMANDS = (
    Command(
        "tls-reports",
        "send the domains that ask for it what became of TLS when mail went there, of days that are"
        " over (a timer runs this)",
        _arguments,
        _reports,
    ),
)
