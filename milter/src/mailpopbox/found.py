"""What can be found out about the server, or why it cannot."""

from dataclasses import dataclass, field

from mailpopbox.ledger.entries import Totals


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something could not be found out; the text says why."""

    why: str
    # Whether that itself is wrong, and not just hidden from who asks.
    is_wrong: bool = False


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits in Postfix: how many messages in each of its queues, and since when."""

    messages: dict[str, int] = field(default_factory=dict)
    oldest: int | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """How much mail lies in a mailbox."""

    messages: int
    octets: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate that is in force."""

    expires: int
    is_self_signed: bool = False
    # Whom it is for.
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What the ledger tells of itself."""

    place: str
    totals: Totals
    # In octets; None where it is no file of this host.
    octets: int | None = None
    frozen: tuple[str, ...] = ()
