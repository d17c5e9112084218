"""`tls-sessions`: noting how TLS fared. It may run while mail leaves, so it imports little."""

import argparse
import time
from pathlib import Path

from mailpopbox.commands.command import DONE, Command, refused, to_repair
from mailpopbox.commands.sessions import add_sessions
from mailpopbox.reports.collecting import collect
from mailpopbox.reports.days import Days
from mailpopbox.systemd import passed_socket

# It takes some memory, which a small host has a better use for.
_IDLE_SECONDS = 60


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--logged",
        action="store_true",
        help="note what Postfix has logged since the last time, for it tells nothing before 3.10",
    )
    parser.add_argument(
        "--policies",
        type=Path,
        metavar="SOCKET",
        help="where Postfix asks for the policies of domains (default: nowhere)",
    )
    parser.add_argument(
        "--resolver", metavar="ADDRESS", help="who checks DNSSEC for Postfix (default: nobody)"
    )
    add_sessions(parser)


def _sessions(arguments: argparse.Namespace) -> int:
    days = Days(arguments.sessions)
    if arguments.logged:
        _read_on(days, arguments)
        return DONE
    if arguments.policies or arguments.resolver:
        raise to_repair(
            "--policies and --resolver are for --logged; Postfix tells the rest itself."
        )
    listening = passed_socket()
    if listening is None:
        raise refused("systemd runs this, with a socket: mailpopbox-tls-sessions.socket.")
    with listening:
        collect(listening, days, _IDLE_SECONDS)
    return DONE


def _read_on(days: Days, arguments: argparse.Namespace) -> None:
    # Here, because the other way does without python3-dnspython.
    from mailpopbox.reports.published import Published  # noqa: PLC0415
    from mailpopbox.reports.reading import read_on  # noqa: PLC0415

    with days.alone():
        read_on(days, Published(arguments.policies, arguments.resolver), time.time())


COMMANDS = (
    Command(
        "tls-sessions",
        "note how TLS fared when mail left: what Postfix tells, until it has told nothing for a"
        " minute, or what it has logged (systemd runs this)",
        _arguments,
        _sessions,
    ),
)
