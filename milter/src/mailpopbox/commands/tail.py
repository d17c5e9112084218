"""`tail`: what is happening, live."""

import argparse
import subprocess
from collections.abc import Iterable

from mailpopbox.commands.command import DONE, Command, add_common, refused
from mailpopbox.commands.desk import Desk
from mailpopbox.commands.journal import Event, Reader
from mailpopbox.commands.screen import DIM, GREEN, RED, YELLOW, Screen, printable
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
    with subprocess.Popen(words(arguments.since), stdout=subprocess.PIPE) as journal:
        try:
            follow((line.decode(errors="replace") for line in journal.stdout or ()), desk)
        # That is how one leaves it.
        except KeyboardInterrupt:
            journal.terminate()
            return DONE
        # Else it would go on for ever, and be waited for.
        except BaseException:
            journal.terminate()
            raise
    raise refused("journalctl has ended; run this as root, or as a member of the group adm.")


def words(since: str | None) -> list[str]:
    """Return the command that prints the journal."""
    units = [f"--unit={unit}" for unit in _UNITS]
    return [*_FOLLOW, *units, "--lines=0" if since is None else f"--since={since}"]


def follow(journal: Iterable[str], desk: Desk) -> None:
    """Print what the lines of the journal tell."""
    reader = Reader()
    for line in journal:
        for event in reader.events(line):
            if desk.wants_json:
                desk.screen.json(as_json(event))
            else:
                _print(event, desk.screen)
            desk.screen.out.flush()


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


COMMANDS = (
    Command(
        "tail",
        "show what is happening: mail in and out, refusals, logins; no contents",
        _tail_arguments,
        _tail,
    ),
)
