"""`name`, `new`, `forget`."""

import io
import sys

import pytest
from hosts import TWO, Host
from mailpopbox.config import load
from mailpopbox.gate import refusal_for
from mailpopbox.oneshot import rewritten

LOGIN = "mailbox@example.com"
ANSWER = b"From: Me <mailbox@example.com>\nTo: a@shop.example\nSubject: x\n\n"


def sent_from(host: Host, message: bytes) -> str:
    """Return the From that a message leaves with, by the rules and this ledger."""
    with host.store() as store:
        left = rewritten(message, LOGIN, LOGIN, load(host.config), store).message
    return next(line for line in left.decode().splitlines() if line.startswith("From:"))


def test_a_name_stands_before_the_alias(used: Host) -> None:
    assert used.run("name", "shop", " Jane  Doe ").out == ("shop@example.com writes as Jane Doe.\n")
    message = ANSWER.replace(b"x\n", b"[sendas:shop]\n", 1)
    assert sent_from(used, message) == "From: Jane Doe <shop@example.com>"
    assert used.run("name", "shop", "Jane Doe").out == "shop@example.com has that name already.\n"
    assert used.run("name", "shop", "").out == "shop@example.com has no name.\n"
    assert used.run("name", "shop", "").out == "shop@example.com has no name.\n"
    assert sent_from(used, message) == "From: Me <shop@example.com>"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mailbox@example.com", "holds an address of yours"),
        ("Jane (MAILBOX @ example . com)", "holds an address of yours"),
        ("ask news@example.com", "holds an address of yours"),
        ("a\nb", "holds a line break"),
        ("a\x85b", "holds a line break"),
        ("a\u2028b", "holds a line break"),
        ("a\udcffb", "holds a line break"),
        ("x" * 201, "more than 200 characters"),
    ],
)
def test_names_that_are_refused(used: Host, name: str, said: str) -> None:
    answer = used.run("name", "shop", name)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert used.run("show", "shop", "--json").json["name"] == ""


@pytest.mark.parametrize("name", ["x" * 200, "Jürgen 山田", "me@shop.example", "👩‍🚀 Jane"])
def test_names_that_are_taken(used: Host, name: str) -> None:
    assert used.run("name", "shop", name).code == 0
    assert used.run("show", "shop", "--json").json["name"] == name


def test_new_where_any_address_works(host: Host) -> None:
    answer = host.run("new", "shop")
    assert (answer.code, answer.out) == (0, "shop@example.com\n")
    assert answer.err == (
        "Any address works in mailbox@example.com; nothing had to be made for this one.\n"
    )
    found = host.run("new", "shop", "--json").json
    assert found == {"address": "shop@example.com", "login": LOGIN, "signed": False}


@pytest.mark.parametrize("words", [["shop", "--login", "other@example.org"], ["Shop@example.org"]])
def test_new_where_aliases_are_signed(host: Host, words: list[str]) -> None:
    host.configure(TWO)
    answer = host.run("new", *words)
    assert (answer.code, answer.err) == (0, "")
    local, _, domain = answer.out.strip().partition("@")
    assert (local[:5], len(local), domain) == ("shop.", 9, "example.org")
    assert host.run("new", *words).out == answer.out
    with host.store() as store:
        config = load(host.config)
        made, guessed = answer.out.strip(), "shop.aaaa@example.org"
        assert refusal_for(made, "", config, store, 0) is None
        assert refusal_for(guessed, "", config, store, 0)
        assert len(store.mailbox("other@example.org").signing_key or b"") == 32


def test_each_mailbox_has_a_key_of_its_own(host: Host) -> None:
    host.configure(
        [
            {"login": f"{name}@example.com", "addresses": [f"{name}-*@example.com"]}
            | {"aliases": "signed"}
            for name in "ab"
        ]
    )
    made = [host.run("new", f"{name}-x@example.com").out for name in "ab"]
    assert made[0].partition(".")[2] != made[1].partition(".")[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sh/op,@example.com"], "'sh/op,' cannot begin an address."),
        (["x" * 60 + "@example.org"], "cannot begin an address. Take a short word"),
        (["shop"], "There are several mailboxes"),
        (
            ["shop@example.com", "--login", "other@example.org"],
            "arrives in mailbox@",
        ),
    ],
)
def test_words_that_make_no_address(host: Host, words: list[str], said: str) -> None:
    host.configure(TWO)
    answer = host.run("new", *words)
    assert answer.code == 2
    assert said in answer.err


def test_new_says_so_if_mail_would_be_refused(host: Host) -> None:
    host.run("freeze")
    answer = host.run("new", "shop")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == (
        "shop@example.com would take no mail: it is blocked or expired, or mailbox@example.com is"
        " frozen.\n"
    )


def test_forget(used: Host) -> None:
    used.run("name", "shop", "Jane")
    used.run("block", "shop", "--except", "@shop.example")
    with used.store() as store:
        message_id = "Shop@example.com casino.test 3 0"
        assert store.addresses_of(LOGIN, message_id) == {"Shop@example.com"}
        answer = used.run("forget", "shop", "--yes")
        assert answer.code == 0
        assert answer.out.startswith("shop@example.com is forgotten, but not which messages came")
        assert store.addresses_of(LOGIN, message_id) == {"Shop@example.com"}
    assert "hop@example.com" not in used.run("addresses").out
    answer = used.run("forget", "shop", "--yes")
    assert (answer.code, answer.err) == (1, "Nothing is known of shop@example.com.\n")
    used.came("shop@example.com", "fresh.example")
    again = used.run("show", "shop", "--json").json
    assert (again["address"], again["received"], again["name"]) == ("Shop@example.com", 1, "")
    assert [each["domain"] for each in again["domains"]] == ["fresh.example"]


def test_forget_asks_no_script(used: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    answer = used.run("forget", "shop")
    assert (answer.code, answer.err) == (2, "There is no terminal to ask on; add --yes.\n")
    assert used.run("show", "shop").code == 0


class Terminal(io.StringIO):
    """Somebody sits there."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("YES\n", 0), ("\n", 1), ("", 1)])
def test_forget_asks_people(
    used: Host, typed: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    answer = used.run("forget", "shop")
    assert answer.code == code
    assert "block of Shop@example.com (4 in, 1 out).\nForget it? [y/N] " in answer.err
    assert ("Nothing was changed." in answer.err) == (code == 1)
    assert used.run("show", "shop").code == 1 - code
