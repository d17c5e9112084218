"""The `mailpopbox` command. A new subcommand is one more entry in `COMMANDS`.

Exit codes: 0 done; 1 trouble while running; 2 something for the caller to repair, namely the
command line or the configuration. systemd shows 2 as INVALIDARGUMENT.
"""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailpopbox import __version__
from mailpopbox.config import ConfigError, Watched, load
from mailpopbox.counters import Counters
from mailpopbox.oneshot import rewritten
from mailpopbox.systemd import log_to_stderr

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: what it is called, what it takes, what it does."""

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def _config_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        default=Path("/etc/mailpopbox/milter.yml"),
        metavar="FILE",
        help="the configuration (default: %(default)s)",
    )


def _milter_arguments(parser: argparse.ArgumentParser) -> None:
    _config_argument(parser)
    parser.add_argument(
        "--counters", type=Path, metavar="FILE", help="where to keep counters for monitoring"
    )


def _milter(arguments: argparse.Namespace) -> int:
    watched = Watched(arguments.config)
    log_to_stderr(watched.current().log_level)
    # Here, because only mail servers have libmilter, and the other commands do without.
    from mailpopbox.serve import serve  # noqa: PLC0415

    counters = Counters()
    if arguments.counters:
        counters.keep_in(arguments.counters)
    serve(watched, counters)
    return 0


def _rewrite_arguments(parser: argparse.ArgumentParser) -> None:
    _config_argument(parser)
    parser.add_argument("--login", required=True, metavar="LOGIN", help="who submits the message")
    parser.add_argument(
        "--sender", metavar="ADDRESS", help="the envelope's sender (default: the login)"
    )
    parser.add_argument(
        "--explain", action="store_true", help="say on stderr, rule by rule, what was decided"
    )
    parser.add_argument(
        "message", type=Path, nargs="?", metavar="FILE", help="the message (default: stdin)"
    )


def _rewrite(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    raw = arguments.message.read_bytes() if arguments.message else sys.stdin.buffer.read()
    sender = arguments.login if arguments.sender is None else arguments.sender
    rewriting = rewritten(raw, arguments.login, sender, config)
    if arguments.explain:
        for step in rewriting.decision.steps:
            print(f"rule {step.rule:>2}  {step.text}", file=sys.stderr)  # noqa: T201 (asked for)
    if refusal := rewriting.decision.refusal:
        sys.stderr.write(f"{refusal.code} {refusal.enhanced} {refusal.text}\n")
        return 1
    sys.stdout.buffer.write(rewriting.message)
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
        "rewrite",
        "show what would leave of a submitted message; exit 1 if it would be refused",
        _rewrite_arguments,
        _rewrite,
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
