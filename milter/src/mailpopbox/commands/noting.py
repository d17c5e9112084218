"""`tls-sessions`: noting what Postfix tells. It runs while mail leaves, so it imports little."""

import argparse

from mailpopbox.commands.command import DONE, Command, refused
from mailpopbox.commands.sessions import add_sessions
from mailpopbox.reports.collecting import collect
from mailpopbox.reports.days import Days
from mailpopbox.systemd import passed_socket

# It takes some memory, which a small host has a better use for.
_IDLE_SECONDS = 60


def _sessions(arguments: argparse.Namespace) -> int:
    listening = passed_socket()
    if listening is None:
        raise refused("systemd runs this, with a socket: mailpopbox-tls-sessions.socket.")
    with listening:
        collect(listening, Days(arguments.sessions), _IDLE_SECONDS)
    return DONE


COMMANDS = (
    Command(
        "tls-sessions",
        "note what Postfix tells of TLS sessions, until it has told nothing for a minute (systemd"
        " runs this)",
        add_sessions,
        _sessions,
    ),
)
