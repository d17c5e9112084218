"""The `mailpopbox` command. A new subcommand is one more entry in `COMMANDS`.

Exit codes: 0 done; 1 trouble while running; 2 something for the caller to repair, namely the
command line or the configuration. systemd shows 2 as INVALIDARGUMENT.
"""

import argparse
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailpopbox import __version__
from mailpopbox.config import ConfigError, load
from mailpopbox.systemd import log_to_stderr

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: what it is called, what it takes, what it does."""

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def _milter_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        default=Path("/etc/mailpopbox/milter.yml"),
        metavar="FILE",
        help="the configuration (default: %(default)s)",
    )


def _milter(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    log_to_stderr(config.log_level)
    # Here, because only mail servers have libmilter, and the other commands do without.
    from mailpopbox.serve import serve  # noqa: PLC0415

    serve(config)
    return 0


def _check_config_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, metavar="FILE", help="the configuration to check")


def _check_config(arguments: argparse.Namespace) -> int:
    load(arguments.config)
    print(f"{arguments.config}: fine")  # noqa: T201 (what was asked for)
    return 0


COMMANDS = (
    Command(
        "milter",
        "serve Postfix (systemd runs this; it needs Debian's python3-milter)",
        _milter_arguments,
        _milter,
    ),
    Command(
        "check-config",
        "check a configuration and say all that is wrong with it; exit 0 if nothing, else 2",
        _check_config_arguments,
        _check_config,
    ),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    arguments = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    log_to_stderr("info")
    try:
        return run(arguments)
    except ConfigError as error:
        return _failed(2, *error.problems)
    # ImportError: a package of the host is missing, such as python3-milter.
    except (OSError, ImportError) as error:
        return _failed(1, str(error))


def _failed(code: int, *reasons: str) -> int:
    for reason in reasons:
        log.error(reason)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mailpopbox",
        description="A private catch-all mail server: its milter, and what one does with it.",
        epilog="Exit codes: 0 done, 1 trouble while running, 2 command line or configuration "
        'to be repaired. "mailpopbox COMMAND --help" tells more about a command.',
    )
    parser.add_argument("--version", action="version", version=f"mailpopbox {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        subparser = subparsers.add_parser(
            command.name, help=command.help, description=command.help.capitalize() + "."
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser
