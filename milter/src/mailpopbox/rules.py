"""The rules: a pure function from a message and the configuration to a verdict.

No clock, file, log or pymilter in here, so that tables can test all of it without a server.
"""

from mailpopbox.config import Config
from mailpopbox.message import Transaction, Verdict


def decide(transaction: Transaction, config: Config) -> Verdict:  # noqa: ARG001 (rules will use them)
    """Say what has to change in a message, or why it is refused.

    Every message passes as it came: there are no rules yet.
    """
    return ()
