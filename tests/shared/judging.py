"""Ask the rules about a message, and read what they decided."""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from mailpopbox.config import Config, Mailbox
from mailpopbox.message import Decision, Pairs, SetSender, Transaction, applied
from mailpopbox.rules import decide

LOGIN = "mailbox@example.com"
TOKEN = "f00d" * 8
_RANDOM_ID = re.compile(r"<[0-9a-f]{32}@")
CONFIG = Config(
    socket="/run/mailpopbox/milter.sock",
    hostname="mx.example.com",
    admin=LOGIN,
    mailboxes=(
        Mailbox(
            LOGIN, ("example.com", "example.net", "xn--bcher-kva.example"), ("own-*@example.org",)
        ),
        Mailbox("else@example.org", ("example.org",), ("taken@example.com",)),
    ),
)


@dataclass(frozen=True, slots=True)
class MemoryLedger:
    """A ledger that knows what it is told: addresses by id, and names by address."""

    messages: dict[str, set[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def addresses_of(self, login: str, message_id: str) -> frozenset[str]:
        return frozenset(self.messages.get(message_id, ()) if login == LOGIN else ())

    def display_name(self, login: str, address: str) -> str:
        return self.names.get(address, "") if login == LOGIN else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided of a message, and what leaves."""

    decision: Decision
    pairs: tuple[tuple[str, str], ...]
    sender: str

    @property
    def refusal(self) -> str:
        refusal = self.decision.refusal
        return f"{refusal.code} {refusal.enhanced} {refusal.text}" if refusal else ""

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.pairs if each.lower() == name.lower()]

    def __getitem__(self, name: str) -> str:
        assert not self.decision.refusal, self.refusal
        [value] = self.all(name)
        return value


@dataclass(frozen=True, slots=True)
class Question:
    """A message as the rules are asked about it, and what else they are told."""

    pairs: tuple[tuple[str, str], ...]
    sender: str
    login: str | None
    config: Config
    ledger: MemoryLedger

    def answer(self) -> Answer:
        recipients = ("friend@example.org",)
        transaction = Transaction(self.pairs, self.sender, recipients, self.login, TOKEN)
        decision = decide(transaction, self.config, self.ledger)
        senders = [change.address for change in decision.changes if isinstance(change, SetSender)]
        sender = senders[0] if senders else self.sender
        return Answer(decision, applied(self.pairs, decision.changes), sender)


# They hear every question with its answer.
LISTENERS: list[Callable[[Question, Answer], None]] = []


def pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.removeprefix(" ")


def ask(
    *lines: str,
    sender: str = LOGIN,
    login: str | None = LOGIN,
    ledger: MemoryLedger | None = None,
    **knobs: Any,
) -> Answer:
    """Submit a message of these headers; From and Message-ID are added if none is among them."""
    pairs = [pair(line) for line in lines]
    names = {name.lower() for name, _ in pairs}
    if "from" not in names:
        pairs.append(("From", f"Jane Doe <{LOGIN}>"))
    if "message-id" not in names:
        pairs.append(("Message-ID", "<1@example.com>"))
    return ask_exactly(tuple(pairs), sender, login, ledger, **knobs)


def ask_exactly(
    pairs: tuple[tuple[str, str], ...],
    sender: str = LOGIN,
    login: str | None = LOGIN,
    ledger: MemoryLedger | None = None,
    **knobs: Any,
) -> Answer:
    question = Question(pairs, sender, login, replace(CONFIG, **knobs), ledger or MemoryLedger())
    answer = question.answer()
    for listen in LISTENERS:
        listen(question, answer)
    return answer


def comparable(pairs: Pairs) -> list[tuple[str, str]]:
    """Return headers so that neither folding nor a random Message-ID makes a difference."""
    return [(name.lower(), _RANDOM_ID.sub("<NEW@", " ".join(v.split()))) for name, v in pairs]


def b(text: str, charset: str = "utf-8") -> str:
    """Write a text as one encoded word, in base64."""
    return f"=?{charset}?b?{b64encode(text.encode(charset)).decode()}?="


def q(text: str, charset: str = "utf-8") -> str:
    """Write a text as one encoded word, with every octet escaped."""
    return f"=?{charset}?Q?{''.join(f'={octet:02X}' for octet in text.encode(charset))}?="


def wire(raw: bytes) -> str:
    """Read octets as the milter does."""
    return raw.decode("utf-8", "surrogateescape")
