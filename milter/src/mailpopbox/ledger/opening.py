"""Opening a ledger from the command line: one that is not there is not made to be read."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from mailpopbox.ledger.database import Database
from mailpopbox.ledger.entries import NothingThere, Readable
from mailpopbox.ledger.store import engine_for


def is_there(place: str) -> bool:
    """Tell whether a ledger has been begun; of one on another host, nothing else is known."""
    if not place.startswith("/"):
        return True
    try:
        return Path(place).exists()
    except PermissionError:
        return True


@contextmanager
def to_read(place: str) -> Iterator[Readable]:
    """Give a ledger; of one that is not there, nothing is known."""
    if is_there(place):
        with to_change(place) as database:
            yield database
    else:
        yield NothingThere()


@contextmanager
def to_change(place: str) -> Iterator[Database]:
    check_rights(place)
    with closing(Database(engine_for(place))) as database:
        yield database


def check_rights(place: str) -> None:
    """Say at once what SQLite would say in its own words, and later."""
    if not place.startswith("/"):
        return
    path = Path(place)
    needed = path if os.access(path, os.F_OK) else path.parent
    if needed == path.parent and not path.parent.exists():
        raise FileNotFoundError(f"{path.parent}: there is no such folder; run the playbook.")
    if not os.access(needed, os.R_OK | os.W_OK):
        raise no_right(path)


def no_right(path: Path) -> PermissionError:
    return PermissionError(
        f"{path}: no right to it; run this as root, or as a member of the group mailpopbox."
    )
