"""What the ledger is told of a message that passes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import CONFIG, LOGIN, MemoryLedger, wire
from mailpopbox.message import Decision, Transaction
from mailpopbox.passage import Passage, Use, canonical, passage_of
from mailpopbox.rules import decide
from mailpopbox.thread import with_a_tag

ELSE = "else@example.org"
# What the rules give to a message whose own id answers might not repeat.
MADE = "<f00d@mx.example.com>"
INCOMING = Transaction(
    headers=(("From", "Jane <jane@a.example>"), ("Message-ID", "<1@A.example>")),
    sender="bounces@b.example",
    recipients=("shop@example.com",),
    login=None,
    token="f00d",
)


def told(transaction: Transaction, **changes: object) -> Passage:
    """Let a message through the rules; return what the ledger is told."""
    changed = replace(transaction, **changes)  # type: ignore[arg-type]
    decision = decide(changed, CONFIG, MemoryLedger())
    assert not decision.refusal
    return passage_of(changed, decision, CONFIG)


def came_for(address: str, login: str = LOGIN, domain: str = "a.example") -> Use:
    return Use(login, address, domain=domain)


def test_a_message_that_comes_in() -> None:
    assert told(INCOMING) == Passage(("<1@a.example>",), (came_for("shop@example.com"),))


@pytest.mark.parametrize(
    "subject",
    [
        "Offer [sendas:mailbox]",
        "[ SENDAS : x",
        "=?utf-8?q?=5Bsendas=3Ax=5D?=",
        "=?utf-8?q?=5Bsend?= =?utf-8?b?YXM6eF0=?=",
        "%5Bsendas:x%5D",
        "\N{FULLWIDTH LEFT SQUARE BRACKET}sendas:x]",
    ],
)
def test_a_message_that_comes_in_with_a_tag(subject: str) -> None:
    """It is remembered, for the answer will have the tag, too."""
    headers = (*INCOMING.headers, ("Subject", subject))
    assert told(INCOMING, headers=headers).ids == ("<1@a.example>", with_a_tag("<1@a.example>"))
    several = (*INCOMING.headers, ("Subject", "x"), ("SUBJECT", subject))
    assert with_a_tag("<1@a.example>") in told(INCOMING, headers=several).ids


@pytest.mark.parametrize("subject", ["Offer", "About sendas", "=?utf-8?q?x?=", "Grüße", "[send]"])
def test_a_message_that_comes_in_without(subject: str) -> None:
    headers = (*INCOMING.headers, ("Subject", subject))
    assert told(INCOMING, headers=headers).ids == ("<1@a.example>",)


def test_a_tag_of_ones_own_is_not_a_strangers() -> None:
    headers = (("From", LOGIN), ("Message-ID", "<1@example.com>"), ("Subject", "[sendas:shop] x"))
    sent = told(INCOMING, headers=headers, login=LOGIN, sender=LOGIN)
    assert sent.ids == ("<1@example.com>",)


@pytest.mark.parametrize(
    ("recipients", "uses"),
    [
        # In one order for all messages, so that fewer hosts wait for each other.
        (
            ("b@example.com", "a@example.com", "x@elsewhere.test"),
            (came_for("a@example.com"), came_for("b@example.com")),
        ),
        # The spelling that came first, once.
        (("Shop@Example.com", "shop@example.com"), (came_for("Shop@Example.com"),)),
        (("a@BÜCHER.example",), (came_for("a@xn--bcher-kva.example"),)),
        (("own-1@example.org",), (came_for("own-1@example.org"),)),
        (("taken@example.com",), (came_for("taken@example.com", ELSE),)),
        (
            ("x@example.org", "x@example.com"),
            (came_for("x@example.com"), came_for("x@example.org", ELSE)),
        ),
        # Nobody's to send as, but the administrator answers it.
        (("postmaster@mx.example.com",), (came_for("postmaster@mx.example.com"),)),
        (("Root@MX.Example.com",), (came_for("Root@MX.Example.com"),)),
        (("abuse@localhost",), (came_for("abuse@localhost"),)),
        (("Postmaster",), (came_for("Postmaster"),)),
        (("shop@mx.example.com",), ()),
        (("x@elsewhere.test",), ()),
        ((), ()),
    ],
)
def test_for_whom(recipients: tuple[str, ...], uses: tuple[Use, ...]) -> None:
    assert told(INCOMING, recipients=recipients).uses == uses


def test_mail_of_another_login_for_the_host() -> None:
    headers = (("From", ELSE), ("Message-ID", "<1@example.org>"))
    passage = told(INCOMING, headers=headers, login=ELSE, recipients=("root@mx.example.com",))
    assert passage.uses[1:] == (came_for("root@mx.example.com", domain="example.org"),)


def with_headers(*headers: tuple[str, str]) -> Passage:
    return told(INCOMING, headers=headers)


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ((), (MADE,)),
        (("",), (MADE,)),
        (("<1@a.example>",), ("<1@a.example>",)),
        (("<LeFt@A.Example>",), ("<LeFt@a.example>",)),
        (("1@a.example",), (MADE, "<1@a.example>")),
        (("<1@\n a.example>",), (MADE, "<1@a.example>")),
        (("<1>",), (MADE, "<1>")),
        (("<1@a.example>", "<2@a.example>"), (MADE, "<1@a.example>", "<2@a.example>")),
        (("<1@a.example> <1@a.example>",), (MADE, "<1@a.example>")),
        ((wire(b"<caf\xe9@a.example>"),), (MADE, "<caf\udce9@a.example>", "<café@a.example>")),
        ((f"<{'x' * 900}@a.example>",), (MADE, f"<{'x' * 900}@a.example>")),
        (
            tuple(f"<{number}@a.example>" for number in range(100)),
            (MADE, *(f"<{number}@a.example>" for number in range(7))),
        ),
    ],
)
def test_by_which_ids(values: tuple[str, ...], ids: tuple[str, ...]) -> None:
    headers = [("message-ID", value) for value in values]
    assert with_headers(("From", "a@a.example"), *headers).ids == ids


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        ("jane@a.example", "a.example"),
        ("Jane <JANE@A.EXAMPLE>", "a.example"),
        ("Jane <jane@bücher.example>", "xn--bcher-kva.example"),
        ("first@a.example, second@c.example", "a.example"),
        ("Us: ; first@a.example", "a.example"),
        ("Nobody", "b.example"),
        ("Jane <jane>", "b.example"),
        ("jane@", "b.example"),
        ("jane@[192.0.2.1]", "b.example"),
        ("jane@a..example", "b.example"),
        (wire(b"jane@\xff"), "b.example"),
        ("", "b.example"),
    ],
)
def test_whose_domain_wrote(sender: str, domain: str) -> None:
    passage = with_headers(("from", sender), ("From", "later@d.example"))
    assert [use.domain for use in passage.uses] == [domain]


@pytest.mark.parametrize(
    ("envelope", "domain"), [("", ""), ("a@B.Example", "b.example"), ("a", ""), ("a@b c", "")]
)
def test_without_from_the_envelope_tells(envelope: str, domain: str) -> None:
    [use] = told(INCOMING, headers=(), sender=envelope).uses
    assert use.domain == domain


SUBMITTED = Transaction(
    headers=(
        ("From", f"Jane <{LOGIN}>"),
        ("Subject", "hello [sendas:Shop]"),
        ("Message-ID", "<1@laptop.test>"),
    ),
    sender=LOGIN,
    recipients=("friend@elsewhere.test",),
    login=LOGIN,
    token="f00d",
)
SENT = Use(LOGIN, "Shop@example.com", sent=True)


def test_a_submission_is_known_by_its_ids_before_and_after_rule_14() -> None:
    assert told(SUBMITTED) == Passage(("<1@example.com>", "<1@laptop.test>"), (SENT,))


def test_the_id_that_leaves_is_known_whatever_came_before() -> None:
    many = " ".join(f"<{number}@laptop.test>" for number in range(100))
    headers = (*SUBMITTED.headers[:2], ("Message-ID", many))
    passage = told(SUBMITTED, headers=headers)
    assert passage.ids[0].endswith("@example.com>")
    assert passage.ids[1:] == tuple(f"<{number}@laptop.test>" for number in range(7))


def test_a_submission_without_an_id_is_known_by_the_one_it_gets() -> None:
    assert told(SUBMITTED, headers=SUBMITTED.headers[:2]).ids == ("<f00d@example.com>",)


def test_a_submission_as_the_login() -> None:
    passage = told(SUBMITTED, headers=(("From", LOGIN), ("Message-ID", "<1@example.com>")))
    assert passage == Passage(("<1@example.com>",), (Use(LOGIN, LOGIN, sent=True),))


def test_a_login_is_one_in_any_case() -> None:
    assert told(SUBMITTED, login=LOGIN.upper()).uses == (SENT,)


def test_mail_between_two_logins_went_out_and_came_in() -> None:
    passage = told(SUBMITTED, recipients=("any@example.org", "friend@elsewhere.test"))
    # The other mailbox learns what the world learns: the alias, not the login behind it.
    assert passage.uses == (SENT, came_for("any@example.org", ELSE, "example.com"))
    headers = (SUBMITTED.headers[0], ("Subject", "[sendas:a@example.net]"))
    assert told(SUBMITTED, headers=headers, recipients=("any@example.org",)).uses[1:] == (
        came_for("any@example.org", ELSE, "example.net"),
    )


def test_mail_to_oneself() -> None:
    passage = told(SUBMITTED, recipients=("news@example.com",))
    assert passage.uses == (SENT, came_for("news@example.com", domain="example.com"))


def test_what_was_refused_went_nowhere_for_its_login() -> None:
    passage = passage_of(SUBMITTED, Decision(), CONFIG)
    assert passage.uses == ()


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("A@Example.com", "A@Example.com"),
        ("ü@BÜCHER.example", "ü@xn--bcher-kva.example"),
        ("caf\udce9@example.com", "caf\\udce9@example.com"),
        ("a\0b@example.com", "ab@example.com"),
        ("a@b@example.com", "a@b@example.com"),
        ("a@no domain", "a@no domain"),
        ("a", "a"),
        ("", ""),
    ],
)
def test_one_way_to_write_an_address(address: str, written: str) -> None:
    assert canonical(address) == written


texts = st.binary(max_size=40).map(wire)


@given(
    headers=st.lists(st.tuples(st.sampled_from(["From", "Message-ID", "message-id"]), texts)),
    sender=texts,
    locals_=st.lists(texts, max_size=5),
)
def test_whatever_comes_can_be_told(
    headers: list[tuple[str, str]], sender: str, locals_: list[str]
) -> None:
    recipients = tuple(f"{local}@example.com" for local in locals_)
    passage = told(INCOMING, headers=tuple(headers), sender=sender, recipients=recipients)
    for use in passage.uses:
        assert use.domain == use.domain.encode("ascii").decode().lower()
        assert use.address.encode()
        assert "\0" not in use.address
        assert CONFIG.owner_of(use.address) == use.login
