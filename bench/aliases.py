"""What the ledger's benches ask for: which alias has part in which message, and old ids.

All of it follows from a number, so whoever measures knows what the ledger has to answer.
"""

import dataclasses
from collections.abc import Iterator
from random import Random

LOGIN = "mailbox@example.com"
SENDER = "orders@shop.test"
ALIASES = 100_000
# As many as a family hears from, spread over all that are known.
_BUSY = 300
_NEW_IN_TEN = 1
_DAYS = 400


@dataclasses.dataclass(frozen=True)
class LedgerJob:
    """What measure_ledger.py is to do: in which file, how many old messages it has, and more."""

    path: str
    messages: int
    # The number of the first new message; then how many one thread writes, and ten together.
    first: int
    alone: int = 2000
    together: int = 10_000
    lookups: int = 5000


def known_alias(number: int) -> str:
    return f"alias-{number % ALIASES}@example.com"


def alias_of(number: int) -> str:
    """Return for whom a new message is: mostly one of few, now and then one that is new."""
    chance = Random(number)  # noqa: S311 (nothing here is a secret)
    if chance.randrange(10) < _NEW_IN_TEN:
        return f"new-{number}@example.com"
    return known_alias(chance.randrange(_BUSY) * (ALIASES // _BUSY))


def old_id(number: int) -> str:
    """Return the Message-ID of a message that is in the large ledger."""
    return f"<{number}.old@shop.test>"


def new_id(number: int) -> str:
    return f"<{number}.new@shop.test>"


def day_of(number: int, today: int) -> int:
    return today - number % _DAYS


def parts(total: int, part: int) -> Iterator[range]:
    """Yield all numbers below the total, so many at a time."""
    for first in range(0, total, part):
        yield range(first, min(first + part, total))
