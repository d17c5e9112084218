"""What most commands work with: the configuration, the ledger, the screen, the time."""

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mailpopbox.commands.command import CommandError, refused
from mailpopbox.commands.screen import Screen
from mailpopbox.config import Config, load
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.entries import NothingThere, Readable
from mailpopbox.ledger.store import engine_for


@dataclass(frozen=True, slots=True)
class Desk:
    """One run of a command."""

    config: Config
    screen: Screen
    now: int
    wants_json: bool

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> "Desk":
        # It may hold a password, so not everybody may read it.
        if os.access(arguments.config, os.F_OK) and not os.access(arguments.config, os.R_OK):
            raise _no_right(arguments.config)
        config = load(arguments.config)
        return cls(config, Screen.of_process(), int(time.time()), arguments.json)

    @contextmanager
    def to_read(self) -> Iterator[Readable]:
        """Give the ledger; one that is not there is not made, and nothing is known."""
        if not is_there(self.config.ledger):
            self.screen.note(f"{self.config.ledger} is not there: no mail has come or gone yet.")
            yield NothingThere()
            return
        with self.to_change() as database:
            yield database

    @contextmanager
    def to_change(self) -> Iterator[Database]:
        check_rights(self.config.ledger)
        with closing(Database(engine_for(self.config.ledger))) as database:
            yield database


def is_there(place: str) -> bool:
    """Tell whether a ledger has been begun; of one on another host, nothing else is known."""
    if not place.startswith("/"):
        return True
    try:
        return Path(place).exists()
    except PermissionError:
        return True


def check_rights(place: str) -> None:
    """Say at once what SQLite would say in its own words, and later."""
    if not place.startswith("/"):
        return
    path = Path(place)
    needed = path if os.access(path, os.F_OK) else path.parent
    if needed == path.parent and not path.parent.exists():
        raise refused(f"{path.parent}: there is no such folder; run the playbook.")
    if not os.access(needed, os.R_OK | os.W_OK):
        raise _no_right(path)


def _no_right(path: Path) -> CommandError:
    return refused(
        f"{path}: no right to it; run this as root, or as a member of the group mailpopbox."
    )
