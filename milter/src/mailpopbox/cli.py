"""The `mailpopbox` command. A new subcommand is one more entry in a module of `commands`, and here.

Exit codes: 0 done; 1 trouble while running, or the answer is no; 2 something for the caller to
repair, namely the command line or the configuration; 3 nobody answers, so there is no answer yet.
systemd shows 2 as INVALIDARGUMENT.
"""

import argparse
import difflib
import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module

from mailpopbox import __version__
from mailpopbox.commands.command import NO, REPAIR, Command, CommandError
from mailpopbox.config import ConfigError
from mailpopbox.ledger import LedgerError
from mailpopbox.systemd import log_to_stderr

log = logging.getLogger(__name__)

# The module of `commands` that has each: a run imports its own alone, for all take much longer.
MODULES = {
    "addresses": "listing",
    "show": "listing",
    "block": "shutting",
    "unblock": "shutting",
    "expire": "shutting",
    "freeze": "shutting",
    "unfreeze": "shutting",
    "name": "naming",
    "new": "naming",
    "forget": "naming",
    "export": "carrying",
    "import": "carrying",
    "dkim": "dkim",
    "status": "status",
    "tail": "tail",
    "dns": "dns",
    "doctor": "doctor",
    "tidy": "tidying",
    "certificate": "certifying",
    "milter": "serving",
    "rewrite": "serving",
    "check-config": "serving",
    "tls-policies": "serving",
    "tls-reports": "reporting",
    "tls-sessions": "noting",
    "journal": "tail",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    if problem := _no_command(words):
        _parser(()).error(problem)
    first = words[0] if words else ""
    arguments = _parser([first] if first in MODULES else MODULES).parse_args(words)
    run: Callable[[argparse.Namespace], int] = arguments.run
    log_to_stderr("info")
    try:
        return _run(run, arguments)
    except ConfigError as error:
        return _failed(REPAIR, *error.problems)
    except CommandError as error:
        return _failed(error.code, str(error))
    # ImportError: a package of the host is missing, such as python3-milter.
    except (OSError, ImportError, LedgerError) as error:
        return _failed(NO, _reason(error))


def _no_command(words: Sequence[str]) -> str:
    """Say what is wrong with the name of the command; argparse would list all of them."""
    given = next((word for word in words if not word.startswith("-")), "")
    if given in MODULES or (words and not given):
        return ""
    similar = difflib.get_close_matches(given, MODULES, 1)
    meant = f" Did you mean {similar[0]}?" if similar else ""
    wrong = f"There is no command {given!r}.{meant}" if given else "A command is missing."
    return f'{wrong} "mailpopbox --help" lists them all.'


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _run(run: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    """Run a command; whoever reads what it prints may have seen enough."""
    try:
        code = run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO
    return code


def _failed(code: int, *reasons: str) -> int:
    for reason in reasons:
        log.error(reason)
    return code


def _parser(names: Iterable[str]) -> argparse.ArgumentParser:
    """Make the parser of these commands."""
    made = argparse.ArgumentParser(
        prog="mailpopbox",
        description="A private catch-all mail server: its aliases, its milter, its health.",
        epilog="Exit codes: 0 done, 1 trouble while running or the answer is no, 2 command line or"
        ' configuration to be repaired, 3 nobody answers. "mailpopbox COMMAND --help" tells more'
        ' about a command, "man mailpopbox" about all of them.',
    )
    made.add_argument("--version", action="version", version=f"mailpopbox {__version__}")
    subparsers = made.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in map(command_of, names):
        # Not capitalize(), which would write JSON small.
        description = f"{command.help[0].upper()}{command.help[1:]}."
        subparser = subparsers.add_parser(command.name, help=command.help, description=description)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return made


def command_of(name: str) -> Command:
    commands: Sequence[Command] = import_module(f"mailpopbox.commands.{MODULES[name]}").COMMANDS
    return next(command for command in commands if command.name == name)
