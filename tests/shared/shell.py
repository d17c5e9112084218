"""What stands around the milter's shell in its tests."""

from typing import Any

from mailpopbox.config import Config, Mailbox, Watched
from mailpopbox.ledger import Ledger
from mailpopbox.message import Change, Decision, Refusal, Step, Transaction

CONFIG = Config(
    socket="/run/mailpopbox/milter.sock",
    hostname="mx.example.com",
    mailboxes=(Mailbox("mailbox@example.com", ("example.com",)),),
)

TROUBLE = (
    "setreply",
    "451",
    "4.3.0",
    "The mail server has a problem of its own; please try again later",
)


class Rules:
    """Stands in for the rules: remembers what it was asked, answers what it was told to."""

    def __init__(self) -> None:
        self.asked: list[Transaction] = []
        self.answer: Decision | Exception | Any = Decision()

    def decide(self, transaction: Transaction, config: Config, ledger: Ledger) -> Decision:
        assert config.mailboxes is CONFIG.mailboxes
        assert ledger.addresses_of("mailbox@example.com", "<1@example.com>") == frozenset()
        self.asked.append(transaction)
        if isinstance(self.answer, Exception):
            raise self.answer
        answer: Decision = self.answer
        return answer


class Unchanging(Watched):
    """A configuration that needs no file."""

    def __init__(self, config: Config = CONFIG) -> None:
        self._only = config

    def current(self) -> Config:
        return self._only


def changing(*changes: Change | Any) -> Decision:
    return Decision(changes, address="shop@example.com", steps=(Step(13, "a"), Step(3, "b")))


def refusing(code: int, enhanced: str, text: str, rule: int = 4) -> Decision:
    return Decision(refusal=Refusal(code, enhanced, text), steps=(Step(rule, text),))
