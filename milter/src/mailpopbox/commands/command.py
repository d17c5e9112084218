"""What every command is made of, and how it says that it did not do what was asked.

Exit codes: 0 done; 1 trouble while running, or the answer is no; 2 something for the caller to
repair, namely the command line or the configuration; 3 nobody answers, so there is no answer yet.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

DONE, NO, REPAIR, UNANSWERED = range(4)


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: what it is called, what it takes, what it does."""

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


class CommandError(Exception):
    """A command ends here; the text says why and what to do."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def refused(text: str) -> CommandError:
    """The answer is no."""
    return CommandError(NO, text)


def to_repair(text: str) -> CommandError:
    """The caller has to mend something first."""
    return CommandError(REPAIR, text)


def add_config(
    parser: argparse.ArgumentParser, default: str = "/etc/mailpopbox/milter.yml"
) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        default=Path(default),
        metavar="FILE",
        help="the configuration (default: %(default)s)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, with times in UTC")


def add_common(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_json(parser)


def add_alias(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "alias",
        metavar="ALIAS",
        help="an address; the part before the @ is enough where there is one mailbox",
    )
    add_common(parser)


def add_login(parser: argparse.ArgumentParser, needed: str) -> None:
    parser.add_argument("--login", metavar="LOGIN", help=f"the mailbox{needed}")
