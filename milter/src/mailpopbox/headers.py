"""Which headers what happens to (rules 13 and 15), and the headers of one message."""

from collections.abc import Iterator
from typing import NamedTuple

from mailpopbox.message import Pairs


class Names:
    """Names of headers; one that ends in "-" stands for all that begin with it."""

    def __init__(self, *names: str) -> None:
        self._whole = frozenset(name for name in names if not name.endswith("-"))
        self._beginnings = tuple(name for name in names if name.endswith("-"))

    def __contains__(self, key: str) -> bool:
        return key in self._whole or key.startswith(self._beginnings)


# Addresses of people in them are replaced one by one.
ADDRESSES = Names(
    "to", "cc", "reply-to", "mail-reply-to", "mail-followup-to", "disposition-notification-to",
    "return-receipt-to", "x-confirm-reading-to", "errors-to",
)  # fmt: skip

# They name the mailbox behind an alias, one way or another.
OF_THE_MAILBOX = Names(
    "sender", "resent-", "return-path", "delivered-to", "x-original-to", "x-sender",
    "x-google-original-from", "autocrypt", "autocrypt-gossip", "openpgp", "x-pgp-",
    "x-identity-key", "x-account-key", "fcc", "x-mozilla-",
)  # fmt: skip

# The trace that the mail program, and what the message came through before, left in it.
TRACES = Names(
    "bcc", "received", "x-received", "x-originating-", "x-client-ip", "x-sender-ip", "x-real-ip",
    "x-source-ip", "x-remote-", "x-forwarded-", "x-mailer", "user-agent", "x-mimeole", "x-php-",
    "x-google-", "x-gm-", "x-ms-", "x-authenticated-", "x-correlation-id",
    "authentication-results", "dkim-signature", "arc-",
)  # fmt: skip

# Rules of their own say what becomes of these.
TREATED_APART = {"from", "subject", "message-id", "in-reply-to", "references"}


# So many are made that how long it takes is felt: a frozen dataclass takes three times as long.
class Header(NamedTuple):
    """A header of the message; `occurrence` counts those of its name, from 1."""

    name: str
    occurrence: int
    value: str
    # The name in lower case.
    key: str


def among(pairs: Pairs, *keys: str) -> Pairs:
    """Return the headers of some names, which keep the numbers they have among all."""
    return tuple((name, value) for name, value in pairs if name.lower() in keys)


def numbered(pairs: Pairs) -> Iterator[Header]:
    """Count the headers of each name."""
    seen: dict[str, int] = {}
    for name, value in pairs:
        key = name.lower()
        seen[key] = occurrence = seen.get(key, 0) + 1
        yield Header(name, occurrence, value, key)
