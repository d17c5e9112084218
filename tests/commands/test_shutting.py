"""`block`, `unblock`, `expire`, `freeze`, `unfreeze`: said, kept, and asked at RCPT."""

import pytest
from hosts import ONE, TWO, Host
from ledgers import run
from mailpopbox.config import load
from mailpopbox.gate import refusal_for


def is_let_in(host: Host, address: str, sender: str = "a@a.example", days: float = 0) -> bool:
    """Ask as the milter does, at the next RCPT."""
    with host.store() as store:
        now = host.now + days * 24 * 60 * 60
        return refusal_for(address, sender, load(host.config), store, now) is None


def test_block_and_unblock(used: Host) -> None:
    assert used.run("block", "shop").out == "shop@example.com is blocked.\n"
    assert not is_let_in(used, "shop@example.com")
    answer = used.run("block", "shop@EXAMPLE.com")
    assert (answer.code, answer.out) == (0, "shop@EXAMPLE.com is blocked already.\n")
    assert used.run("unblock", "shop").out == "shop@example.com takes mail again.\n"
    assert is_let_in(used, "shop@example.com")
    answer = used.run("unblock", "shop")
    assert (answer.code, answer.out) == (0, "shop@example.com is not blocked.\n")


def test_block_the_login(used: Host) -> None:
    said = "is blocked. It is the login: signing in and sending still work.\n"
    assert used.run("block", "mailbox").out == f"mailbox@example.com {said}"


def test_block_what_was_never_used(host: Host) -> None:
    assert host.run("block", "future").code == 0
    assert not is_let_in(host, "future@example.com")


def test_exceptions(used: Host) -> None:
    first = used.run("block", "shop", "--except", "@Shop.example", "--except", "Me@friend.example")
    assert (
        first.out == "shop@example.com is blocked, but for @shop.example and me@friend.example.\n"
    )
    assert is_let_in(used, "shop@example.com", "x@mail.shop.example")
    assert is_let_in(used, "shop@example.com", "me@friend.example")
    assert not is_let_in(used, "shop@example.com", "you@friend.example")
    more = used.run("block", "shop", "--except", "@bücher.example")
    assert more.out.endswith(", me@friend.example and @xn--bcher-kva.example.\n")
    again = used.run("block", "shop").out
    assert again.startswith("shop@example.com is blocked already, but for ")
    assert again.endswith("through: mailpopbox unblock shop@example.com, then block it.\n")
    used.run("unblock", "shop")
    assert used.run("show", "shop", "--json").json["exceptions"] == []


def test_reason(used: Host) -> None:
    used.run("block", "shop", "--reason", "one")
    assert "blocked already" in used.run("block", "shop", "--reason", "one").out
    used.run("block", "shop", "--reason", "two")
    used.run("block", "shop")
    assert used.run("show", "shop", "--json").json["reason"] == "two"
    answer = used.run("block", "shop", "--reason", "a\nb")
    assert (answer.code, answer.err) == (
        2,
        "The reason holds a line break or the like; write it on one line.\n",
    )


def test_the_answer_for_programs(used: Host) -> None:
    first = used.run("block", "shop", "--json").json
    again = used.run("block", "shop", "--json").json
    assert (first["changed"], first["state"], first["by"]) == (True, "blocked", "command")
    assert again == first | {"changed": False}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["block", "postmaster"], "always takes mail (RFC 2142); it cannot be shut."),
        (["expire", "Abuse@example.com", "--in", "1d"], "it cannot be shut."),
        (["block", "a@example.org"], "a@example.org is no address of this host. Its domain is"),
        (["block", "shop-*"], "'shop-*' is no address. Write one like shop@example.com; patterns"),
        (["block", "a b"], "is no address. Write one like"),
        (["block", ""], "'' is no address."),
        (["block", "@example.com"], "is no address."),
        (["block", "a\x1bb"], "is no address."),
        (["block", "a@b@"], "is no address of this host."),
        (["block", "shop", "--except", "shop.example"], "is no sender; write an address, or @"),
        (["block", "shop", "--except", "@"], "is no sender"),
        (["block", "shop", "--except", "@shop"], "is no sender"),
        (["block", "shop", "--except", "a b@shop.example"], "is no sender"),
        (["block", "shop", "--except", "a\n@shop.example"], "is no sender"),
        (["expire", "shop", "--in", "1d", "--reason", "a\nb"], "write it on one line."),
        (["expire", "shop", "--never", "--reason", "x"], "with --never, leave it out."),
        (["expire", "shop"], "one of the arguments --in --never is required"),
        (
            ["expire", "shop", "--in", "soon"],
            "'soon' is no time; write one like 30min, 12h, 30d, 8w",
        ),
    ],
)
def test_what_is_to_be_repaired(host: Host, words: list[str], said: str) -> None:
    answer = host.run(*words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_several_mailboxes(host: Host) -> None:
    host.configure(TWO)
    answer = host.run("block", "shop")
    assert (answer.code, answer.err) == (
        2,
        "There are several mailboxes; write the whole address, like shop@example.com.\n",
    )
    assert host.run("block", "shop@example.net").code == 0
    answer = host.run("block", "shop@example.test")
    assert answer.err == (
        "shop@example.test is no address of this host. Its domains are example.com, example.net and"
        " example.org.\n"
    )


def test_a_host_without_domains(host: Host) -> None:
    host.configure([{"login": "a@example.com", "addresses": ["b@example.com"]}])
    assert host.run("block", "b").code == 0
    assert host.run("block", "c").err == (
        "c@example.com is no address of this host. It has a@example.com and b@example.com.\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        ["unblock"],
        ["block", "--except", "@shop.example"],
        ["expire", "--in", "7d"],
    ],
)
def test_what_the_configuration_blocks_is_promised_to_nobody(host: Host, words: list[str]) -> None:
    host.configure(TWO)
    answer = host.run(words[0], "spam-1@example.com", *words[1:])
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == (
        "spam-1@example.com is blocked by the configuration (blocked: spam-*@example.com);"
        " take that out there, and run the playbook.\n"
    )
    assert "Nothing is known of" in host.run("show", "spam-1@example.com").err


def test_block_what_the_configuration_blocks(host: Host) -> None:
    host.run("block", "spam-1", "--except", "@shop.example")
    host.configure(TWO)
    said = "; the configuration blocks it, too (blocked: spam-*@example.com).\n"
    for address in ("spam-1@example.com", "spam-2@example.com"):
        again = host.run("block", address, "--reason", "for good")
        assert (again.code, again.out) == (0, f"{address} is blocked{said}")
        assert host.run("block", address).out == f"{address} is blocked already{said}"
        assert not is_let_in(host, address, "x@shop.example")
    # What was kept before holds once the configuration is changed back.
    host.configure(ONE)
    assert is_let_in(host, "spam-1@example.com", "x@shop.example")
    assert not is_let_in(host, "spam-2@example.com", "x@shop.example")


def test_expire_no_more_what_the_configuration_blocks(host: Host) -> None:
    host.run("expire", "spam-1", "--in", "7d")
    host.configure(TWO)
    assert host.run("expire", "spam-1@example.com", "--never").code == 0


def test_expire(used: Host) -> None:
    said = used.run("expire", "shop", "--in", "7d").out
    assert said.startswith("shop@example.com takes mail until 20")
    assert is_let_in(used, "shop@example.com", days=6.9)
    assert not is_let_in(used, "shop@example.com", days=7.1)
    assert used.run("show", "shop", "--json").json["state"] == "expiring"
    never = used.run("expire", "shop", "--never")
    assert never.out == "shop@example.com does not expire any more.\n"
    assert used.run("expire", "shop", "--never").out == "shop@example.com does not expire.\n"
    assert used.run("expire", "postmaster", "--never").code == 0


@pytest.mark.parametrize(
    ("then", "reason"),
    [
        ([], "concert"),
        (["expire", "--in", "8d"], "concert"),
        (["expire", "--in", "8d", "--reason", "theatre"], "theatre"),
        (["expire", "--never"], ""),
        (["block"], "concert"),
        (["block", "--reason", "sold it"], "sold it"),
    ],
)
def test_reason_of_an_expiry(used: Host, then: list[str], reason: str) -> None:
    used.run("expire", "shop", "--in", "7d", "--reason", "concert")
    if then:
        assert used.run(then[0], "shop", *then[1:]).code == 0
    assert used.run("show", "shop", "--json").json["reason"] == reason
    state = used.run("show", "shop").out.splitlines()[1]
    assert state.endswith(f": {reason}" if reason else "  open")


def test_the_reason_of_a_block_outlasts_an_expiry(used: Host) -> None:
    used.run("expire", "shop", "--in", "7d", "--reason", "concert")
    used.run("block", "shop", "--reason", "sold it")
    used.run("expire", "shop", "--never")
    assert used.run("show", "shop", "--json").json["reason"] == "sold it"


def test_expire_again_at_once(used: Host) -> None:
    first, again = (used.run("expire", "shop", "--in", "7d") for _ in range(2))
    assert first.out.startswith("shop@example.com takes mail until 20")
    assert again.out.startswith("shop@example.com takes mail until 20")


def test_expire_what_is_blocked(used: Host) -> None:
    used.run("block", "shop")
    said = used.run("expire", "shop", "--in", "7d").out
    assert said.startswith("shop@example.com expires on 20")
    assert said.endswith("; it is blocked already.\n")


def test_unblock_ends_an_expiry_that_is_over_only(used: Host) -> None:
    used.run("expire", "shop", "--in", "7d")
    used.run("block", "shop")
    said = used.run("unblock", "shop").out
    assert said.startswith("shop@example.com takes mail again, until 20")
    with used.store() as store:
        run(store.database, "UPDATE address SET expires_at = 5")
    assert not is_let_in(used, "shop@example.com")
    assert used.run("unblock", "shop").out == "shop@example.com takes mail again.\n"
    assert is_let_in(used, "shop@example.com")


def test_unblock_does_not_open_what_is_shut_for_another_reason(host: Host) -> None:
    host.run("block", "shop")
    host.run("freeze")
    assert host.run("unblock", "shop").out == (
        "shop@example.com is not blocked any more, but takes no mail all the same: it was never"
        " used, and mailbox@example.com takes no such address now.\n"
    )
    assert not is_let_in(host, "shop@example.com")


def test_freeze_and_unfreeze(used: Host) -> None:
    assert used.run("freeze").out == (
        "mailbox@example.com is frozen: no mail for addresses that were not used before.\n"
    )
    assert is_let_in(used, "shop@example.com")
    assert not is_let_in(used, "new@example.com")
    assert used.run("freeze").out.startswith("mailbox@example.com is frozen already:")
    assert used.run("unfreeze").out == "mailbox@example.com takes new addresses again.\n"
    assert is_let_in(used, "new@example.com")
    assert used.run("unfreeze").out == "mailbox@example.com is not frozen.\n"
    found = used.run("unfreeze", "--json").json
    assert found == {"changed": False, "login": "mailbox@example.com", "frozen": None}


def test_freeze_one_of_several(host: Host) -> None:
    host.configure(TWO)
    answer = host.run("freeze")
    assert answer.code == 2
    assert answer.err == (
        "There are several mailboxes; add --login and one of mailbox@example.com and"
        " other@example.org.\n"
    )
    assert host.run("freeze", "--login", "mailbox@example.com").code == 0
    assert not is_let_in(host, "new@example.com")


def test_nothing_can_be_written(host: Host) -> None:
    host.place = "/nonexistent/ledger.sqlite"
    host.configure(ONE)
    answer = host.run("block", "shop")
    assert (answer.code, answer.err) == (
        1,
        "/nonexistent: there is no such folder; run the playbook.\n",
    )
