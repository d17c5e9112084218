"""`tail`: what is happening, live.

Only root and the group `adm` may read the journal, and they all of it. So whoever of the group
`mailpopbox` connects to a socket gets a `journal` of systemd: the mail server's units alone.
"""

import argparse
import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from mailpopbox.commands.command import DONE, Command, add_common, refused
from mailpopbox.commands.desk import Desk
from mailpopbox.commands.events import Event, Reader
from mailpopbox.commands.screen import DIM, GREEN, RED, YELLOW, Screen, printable
from mailpopbox.ledger.opening import no_right
from mailpopbox.times import clock_of_day
from mailpopbox.utc import iso

_STYLES = {
    "in": GREEN,
    "out": GREEN,
    "refused": RED,
    "stopped": RED,
    "returned": RED,
    "trouble": RED,
    "waits": YELLOW,
    "login": DIM,
    "fetched": DIM,
}
_SOCKET = Path("/run/mailpopbox-journal.sock")
_FOLLOW = ("journalctl", "--follow", "--output=json", "--all")
_UNITS = ("postfix*", "dovecot", "mailpopbox-milter")


def _tail_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--since",
        metavar="TIME",
        help='what happened before, too, as journalctl understands it: "1 hour ago", today'
        " (default: from now on)",
    )
    add_common(parser)


def _tail(arguments: argparse.Namespace) -> int:
    desk = Desk.of(arguments)
    try:
        with socket.socket(socket.AF_UNIX) as journal:
            _connect(journal)
            journal.sendall(f"{arguments.since or ''}\n".encode())
            said = follow(journal.makefile(errors="replace"), desk)
    # That is how one leaves it.
    except KeyboardInterrupt:
        return DONE
    raise refused(said or "The journal has ended.")


def _connect(journal: socket.socket) -> None:
    try:
        journal.connect(str(_SOCKET))
    except PermissionError:
        raise no_right(_SOCKET) from None
    except OSError as error:
        advice = 'nobody listens; "systemctl restart mailpopbox-journal.socket" helps'
        raise refused(f"{_SOCKET}: {advice} ({error.strerror}).") from None


def follow(journal: Iterable[str], desk: Desk) -> str:
    """Print what the lines of the journal tell; return what journalctl said at last, if it did."""
    reader = Reader()
    said = ""
    for line in journal:
        said = "" if line.startswith("{") else line.strip()
        for event in reader.events(line):
            if desk.wants_json:
                desk.screen.json(as_json(event))
            else:
                _print(event, desk.screen)
            desk.screen.out.flush()
    return said


def as_json(event: Event) -> dict[str, str | None]:
    return {
        "time": iso(event.at),
        "event": event.kind,
        "address": event.address,
        "domain": event.domain,
        "text": event.text,
    }


def _print(event: Event, screen: Screen) -> None:
    text = shown(event)
    time = clock_of_day(event.at)
    kind = screen.styled(f"{event.kind:<8}", _STYLES[event.kind])
    room = None if screen.width is None else screen.width - len(time) - 12
    cut = text if room is None or len(text) <= room else f"{text[: room - 1]}…"
    screen.out.write(f"{time}  {kind}  {printable(cut)}\n")


def shown(event: Event) -> str:
    """Write an event for people."""
    word = "from" if event.kind in {"in", "refused"} else "to"
    parts = (event.address, f"{word} {event.domain}" if event.domain else "", event.text)
    return "  ".join(part for part in parts if part)


def _journal(_: argparse.Namespace) -> NoReturn:
    since = sys.stdin.readline().strip()
    os.execvp(_FOLLOW[0], words(since))  # noqa: S606 (systemd wants its end to be ours)


def words(since: str) -> list[str]:
    """Return the command that prints the journal."""
    units = [f"--unit={unit}" for unit in _UNITS]
    return [*_FOLLOW, *units, f"--since={since}" if since else "--lines=0"]


COMMANDS = (
    Command(
        "tail",
        "show what is happening: mail in and out, refusals, logins; no contents",
        _tail_arguments,
        _tail,
    ),
    Command(
        "journal",
        "print what the units of the mail server log (systemd runs this)",
        lambda _: None,
        _journal,
    ),
)
