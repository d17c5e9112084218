"""The ledger: which message came in for which alias, and what became of each alias.

The rules see it through `Ledger` only, so tables can test them with a ledger in memory.
`place` is where it is kept: a file, which SQLite keeps, or postgresql://…, for several hosts.
"""

from typing import Protocol


class Ledger(Protocol):
    """Remembers, for each mailbox, which message belongs to which of its addresses."""

    def addresses_of(self, login: str, message_id: str) -> frozenset[str]:
        """Return for which addresses a message came in, or as which it went out."""

    def display_name(self, login: str, address: str) -> str:
        """Return the name that is kept for an address, or ""."""


class NothingKnown:
    """A ledger without entries."""

    def addresses_of(self, login: str, message_id: str) -> frozenset[str]:  # noqa: ARG002
        return frozenset()

    def display_name(self, login: str, address: str) -> str:  # noqa: ARG002
        return ""


class LedgerError(Exception):
    """The ledger cannot be read or written now; nothing may be taken for unknown."""
