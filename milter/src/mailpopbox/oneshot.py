"""Judge a message in a file, as the server would (`mailpopbox rewrite`)."""

import re
import secrets
from dataclasses import dataclass

from mailpopbox.config import Config
from mailpopbox.ledger import Ledger, NothingKnown
from mailpopbox.message import Decision, Pairs, SetSender, Transaction, applied
from mailpopbox.rules import decide

_HEADER = re.compile(r"([!-9;-~]+)[ \t]*:[ \t]?(.*)", re.DOTALL)

# What Postfix takes out of every message before the milter sees any of it: see its parameters
# message_strip_characters and message_drop_headers. With a milter, it cuts longer headers, too.
_STRIPPED = b"\0"
DROPPED = frozenset({"bcc", "content-length", "resent-bcc", "return-path"})
LONGEST_HEADER = 60_000


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What was decided of a message, and the message as it would leave."""

    decision: Decision
    sender: str
    message: bytes


_NOTHING_KNOWN = NothingKnown()


def rewritten(
    raw: bytes, login: str, sender: str, config: Config, ledger: Ledger = _NOTHING_KNOWN
) -> Rewriting:
    """Do with a message what the server would."""
    pairs, rest = as_handed(raw)
    transaction = Transaction(pairs, sender, (), login, secrets.token_hex(16))
    decision = decide(transaction, config, ledger)
    leaving = [change.address for change in decision.changes if isinstance(change, SetSender)]
    message = joined(applied(pairs, decision.changes), rest)
    return Rewriting(decision, leaving[0] if leaving else sender, message)


def as_handed(raw: bytes) -> tuple[Pairs, str]:
    """Return the headers of a message as the milter is handed them, and all that comes after."""
    pairs, rest = split(raw.replace(_STRIPPED, b""))
    kept = ((name, value) for name, value in pairs if name.lower() not in DROPPED)
    return tuple(
        (name, _cut(value, LONGEST_HEADER - len(f"{name}: "))) for name, value in kept
    ), rest


def _cut(value: str, limit: int) -> str:
    """Shorten a value at the end of a line if that costs little, else in the middle of one."""
    octets = value.encode("utf-8", "surrogateescape")
    if len(octets) <= limit:
        return value
    end = octets.rfind(b"\n", 0, limit + 1)
    kept = octets[: end if end > 0.9 * LONGEST_HEADER else limit]
    return kept.decode("utf-8", "surrogateescape")


def split(raw: bytes) -> tuple[Pairs, str]:
    """Return the headers of a message and all that comes after, as Postfix divides them."""
    text = raw.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    head, empty_line, body = text.partition("\n\n")
    if text.startswith("\n"):
        return (), text
    pairs: list[tuple[str, str]] = []
    lines = re.split(r"\n(?![ \t])", head.removesuffix("\n"))
    for number, line in enumerate(lines):
        header = _HEADER.fullmatch(line)
        if not header:  # whatever stands here, the body begins with it
            return tuple(pairs), "\n" + "\n".join(lines[number:]) + empty_line + body
        pairs.append((header[1], header[2]))
    return tuple(pairs), "\n" + body if empty_line else ""


def joined(pairs: Pairs, rest: str) -> bytes:
    head = "".join(f"{name}: {value}\n" for name, value in pairs)
    return (head + rest).encode("utf-8", "surrogateescape")
