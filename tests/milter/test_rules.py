"""The rules, by tables and by properties."""

from hypothesis import given
from hypothesis import strategies as st
from mailpopbox.config import Config, Mailbox
from mailpopbox.message import Transaction
from mailpopbox.rules import decide

CONFIG = Config(
    socket="/run/mailpopbox/milter.sock",
    hostname="mx.example.com",
    mailboxes=(Mailbox("mailbox@example.com", ("example.com",)),),
)

# What the wire holds, read as the shell reads it.
wire_text = st.binary().map(lambda raw: raw.decode(errors="surrogateescape"))

transactions = st.builds(
    Transaction,
    headers=st.lists(
        st.tuples(st.sampled_from(["From", "To", "Subject", "X-Other"]), wire_text)
    ).map(tuple),
    sender=wire_text,
    recipients=st.lists(wire_text).map(tuple),
    login=st.none() | st.just("mailbox@example.com") | wire_text,
    queue_id=st.just("4439C1948E7"),
)


@given(transactions)
def test_every_message_passes_as_it_came(transaction: Transaction) -> None:
    assert decide(transaction, CONFIG) == ()
