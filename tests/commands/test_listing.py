"""`addresses` and `show`."""

import builtins
import sys
from typing import Any

import pytest
from hosts import ONE, TWO, Host
from ledgers import LOGIN, run

LISTED = """\
ALIAS             STATE     FIRST     LAST  IN  OUT  FROM
Shop@example.com  open   400d ago   3d ago   4    1  shop.example, casino.test, mail.shop.example
news@example.com  open    20d ago  10d ago   2    0  news.example, lists.news.example
bank@example.com  open     2y ago   2y ago   1    0  bank.example
"""


def names(host: Host, *options: str) -> list[str]:
    answer = host.run("addresses", "--json", *options)
    assert answer.code == 0
    return [each["address"].partition("@")[0] for each in answer.json["addresses"]]


def test_all(used: Host) -> None:
    answer = used.run("addresses")
    assert answer.code == 0
    assert answer.out == LISTED
    assert answer.err == ""


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["Shop", "news", "bank"]),
        (["--unused"], ["bank"]),
        (["--unused", "8d"], ["news", "bank"]),
        (["--unused", "1h"], ["Shop", "news", "bank"]),
        (["--since", "1w"], ["Shop"]),
        (["--since", "3y"], ["Shop", "news", "bank"]),
        (["--since", "1w", "--unused", "1d"], ["Shop"]),
        (["--leaked"], ["Shop"]),
        (["--leaked", "--since", "1d"], []),
        (["--blocked"], []),
        (["--login", "mailbox@example.com"], ["Shop", "news", "bank"]),
    ],
)
def test_some(used: Host, options: list[str], expected: list[str]) -> None:
    assert names(used, *options) == expected


def test_blocked_and_expired(used: Host) -> None:
    used.run("block", "shop")
    used.run("expire", "news", "--in", "2h")
    with used.store() as store:
        run(store.database, "UPDATE address SET expires_at = 5 WHERE received = 1")
    assert names(used, "--blocked") == ["Shop", "bank"]
    states = [line.split()[1:4] for line in used.run("addresses").out.splitlines()[1:]]
    assert states == [
        ["blocked", "400d", "ago"],
        ["expires", "in", "2h"],
        ["expired", "2y", "ago"],
    ]
    assert "expired, at 1970-01-01" in used.run("show", "bank").out
    assert "state       expires in 2h, at " in used.run("show", "news").out


def test_none(used: Host) -> None:
    answer = used.run("addresses", "--blocked")
    assert (answer.code, answer.out, answer.err) == (0, "", "No alias is like that.\n")


def test_no_ledger_yet(host: Host) -> None:
    host.place = "/nonexistent/ledger.sqlite"
    host.configure(ONE)
    answer = host.run("addresses")
    assert answer.code == 0
    assert answer.err == (
        "/nonexistent/ledger.sqlite is not there: no mail has come or gone yet.\n"
        "No alias is like that.\n"
    )
    assert host.run("addresses", "--json").json == {"frozen": {}, "addresses": []}


def test_a_frozen_mailbox_stands_above(used: Host) -> None:
    used.run("freeze")
    answer = used.run("addresses")
    assert answer.out.startswith("mailbox@example.com is frozen since 20")
    assert list(used.run("addresses", "--json").json["frozen"]) == ["mailbox@example.com"]


def test_of_one_mailbox_only(used: Host) -> None:
    used.configure(TWO)
    used.run("freeze", "--login", "mailbox@example.com")
    assert names(used, "--login", "Other@example.org") == []
    assert used.run("addresses", "--login", "other@example.org", "--json").json["frozen"] == {}
    answer = used.run("addresses", "--login", "x@example.org")
    assert answer.code == 2
    assert answer.err == (
        "x@example.org is no mailbox here; write --login mailbox@example.com or"
        " other@example.org.\n"
    )


def test_what_the_configuration_says(used: Host) -> None:
    used.came("spam-1@example.com", "spam.example")
    used.came("abuse@example.com", "friend.example")
    used.run("block", "spam-1", "--except", "@shop.example")
    used.configure([ONE[0] | {"blocked": ["spam-*@example.com", "abuse@example.com"]}])
    states = {line.split("  ")[0]: line for line in used.run("addresses").out.splitlines()}
    assert "  blocked (config)  " in states["spam-1@example.com"]
    assert "  open  " in states["abuse@example.com"]
    shown = used.run("show", "spam-1").out
    assert "blocked by the configuration (blocked: spam-*@example.com)" in shown
    assert "lets in" not in shown


def test_an_address_that_moved_away(used: Host) -> None:
    used.configure([{"login": "other@example.org", "domains": ["example.com", "example.org"]}])
    answer = used.run("addresses", "--json")
    assert {each["state"] for each in answer.json["addresses"]} == {"elsewhere"}
    assert used.run("show", "shop@example.com").code == 1


def test_an_address_that_moved_away_is_told_so(used: Host) -> None:
    used.configure([ONE[0], {"login": "b@example.org", "addresses": ["bank@example.com"]}])
    assert "bank@example.com  elsewhere" in used.run("addresses").out


def test_an_address_of_the_host_itself(host: Host) -> None:
    host.configure(ONE, admin=LOGIN)
    host.came("postmaster@mx.example.com", "a.example")
    host.came("postmaster", "b.example")
    assert [each["state"] for each in host.run("addresses", "--json").json["addresses"]] == [
        "open",
        "open",
    ]
    answer = host.run("show", "postmaster@mx.example.com")
    assert answer.code == 2
    assert answer.err == (
        "postmaster@mx.example.com is an address of the server itself, whose mail always arrives in"
        " mailbox@example.com. It stands in: mailpopbox addresses --login mailbox@example.com\n"
    )


def test_what_strangers_wrote_steers_no_terminal(host: Host) -> None:
    host.came('"\x1b[31mred"@example.com', "a.example")
    assert '"?[31mred"@example.com' in host.run("addresses").out


def test_leaked_without_the_list(used: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "publicsuffix2":
            raise ImportError("No module named 'publicsuffix2'")
        return imported(name, *rest)

    monkeypatch.delitem(sys.modules, "mailpopbox.organisations", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    answer = used.run("addresses", "--leaked")
    assert (answer.code, answer.err) == (
        1,
        "No module named 'publicsuffix2'; install Debian's python3-publicsuffix2.\n",
    )


def test_show(used: Host) -> None:
    used.run("name", "shop", "Jane Doe")
    used.run("block", "shop", "--except", "@shop.example", "--reason", "sold it")
    answer = used.run("show", "shop")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0] == "Shop@example.com"
    assert lines[1].startswith("  state       blocked since 20")
    assert lines[1].endswith(": sold it")
    assert lines[2:4] == ["  mailbox     mailbox@example.com", "  name        Jane Doe"]
    assert [line.split("(")[-1] for line in lines[4:7]] == ["400d ago)", "3d ago)", "39d ago)"]
    assert lines[7:] == [
        "  messages    4 in, 1 out",
        "  lets in     @shop.example",
        "",
        "FROM                  FIRST      LAST  IN",
        "shop.example       400d ago  400d ago   2",
        "casino.test          3d ago    3d ago   1",
        "mail.shop.example   40d ago   40d ago   1",
    ]


def test_show_what_was_only_written_down(host: Host) -> None:
    host.run("name", "shop", "Jane")
    assert host.run("show", "shop").out.splitlines()[1:] == [
        "  state       open",
        "  mailbox     mailbox@example.com",
        "  name        Jane",
        "  first used  never",
        "  last used   never",
        "  last sent   never",
        "  messages    0 in, 0 out",
    ]
    assert "shop@example.com  open       -     -   0    0\n" in host.run("addresses").out


def test_show_for_programs(used: Host) -> None:
    found = used.run("show", "shop", "--json").json
    assert found["address"] == "Shop@example.com"
    assert (found["state"], found["by"], found["received"], found["sent"]) == ("open", None, 4, 1)
    assert found["first_used"].endswith("Z")
    assert [each["domain"] for each in found["domains"]] == [
        "shop.example",
        "casino.test",
        "mail.shop.example",
    ]


@pytest.mark.parametrize(
    ("alias", "said"),
    [
        ("x@example.com", "It takes mail like any other."),
        ("spam-x@example.com", "The configuration blocks it (blocked: spam-*@example.com)."),
        ("x@example.org", "It takes some if it was made by: mailpopbox new"),
    ],
)
def test_show_what_is_not_known(host: Host, alias: str, said: str) -> None:
    host.configure(TWO)
    answer = host.run("show", alias)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.endswith(
        f"Nothing is known of {alias}: no mail came for it or left as it. {said}\n"
    )


def test_show_what_is_not_known_to_a_frozen_mailbox(host: Host) -> None:
    host.run("freeze")
    assert host.run("show", "x").err.endswith(
        "As mailbox@example.com is frozen, it takes none either.\n"
    )
