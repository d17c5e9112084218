"""Every address at a domain arrives in its one mailbox."""

from messages import letter, token
from probe import Server

LOCAL_PARTS = (
    "anything",
    "Some.Body",
    "first+tag",
    "o'brien",
    "x-y_z=1",
    '"two words"',
)


def test_any_address_arrives(server: Server) -> None:
    mailbox = server.mailbox()
    addresses = [f"{local}@{mailbox.domains[0]}" for local in LOCAL_PARTS]
    word = token()
    server.send(letter(word), to=addresses)
    copies = server.wait_for_copies(mailbox.login, word, len(addresses))
    arrived = [str(copy["X-Original-To"]).replace('"', "") for copy in copies]
    assert sorted(arrived) == sorted(address.replace('"', "") for address in addresses)


def test_capital_letters_make_no_difference(server: Server) -> None:
    word = token()
    server.send(letter(word, to=f"AnyBody@{server.mailbox().domains[0].upper()}"))
    server.wait_for_message(None, word)


def test_each_recipient_sees_the_address_it_was_sent_to(server: Server) -> None:
    """One message to two addresses of a mailbox arrives twice, once for each."""
    mailbox = server.mailbox()
    addresses = [f"{name}@{mailbox.domains[0]}" for name in ("bakery", "landlord")]
    word = token()
    server.send(letter(word), to=addresses)
    for header in ("Delivered-To", "X-Original-To"):
        copies = server.wait_for_copies(mailbox.login, word, 2)
        assert sorted(copy.get_all(header, []) for copy in copies) == [[to] for to in addresses]
