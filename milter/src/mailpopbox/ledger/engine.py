"""What a database has to be like for a ledger to be kept in it.

The SQL of the ledger is written once, for SQLite and PostgreSQL, with `?` for values. An engine
makes connections and knows the few words that differ.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Row = tuple[Any, ...]


class Connection(Protocol):
    """One connection, which commits every statement at once unless BEGIN stands before it."""

    def run(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Run a statement and return its rows."""

    @property
    def usable(self) -> bool:
        """Tell whether it still leads to the ledger, as far as that is known without waiting."""

    def close(self) -> None:
        """Give it up, with what it has not committed."""


class Engine(Protocol):
    """A kind of database, and where this one is."""

    # For messages: where the ledger is kept, without any password.
    shown: str
    # What its connections raise.
    errors: tuple[type[Exception], ...]
    # Those of them that meet every transaction alike, such as a full disk.
    hopeless: tuple[type[Exception], ...]
    # Those of them that come of two transactions meeting: the next time it may work.
    collisions: tuple[type[Exception], ...]
    # Begins a transaction that is going to write, once others have written: one at a time.
    begin: str
    # Has a row if there is a schema.
    has_schema: str
    # Fills the gaps in schema.py.
    words: Mapping[str, str]

    def connect(self) -> Connection:
        """Open a connection, or fail within seconds."""

    def reason(self, error: Exception) -> str:
        """Say why one of its errors came, without any password."""
