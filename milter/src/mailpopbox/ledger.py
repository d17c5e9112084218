"""What the rules ask of the ledger, which remembers who wrote to which alias."""

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
