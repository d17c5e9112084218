"""A ledger in a file, kept by SQLite."""

import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from mailpopbox.ledger.engine import Row

# Longer than any command of ours holds the file, shorter than Postfix waits for a milter.
_PATIENCE_IN_SECONDS = 5


class SQLiteConnection:
    """A connection to the file."""

    def __init__(self, path: Path) -> None:
        _make(path)
        self._path = path
        self._file = _file_at(path)
        self._connection = sqlite3.connect(
            path,
            timeout=_PATIENCE_IN_SECONDS,
            isolation_level=None,
            # A lock of ours sees to it that one thread at a time uses it.
            check_same_thread=False,
        )
        with ExitStack() as on_failure:
            on_failure.callback(self.close)
            self.run("PRAGMA journal_mode = WAL")
            # In WAL mode only this outlives a power cut.
            self.run("PRAGMA synchronous = FULL")
            self.run("PRAGMA foreign_keys = ON")
            on_failure.pop_all()

    def run(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        return self._connection.execute(sql, values).fetchall()

    @property
    def usable(self) -> bool:
        """Tell whether the file is still there: what goes into a deleted one is lost."""
        try:
            return _file_at(self._path) == self._file
        except OSError:
            return False

    def close(self) -> None:
        self._connection.close()


def _make(path: Path) -> None:
    """Make the file if there is none.

    The milter and the members of its group write to it, whoever of them comes first and whatever
    the umask; SQLite gives the files beside it the same rights. It is in WAL mode when it appears,
    since SQLite does not wait for others who just switch to that.
    """
    if path.exists():
        return
    with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as folder:
        new = Path(folder, path.name)
        new.touch()
        new.chmod(0o660)
        with closing(sqlite3.connect(new)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        # Whoever was quicker has made the same.
        with suppress(FileExistsError):
            path.hardlink_to(new)


def _file_at(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


class SQLite:
    """The engine for `mailpopbox_ledger: /a/path`."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error, OSError)
    hopeless: tuple[type[Exception], ...] = (sqlite3.OperationalError, OSError)
    # One writes at a time, and the others wait.
    collisions: tuple[type[Exception], ...] = ()
    begin = "BEGIN IMMEDIATE"
    has_schema = "SELECT 1 FROM sqlite_master WHERE name = 'version'"
    words: Mapping[str, str] = {
        "id": "INTEGER PRIMARY KEY",
        "octets": "BLOB",
        # The key is the whole row, nearly.
        "slim": "WITHOUT ROWID",
    }

    def __init__(self, path: Path) -> None:
        self._path = path
        self.shown = str(path)

    def connect(self) -> SQLiteConnection:
        return SQLiteConnection(self._path)

    def reason(self, error: Exception) -> str:
        return error.strerror or str(error) if isinstance(error, OSError) else str(error)
