"""`export` and `import`: the ledger as lines of JSON."""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mailpopbox.commands.command import DONE, Command, add_common, to_repair
from mailpopbox.commands.desk import Desk
from mailpopbox.ledger import lines
from mailpopbox.ledger.entries import totals
from mailpopbox.ledger.transfer import exported, import_all

# So that the milter gets in between two transactions.
_REST_IN_SECONDS = 0.01
_LONGEST_LINE = 16 * 1024 * 1024


def _export(arguments: argparse.Namespace) -> int:
    desk = Desk.of(arguments)
    with desk.to_read() as ledger:
        desk.screen.out.write(lines.FIRST + "\n")
        for line in exported(ledger):
            desk.screen.out.write(lines.written(line) + "\n")
    return DONE


def _import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, nargs="?", metavar="FILE", help="what was exported (- or none: stdin)"
    )
    add_common(parser)


def _import(arguments: argparse.Namespace) -> int:
    desk = Desk.of(arguments)
    with _opened(arguments.file) as stream:
        # Twice: a line that is wrong must be found before anything is changed.
        expected = sum(1 for _ in _read(stream))
        stream.seek(0)
        with desk.to_change() as database:
            before = totals(database)
            done = import_all(database, _read(stream), _Rest(desk, expected))
            after = totals(database)
    addresses, messages = after.addresses - before.addresses, after.messages - before.messages
    if desk.wants_json:
        desk.screen.json({"lines": done, "new_addresses": addresses, "new_messages": messages})
    else:
        desk.screen.line(
            f"{done} lines were taken into the ledger."
            f" New in it: {addresses} used addresses, {messages} messages."
        )
    return DONE


@contextmanager
def _opened(path: Path | None) -> Iterator[BinaryIO]:
    """Open what can be read twice."""
    if path is not None and path != Path("-"):
        with path.open("rb") as stream:
            yield stream
        return
    with tempfile.TemporaryFile() as stream:
        shutil.copyfileobj(sys.stdin.buffer, stream)
        stream.seek(0)
        yield stream


def _read(stream: BinaryIO) -> Iterator[lines.Line]:
    number = 0
    try:
        while text := stream.readline(_LONGEST_LINE):
            number += 1
            if number == 1:
                lines.check_first(text.decode())
            else:
                yield lines.read(text.decode())
    # UnicodeDecodeError is one of them.
    except ValueError as error:
        raise to_repair(f"line {number}: {error}. Nothing was changed.") from error
    if number == 0:
        raise to_repair("This is empty: an export has one line at least.")


class _Rest:
    """Waits a moment between transactions, and shows how far it is."""

    def __init__(self, desk: Desk, expected: int) -> None:
        self._err = desk.screen.err
        self._expected = expected

    def __call__(self, done: int) -> None:
        time.sleep(_REST_IN_SECONDS)
        if self._err.isatty():
            end = "\n" if done == self._expected else ""
            self._err.write(f"\r{done} of {self._expected}{end}")
            self._err.flush()


COMMANDS = (
    Command(
        "export",
        "print the whole ledger as lines of JSON, keys of signed addresses included",
        add_common,
        _export,
    ),
    Command(
        "import",
        "take what was exported into the ledger; what is there already is joined",
        _import_arguments,
        _import,
    ),
)
