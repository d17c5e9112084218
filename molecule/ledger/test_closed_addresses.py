"""Addresses that are closed answer like those that never were, from the next command on."""

import re

import pytest
from deploying import Scenario
from leaving import left, sender_of, somebody
from messages import token
from probe import Server
from remembering import LOGIN, alias, answer, command, incoming, rows, said_of, submit

CAREFUL = "careful@example.org"


def unknown(server: Server) -> str:
    """Return what the server says of an address that never was."""
    return said_of(server, "anyone@elsewhere.test").replace("anyone@elsewhere.test", "…")


def is_refused(server: Server, address: str, **more: str) -> bool:
    said = said_of(server, address, **more)
    assert said.startswith("250") or said.replace(address, "…") == unknown(server)
    return said.startswith("550")


@pytest.mark.parametrize(
    "address",
    ["leaked@example.com", "LEAKED@Example.com", "spam-1@example.com", "leaked@bücher.example",
     "leaked@xn--bcher-kva.example"],
)  # fmt: skip
def test_what_the_settings_block(server: Server, address: str) -> None:
    assert is_refused(server, address)


@pytest.mark.parametrize(
    "spelled",
    ['"leaked"@example.com', "leaked@example.com.", "@mx.test:leaked@example.com",
     'lea"ked"@example.com', "leaked%example.com@{host}", "example.com!leaked@{host}",
     '"leaked@example.com"@{host}'],
)  # fmt: skip
def test_no_other_spelling_leads_around_it(server: Server, spelled: str) -> None:
    assert said_of(server, spelled.format(host=server.hostname)).startswith("5")


def test_a_command_takes_effect_at_once(server: Server) -> None:
    """Within the very same connection, with no reload."""
    shop = alias()
    with server.wire() as wire:
        wire.say("EHLO client.example.org")
        wire.say("MAIL FROM:<friend@somewhere.test>")
        assert wire.say(f"RCPT TO:<{shop}>").startswith("250")
        command(server, "block", shop)
        assert wire.say(f"RCPT TO:<{shop}>").startswith("550 5.1.1")
        command(server, "unblock", shop)
        assert wire.say(f"RCPT TO:<{shop}>").startswith("250")


def test_the_next_deployment_keeps_it(server: Server, scenario: Scenario) -> None:
    shop = alias()
    command(server, "block", shop)
    assert scenario.deploy(limit=server.name).recap[server.name].changed == 0
    assert is_refused(server, shop)


def test_some_senders_are_still_let_through(server: Server) -> None:
    shop = alias()
    command(server, "block", shop, "--except", "@shop.example")
    assert is_refused(server, shop)
    assert not is_refused(server, shop, sender="news@mail.shop.example")
    assert not is_refused(server, shop, sender="news@SHOP.example")
    assert is_refused(server, shop, sender="news@other-shop.example")


def test_an_expired_address_is_refused_and_one_that_expires_later_is_not(server: Server) -> None:
    shop = alias()
    command(server, "expire", shop, "--in", "7d")
    assert not is_refused(server, shop)
    rows(server, "UPDATE address SET expires_at = expires_at - 8 * 86400 WHERE address = ?", shop)
    assert is_refused(server, shop)
    command(server, "expire", shop, "--never")
    assert not is_refused(server, shop)


def test_a_frozen_mailbox_takes_mail_for_known_addresses_only(server: Server) -> None:
    known, sent_as, friend = alias(), alias(), somebody()
    server.send(incoming(known))
    first = incoming(known)
    first.replace_header("From", LOGIN)
    first["X-Any"] = "x"
    first.replace_header("Subject", f"[sendas:{sent_as}] Hello")
    submit(server, first, friend)
    command(server, "freeze", "--login", LOGIN)
    try:
        for address in (known, sent_as, "named@example.net", "postmaster@example.com", LOGIN):
            assert not is_refused(server, address), address
        assert is_refused(server, alias())
    finally:
        command(server, "unfreeze", "--login", LOGIN)
    assert not is_refused(server, alias())


def test_a_mailbox_of_signed_addresses_takes_no_guesses(server: Server) -> None:
    for address in ("shop@example.org", "shop.aaaa@example.org"):
        assert is_refused(server, address)
    word = f"shop{token()[:8]}"
    made = command(server, "new", word, "--login", CAREFUL).split()[-1]
    assert re.fullmatch(rf"{word}\.[a-z2-7]{{4}}@example\.org", made)
    assert not is_refused(server, made)
    assert is_refused(server, made.replace("@", "x@"))
    for address in (CAREFUL, "abuse@example.org"):
        assert not is_refused(server, address)


def test_a_tag_opens_an_address_of_a_signed_mailbox(server: Server) -> None:
    """Whom one writes to may answer."""
    shop, friend = alias("example.org"), somebody()
    assert is_refused(server, shop)
    message = answer(incoming(shop), sender=CAREFUL)
    message.replace_header("Subject", f"[sendas:{shop}] Hello")
    submit(server, message, friend, CAREFUL)
    assert sender_of(left(server, friend)) == shop
    assert not is_refused(server, shop)


def test_a_name_that_is_kept_for_an_address_leaves_with_it(server: Server) -> None:
    shop, friend = alias(), somebody()
    command(server, "name", shop, "Jane Doe")
    message = incoming(shop)
    server.send(message)
    submit(server, answer(message), friend)
    assert f"\r\nFrom: Jane Doe <{shop}>\r\n" in left(server, friend).decode().replace(
        "\n", "\r\n"
    ).replace("\r\r", "\r")
