"""A ledger in a file: its rights, and all that can befall it."""

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from ledgers import LOGIN, NEWS, SHOP, came_in
from mailpopbox.ledger import LedgerError, sqlite
from mailpopbox.ledger.database import Database
from mailpopbox.ledger.sqlite import SQLite
from mailpopbox.ledger.store import Store
from trouble import full_disk, locked, without_rights


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def store(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(sqlite, "_PATIENCE_IN_SECONDS", 0.1)
    database = Database(SQLite(path))
    yield Store(database)
    database.close()


def fails(store: Store, reason: str) -> None:
    """Expect that nothing can be remembered, twice, and why."""
    for _ in range(2):
        with pytest.raises(LedgerError) as error:
            store.remember(came_in("<lost@a.example>", NEWS))
        assert str(error.value) == reason


def works(store: Store, *known: str) -> None:
    """Expect that all that was remembered still is, nothing that failed, and that it goes on."""
    for message_id in known:
        assert store.addresses_of(LOGIN, message_id) == {SHOP}
    assert store.addresses_of(LOGIN, "<lost@a.example>") == frozenset()
    store.remember(came_in("<new@a.example>", SHOP))
    assert store.addresses_of(LOGIN, "<new@a.example>") == {SHOP}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_group_may_write_whatever_the_umask(store: Store, path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        store.remember(came_in("<1@a.example>", SHOP))
    finally:
        os.umask(before)
    files = list(path.parent.iterdir())
    assert {file.name for file in files} == {f"{path.name}{end}" for end in ("", "-wal", "-shm")}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o660}


def test_rights_that_somebody_gave_stay(store: Store, path: Path) -> None:
    path.touch()
    path.chmod(0o600)
    store.remember(came_in("<1@a.example>", SHOP))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_is_as_safe_as_it_can_be(path: Path) -> None:
    connection = SQLite(path).connect()
    assert connection.run("PRAGMA journal_mode") == [("wal",)]
    assert connection.run("PRAGMA synchronous") == [(2,)]
    assert connection.run("PRAGMA foreign_keys") == [(1,)]
    connection.close()


def test_a_missing_folder(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "ledger.sqlite"
    store = Store(Database(SQLite(path)))
    fails(store, f"{path}: No such file or directory")
    path.parent.mkdir()
    works(store)
    store.database.close()


def test_a_folder_in_its_place(store: Store, path: Path) -> None:
    path.mkdir()
    fails(store, f"{path}: unable to open database file")
    path.rmdir()
    works(store)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can reach, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_folder_that_may_not_be_written(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    path = open_folder / "ledger.sqlite"
    store = Store(Database(SQLite(path)))
    with without_rights():
        fails(store, f"{path}: Permission denied")
    open_folder.chmod(0o755)
    works(store)
    store.database.close()


def test_a_file_that_may_not_be_written(open_folder: Path) -> None:
    path = open_folder / "ledger.sqlite"
    store = Store(Database(SQLite(path)))
    store.remember(came_in("<1@a.example>", SHOP))
    store.database.close()
    open_folder.chmod(0o777)
    path.chmod(0o444)
    with without_rights():
        fails(store, f"{path}: attempt to write a readonly database")
    path.chmod(0o660)
    works(store, "<1@a.example>")
    store.database.close()


def test_a_locked_file(store: Store, path: Path) -> None:
    store.remember(came_in("<1@a.example>", SHOP))
    with locked(path):
        fails(store, f"{path}: database is locked")
        # Who only asks does not wait for who writes.
        assert store.addresses_of(LOGIN, "<1@a.example>") == {SHOP}
    works(store, "<1@a.example>")


def test_a_full_disk(store: Store, path: Path) -> None:
    store.remember(came_in("<1@a.example>", SHOP))
    assert store.addresses_of(LOGIN, "<1@a.example>") == {SHOP}
    with full_disk():
        fails(store, f"{path}: disk I/O error")
        assert store.addresses_of(LOGIN, "<1@a.example>") == {SHOP}
    works(store, "<1@a.example>")


def test_a_full_database(path: Path) -> None:
    class Small(SQLite):
        """One whose file stays as large as it is."""

        def connect(self) -> sqlite.SQLiteConnection:
            connection = super().connect()
            connection.run("PRAGMA max_page_count = 1")
            return connection

    roomy = Store(Database(SQLite(path)))
    roomy.remember(came_in("<1@a.example>", SHOP))
    small = Store(Database(Small(path)))
    many = came_in("<lost@a.example>", *(f"{'x' * 50}{n}@example.com" for n in range(200)))
    with pytest.raises(LedgerError, match=f"^{path}: database or disk is full$"):
        small.remember(many)
    works(roomy, "<1@a.example>")
    small.database.close()
    roomy.database.close()


@pytest.mark.parametrize("start", [0, 4096 + 8])
def test_a_corrupt_file(store: Store, path: Path, start: int) -> None:
    store.remember(came_in("<1@a.example>", SHOP))
    store.database.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:start] + b"not what SQLite wrote" * 1000)
    reason = "file is not a database" if start == 0 else "database disk image is malformed"
    fails(store, f"{path}: {reason}")
    with pytest.raises(LedgerError, match=reason):
        store.addresses_of(LOGIN, "<1@a.example>")
    path.write_bytes(whole)
    works(store, "<1@a.example>")


def test_a_file_that_is_deleted_meanwhile(store: Store, path: Path) -> None:
    store.remember(came_in("<1@a.example>", SHOP))
    assert store.addresses_of(LOGIN, "<1@a.example>") == {SHOP}
    for file in path.parent.iterdir():
        file.unlink()
    # What went into the deleted one would be gone with the milter's next start.
    works(store)
    store.database.close()
    works(store, "<new@a.example>")


def test_a_file_that_is_restored_meanwhile(store: Store, path: Path, tmp_path: Path) -> None:
    store.remember(came_in("<1@a.example>", SHOP))
    backup = tmp_path / "backup"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    store.remember(came_in("<lost@a.example>", SHOP))
    for end in ("-wal", "-shm"):
        Path(f"{path}{end}").unlink()
    shutil.move(backup, path)
    works(store, "<1@a.example>")
    store.database.close()
    works(store, "<1@a.example>", "<new@a.example>")
