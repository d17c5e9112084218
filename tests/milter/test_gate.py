"""Which recipients are let in, and that the others learn nothing."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailpopbox.config import Config, Mailbox
from mailpopbox.gate import MailboxState, Standing, is_signed, refusal_for, signed
from mailpopbox.message import Refusal

LOGIN = "mailbox@example.com"
SIGNED = "signed@example.net"
KEY = b"a key of some octets"
NOW = 1000.0
STRANGER = "somebody@a.example"

CONFIG = Config(
    socket="/run/mailpopbox/milter.sock",
    hostname="mx.example.com",
    mailboxes=(
        Mailbox(
            LOGIN,
            ("example.com", "xn--bcher-kva.example"),
            ("named@example.org", "own-*@example.org"),
            ("junk@example.com", "spam-*@example.com", "junk@xn--bcher-kva.example"),
        ),
        Mailbox(
            SIGNED,
            ("example.net",),
            ("named@signed.example", "own-*@signed.example"),
            aliases="signed",
        ),
    ),
)


@dataclass
class Register:
    """What the ledger says, by address and by login."""

    addresses: dict[str, Standing] = field(default_factory=dict)
    mailboxes: dict[str, MailboxState] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def standing(self, login: str, address: str) -> Standing:
        self.asked.append((login, address))
        return self.addresses.get(address, Standing())

    def mailbox(self, login: str) -> MailboxState:
        return self.mailboxes.get(login, MailboxState())


def is_let_in(
    recipient: str,
    standing: Standing | None = None,
    state: MailboxState | None = None,
    sender: str = STRANGER,
) -> bool:
    """Ask about a recipient that stands so, in mailboxes that all stand so."""
    register = Register()
    if standing:
        register.addresses[recipient.lower()] = standing
    if state:
        register.mailboxes = {LOGIN: state, SIGNED: state}
    return refusal_for(recipient, sender, CONFIG, register, NOW) is None


OPEN, USED, BLOCKED = Standing(), Standing(used=True), Standing(used=True, blocked=True)
FROZEN = MailboxState(frozen=True)
KEYED = MailboxState(signing_key=KEY)


@pytest.mark.parametrize(
    ("recipient", "let_in"),
    [
        ("new@example.com", True),
        (LOGIN, True),
        ("named@example.org", True),
        ("own-new@example.org", True),
        # Not ours: that is Postfix's to say.
        ("friend@elsewhere.test", True),
        ("friend@example.org", True),
        ("no-address", True),
        ("", True),
        # The configuration blocks it.
        ("junk@example.com", False),
        ("Junk@Example.COM", False),
        ("spam-1@example.com", False),
        ("junk@bücher.example", False),
        ("junk@BÜCHER.example", False),
        ("junk@xn--bcher-kva.example", False),
        ("junk@xn--Bcher-KVA.example", False),
        ("junk2@example.com", True),
    ],
)
def test_without_a_word_from_the_ledger(recipient: str, *, let_in: bool) -> None:
    assert is_let_in(recipient) is let_in


@pytest.mark.parametrize(
    ("standing", "let_in"),
    [
        (OPEN, True),
        (USED, True),
        (BLOCKED, False),
        (Standing(blocked=True), False),
        (Standing(expires_at=1001), True),
        (Standing(expires_at=1000), False),
        (Standing(expires_at=999), False),
        (Standing(blocked=True, expires_at=1001), False),
    ],
)
@pytest.mark.parametrize("recipient", ["shop@example.com", "Shop@Example.com", LOGIN])
def test_blocked_and_expired(recipient: str, standing: Standing, *, let_in: bool) -> None:
    assert is_let_in(recipient, standing) is let_in


@pytest.mark.parametrize(
    ("exception", "sender", "let_in"),
    [
        ("friend@a.example", "friend@a.example", True),
        ("friend@a.example", "Friend@A.Example", True),
        ("friend@a.example", "other@a.example", False),
        ("friend@a.example", "a.friend@a.example", False),
        ("friend@a.example", "friend@b.a.example", False),
        ("@a.example", "other@a.example", True),
        ("@a.example", "other@b.a.example", True),
        ("@a.example", "other@A.EXAMPLE", True),
        ("@a.example", "other@nota.example", False),
        ("@a.example", "other@a.example.net", False),
        ("@a.example", "", False),
        ("@xn--bcher-kva.example", "x@bücher.example", True),
        ("x@xn--bcher-kva.example", "x@bücher.example", True),
    ],
)
@pytest.mark.parametrize("closed", [{"blocked": True}, {"expires_at": 1}])
def test_exceptions(exception: str, sender: str, closed: dict[str, int], *, let_in: bool) -> None:
    standing = Standing(**closed, exceptions=("friend@c.example", exception))  # type: ignore[arg-type]
    assert is_let_in("shop@example.com", standing, sender=sender) is let_in


def test_exceptions_do_not_open_what_the_configuration_blocks() -> None:
    standing = Standing(blocked=True, exceptions=("@a.example",))
    for address in ("junk@example.com", "spam-1@example.com"):
        assert not is_let_in(address, standing)


@pytest.mark.parametrize(
    ("recipient", "standing", "let_in"),
    [
        ("new@example.com", OPEN, False),
        ("shop@example.com", USED, True),
        ("shop@example.com", BLOCKED, False),
        (LOGIN, OPEN, True),
        (LOGIN.upper(), OPEN, True),
        ("named@example.org", OPEN, True),
        # A pattern names nobody.
        ("own-new@example.org", OPEN, False),
        (signed("new", "example.com", KEY), OPEN, False),
    ],
)
def test_a_frozen_mailbox_takes_known_addresses(
    recipient: str, standing: Standing, *, let_in: bool
) -> None:
    state = MailboxState(frozen=True, signing_key=KEY)
    assert is_let_in(recipient, standing, state) is let_in


@pytest.mark.parametrize(
    ("recipient", "standing", "let_in"),
    [
        ("new@example.net", OPEN, False),
        ("new.aaaa@example.net", OPEN, False),
        (signed("new", "example.net", KEY), OPEN, True),
        (signed("new", "example.net", KEY).upper(), OPEN, True),
        (signed("New", "Example.net", KEY), OPEN, True),
        (signed("new.er", "example.net", KEY), OPEN, True),
        (signed("new", "example.net", b"another"), OPEN, False),
        (signed("new", "example.com", KEY).replace(".com", ".net"), OPEN, False),
        (signed("new", "example.net", KEY), BLOCKED, False),
        ("shop@example.net", USED, True),
        (SIGNED, OPEN, True),
        ("named@signed.example", OPEN, True),
        # A pattern names nobody.
        ("own-new@signed.example", OPEN, False),
        ("own-new@signed.example", USED, True),
        (signed("own-new", "signed.example", KEY), OPEN, True),
    ],
)
def test_a_mailbox_that_wants_signed_addresses(
    recipient: str, standing: Standing, *, let_in: bool
) -> None:
    assert is_let_in(recipient, standing, KEYED) is let_in


def test_without_a_key_nothing_is_signed() -> None:
    assert not is_let_in(signed("new", "example.net", KEY))


@pytest.mark.parametrize("local", ["postmaster", "abuse", "PostMaster"])
@pytest.mark.parametrize("domain", ["example.com", "example.net", "bücher.example"])
def test_postmaster_and_abuse_are_always_let_in(local: str, domain: str) -> None:
    assert is_let_in(f"{local}@{domain}", BLOCKED, FROZEN)


def test_the_ledger_is_asked_for_the_mailbox_that_the_mail_is_for() -> None:
    register = Register()
    for recipient in ("Shop@Example.com", "shop@BÜCHER.example", "own-x@example.org", "a@x.test"):
        refusal_for(recipient, STRANGER, CONFIG, register, NOW)
    assert register.asked == [
        (LOGIN, "shop@example.com"),
        (LOGIN, "shop@xn--bcher-kva.example"),
        (LOGIN, "own-x@example.org"),
    ]


@pytest.mark.parametrize(
    ("recipient", "shown"),
    [
        ("Junk@Example.com", "Junk@Example.com"),
        ("spam-caf\udce9@example.com", "spam-caf?@example.com"),
        ("spam-é@example.com", "spam-é@example.com"),
    ],
)
def test_the_refusal_is_that_of_an_unknown_address(recipient: str, shown: str) -> None:
    assert refusal_for(recipient, STRANGER, CONFIG, Register(), NOW) == Refusal(
        550,
        "5.1.1",
        f"<{shown}>: Recipient address rejected: User unknown in virtual mailbox table",
    )


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_recipient_and_any_sender_get_an_answer(local: str, sender: str) -> None:
    register = Register({}, {SIGNED: KEYED})
    for domain in ("example.com", "example.net", "elsewhere.test"):
        refusal_for(f"{local}@{domain}", sender, CONFIG, register, NOW)


@given(st.text("abcdefghijklmnopqrstuvwxyz.-0123456789", min_size=1), st.binary(min_size=1))
def test_what_is_signed_is_let_in_there_only(word: str, key: bytes) -> None:
    address = signed(word, "example.com", key)
    assert is_signed(address, key)
    local, _, _ = address.rpartition("@")
    assert local.rpartition(".")[0] == word
    assert not is_signed(address, None)
    assert not is_signed(f"{word.replace('.', '-')}@example.com", key)
