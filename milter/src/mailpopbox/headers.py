"""Which headers what happens to (rules 13 and 15), and the headers of one message."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass


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
TREATED_APART = Names("from", "subject", "message-id", "in-reply-to", "references")


@dataclass(frozen=True, slots=True)
class Header:
    """A header of the message; `occurrence` counts those of its name, from 1."""

    name: str
    occurrence: int
    value: str

    @property
    def key(self) -> str:
        return self.name.lower()

    def is_of(self, names: Names) -> bool:
        return self.key in names


def numbered(pairs: tuple[tuple[str, str], ...]) -> Iterator[Header]:
    """Count the headers of each name."""
    seen: Counter[str] = Counter()
    for name, value in pairs:
        seen[name.lower()] += 1
        yield Header(name, seen[name.lower()], value)
