"""Who gets what, where several mailboxes meet in each other's domains."""

import pytest
from messages import letter, token
from probe import Server

ALICE, BOB, OUTSIDE = "alice@example.com", "bob@example.net", "outside@elsewhere.test"

ROUTES = (
    # every domain of a mailbox
    ("anyone@example.com", ALICE),
    ("anyone@example.net", BOB),
    ("anyone@shop.test", BOB),
    # an address of its own wins over the catch-all of another mailbox
    ("hello@example.com", BOB),
    ("HELLO@Example.COM", BOB),
    ("hello2@example.com", ALICE),
    # so do those that a pattern describes
    ("news-@example.net", ALICE),
    ("news-from.a+b@example.net", ALICE),
    ("news@example.net", BOB),
    # a domain of addresses only
    ("alice@only.test", ALICE),
    ("sales-1@only.test", BOB),
    ("outside@elsewhere.test", OUTSIDE),
    # whoever has the first address there answers for the domain
    ("postmaster@only.test", ALICE),
    ("abuse@elsewhere.test", OUTSIDE),
    ("postmaster@shop.test", BOB),
)
UNKNOWN = ("anyone@only.test", "sales-12@only.test", "sales-@only.test", "anyone@elsewhere.test")
BLOCKED = ("leaked@example.com", "LEAKED@example.com", "spam-@example.com", "spam-1@example.com")

IN_ASCII, IN_LETTERS = "xn--bcher-kva.example", "bücher.example"


@pytest.mark.parametrize(("address", "login"), ROUTES)
def test_mail_arrives_where_it_belongs(server: Server, address: str, login: str) -> None:
    word = token()
    server.send(letter(word), to=address)
    message = server.wait_for_message(login, word)
    assert str(message["X-Original-To"]).lower() == address.lower()
    others = {ALICE, BOB, OUTSIDE} - {login}
    assert [copy for other in others for copy in server.copies(other, word)] == []


def test_one_message_may_go_to_several_mailboxes(server: Server) -> None:
    word = token()
    server.send(letter(word), to=["a@example.com", "b@example.net", "hello@example.com"])
    assert len(server.wait_for_copies(ALICE, word, 1)) == 1
    assert len(server.wait_for_copies(BOB, word, 2)) == 2


def answer_to(server: Server, address: str) -> str:
    """Return the answer to RCPT."""
    with server.wire("smtp") as wire:
        wire.say("EHLO client.example.org")
        wire.say("MAIL FROM:<friend@example.org> SMTPUTF8")
        return wire.say(f"RCPT TO:<{address}>")


@pytest.mark.parametrize("address", UNKNOWN)
def test_a_domain_of_addresses_refuses_all_others(server: Server, address: str) -> None:
    assert answer_to(server, address).startswith("550 5.1.1 ")


@pytest.mark.parametrize("address", [*BLOCKED, f"leaked@{IN_ASCII}", f"leaked@{IN_LETTERS}"])
def test_a_blocked_address_looks_as_if_it_never_was(server: Server, address: str) -> None:
    """Apart from the address, it is answered in the very words of an unknown one."""
    unknown = answer_to(server, "anyone@only.test").replace("anyone@only.test", "…")
    assert answer_to(server, address).replace(address, "…") == unknown


def test_only_what_is_blocked_is_blocked(server: Server) -> None:
    for address in ("leaked2@example.com", "spam@example.com", "leaked@example.net"):
        assert answer_to(server, address).startswith("250")


@pytest.mark.parametrize(
    "address",
    [
        f"anyone@{IN_ASCII}",
        f"anyone@{IN_ASCII.upper()}",
        f"anyone@{IN_LETTERS}",
        f"jürgen@{IN_LETTERS}",
        f"postmaster@{IN_LETTERS}",
    ],
)
def test_an_international_domain_is_known_in_both_spellings(server: Server, address: str) -> None:
    word = token()
    with server.smtp() as client:
        mail = letter(word).as_bytes()
        client.sendmail("friend@example.org", address, mail, mail_options=["SMTPUTF8"])
    message = server.wait_for_message(ALICE, word)
    assert str(message["X-Original-To"]).lower() == address.lower()


@pytest.mark.parametrize(
    ("login", "sender", "code"),
    [
        (ALICE, "anyone@example.com", 250),
        (ALICE, f"anyone@{IN_ASCII}", 250),
        (ALICE, "news-1@example.net", 250),
        (ALICE, "alice@only.test", 250),
        (ALICE, "hello@example.com", 550),
        (ALICE, "anyone@example.net", 550),
        (ALICE, "sales-1@only.test", 550),
        (BOB, "anyone@shop.test", 250),
        (BOB, "hello@example.com", 250),
        (BOB, "sales-1@only.test", 250),
        (BOB, "news-1@example.net", 550),
        (BOB, "anyone@example.com", 550),
        (BOB, "anyone@only.test", 550),
        (OUTSIDE, "outside@elsewhere.test", 250),
        (OUTSIDE, "anyone@elsewhere.test", 550),
    ],
)
def test_a_login_writes_as_what_it_receives(
    server: Server, login: str, sender: str, code: int
) -> None:
    with server.smtp("submissions", login) as client:
        client.mail(login)
        client.rcpt("friend@example.org")
        assert client.data(letter(token(), sender=sender).as_bytes())[0] == code


def test_a_trial_sends_nothing_out(server: Server) -> None:
    """With mailpopbox_capture_outbound, all mail for others lands in one mailbox."""
    word = token()
    mail = letter(word, sender="me@example.com", to="friend@example.org")
    server.send(mail, service="submissions", login=ALICE)
    message = server.wait_for_message(OUTSIDE, word)
    assert message["X-Original-To"] == "friend@example.org"
