"""What the rules are given about a message, and what they may answer.

Text that came from the wire is `str`, decoded as UTF-8 with surrogateescape, so that
`value.encode(errors="surrogateescape")` gives back the very bytes, whatever they were.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# RFC 5321: a reply from here up tells the client not to try again.
_FIRST_PERMANENT_CODE = 500

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Transaction:
    """One message as it came in, without its body.

    `headers` are (name, value) pairs in the order of the message; a folded value keeps its line
    breaks. Envelope addresses stand without angle brackets; the empty sender is "". `login` is
    the authenticated user, None for mail from outside.
    """

    headers: Pairs
    sender: str
    recipients: tuple[str, ...]
    login: str | None
    # A word that nobody else has, for a Message-ID; the rules themselves know no chance.
    token: str


@dataclass(frozen=True, slots=True)
class SetHeader:
    """Give a header another value.

    `occurrence` counts from 1 among the headers of that name (in any case) in the message as
    it came in, here and in `RemoveHeader`, whatever other changes stand beside it.
    """

    name: str
    occurrence: int
    value: str


@dataclass(frozen=True, slots=True)
class RemoveHeader:
    """Take a header out of the message."""

    name: str
    occurrence: int


@dataclass(frozen=True, slots=True)
class AddHeader:
    """Put a header below the others."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SetSender:
    """Give the envelope another sender; "" is the empty one."""

    address: str


Change = SetHeader | RemoveHeader | AddHeader | SetSender


@dataclass(frozen=True, slots=True)
class Refusal:
    """Turn the message away: SMTP code, enhanced status code, one sentence for a person."""

    code: int
    enhanced: str
    text: str

    @property
    def permanent(self) -> bool:
        return self.code >= _FIRST_PERMANENT_CODE


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that had its say, and what it said."""

    rule: int
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a message: changes, none for one that passes as it is, or a refusal."""

    changes: tuple[Change, ...] = ()
    refusal: Refusal | None = None
    # As which address it goes out; None for what was not submitted or is refused.
    address: str | None = None
    steps: tuple[Step, ...] = ()

    @property
    def outcome(self) -> str:
        if self.refusal:
            return "refused"
        return "rewritten" if self.changes else "passed"

    @property
    def removed(self) -> tuple[str, ...]:
        """Name the headers that are taken out, each once."""
        names = (change.name for change in self.changes if isinstance(change, RemoveHeader))
        return tuple(dict.fromkeys(names))


def in_safe_order(changes: Iterable[Change]) -> list[Change]:
    """Order changes so that carrying one out never renumbers the headers another one means.

    Postfix counts the headers that are there at that moment. Hence: values first, then
    removals from the bottom up, then additions.
    """

    def rank(change: Change) -> tuple[int, int]:
        match change:
            case SetHeader() | SetSender():
                return (0, 0)
            case RemoveHeader(occurrence=occurrence):
                return (1, -occurrence)
            case AddHeader():
                return (2, 0)

    return sorted(changes, key=rank)


def applied(pairs: Pairs, changes: Sequence[Change]) -> Pairs:
    """Return the headers as they are after the changes."""
    edits = {
        (change.name.lower(), change.occurrence): change
        for change in changes
        if isinstance(change, SetHeader | RemoveHeader)
    }
    left, counts = [], dict[str, int]()
    for name, value in pairs:
        key = name.lower()
        counts[key] = counts.get(key, 0) + 1
        edit = edits.get((key, counts[key]))
        if isinstance(edit, SetHeader):
            left.append((name, edit.value))
        elif edit is None:
            left.append((name, value))
    added = [(change.name, change.value) for change in changes if isinstance(change, AddHeader)]
    return (*left, *added)
