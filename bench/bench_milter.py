#!/usr/bin/env python3
"""Our milter, for a bench: `bench_milter.py without …` runs it as if there were no ledger.

Everything else is as in the real one, the gate included, so what lies between the two is the
ledger: what is asked of it, what it is told, and finding out what to tell. The product has no such
switch, for without a ledger answers would leave as nobody knows whom.
"""

import sys
from unittest.mock import patch

from mailpopbox.cli import main
from mailpopbox.gate import MailboxState, Standing
from mailpopbox.ledger import NothingKnown
from mailpopbox.passage import Passage


class Forgetful(NothingKnown):
    """A ledger that knows nothing and remembers nothing, and shuts no address."""

    def standing(self, login: str, address: str) -> Standing:  # noqa: ARG002
        return Standing()

    def mailbox(self, login: str) -> MailboxState:  # noqa: ARG002
        return MailboxState()

    def remember(self, passage: Passage) -> None:
        """Forget it."""


def without_ledger(arguments: list[str]) -> int:
    nothing, forgetful = Passage((), ()), Forgetful()
    with (
        patch("mailpopbox.serve.ledger_at", lambda _place: forgetful),
        patch("mailpopbox.serve.passage_of", lambda *_of_message: nothing),
    ):
        return main(arguments)


if __name__ == "__main__":
    run = without_ledger if sys.argv[1] == "without" else main
    sys.exit(run(["milter", *sys.argv[2:]]))
