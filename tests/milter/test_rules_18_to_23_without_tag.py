"""Rules 18 to 21: as which address a message goes out that has no tag."""

import pytest
from judging import LOGIN, MemoryLedger, ask, ask_exactly, b, q

LEDGER = MemoryLedger(
    {
        "<shop@a.example>": {"shop@example.com"},
        "<Shop2@a.example>": {"Shop@Example.com"},
        "<news@a.example>": {"news@example.com"},
        "<other@a.example>": {"shop@example.net"},
        "<both@a.example>": {"shop@example.com", "news@example.com"},
        "<login@a.example>": {LOGIN},
        "<gone@a.example>": {"shop@gone.example"},
        "<taken@a.example>": {"taken@example.com"},
        "<host@a.example>": {"postmaster@mx.example.com"},
        "<bare@a.example>": {"postmaster"},
        "<LeFt@a.example>": {"left@example.com"},
        '<"q u"@a.example>': set(),
        '<"qu"@a.example>': {"quoted@example.com"},
        "<a(b)c@a.example>": {"paren@example.com"},
        "<a@b@a.example>": {"two@example.com"},
    }
)


@pytest.mark.parametrize(
    ("sender", "address", "header"),
    [
        ("shop@example.com", "shop@example.com", "shop@example.com"),
        ("Jane <Shop@Example.com>", "Shop@Example.com", "Jane <Shop@Example.com>"),
        ("shop@example.net", "shop@example.net", "shop@example.net"),
        ('"shop"@example.com', "shop@example.com", "shop@example.com"),
        ("shop@bücher.example", "shop@xn--bcher-kva.example", "shop@xn--bcher-kva.example"),
        ("own-x@example.org", "own-x@example.org", "own-x@example.org"),
        ("shop(a)@example.com", "shop@example.com", "a <shop@example.com>"),
        ("Us: shop@example.com;", "shop@example.com", "shop@example.com"),
        ("<@a.example:shop@example.com>", "shop@example.com", "shop@example.com"),
        ("<shop(:)@example.com>", "shop@example.com", "shop@example.com"),
        ("shop@example.com,", "shop@example.com", "shop@example.com"),
        ("mailbox+x@example.com", "mailbox+x@example.com", "mailbox+x@example.com"),
    ],
)
def test_rule_18_an_address_of_the_login(sender: str, address: str, header: str) -> None:
    answer = ask("Subject: x", f"From: {sender}", f"X-Any: {LOGIN}", "X-Mailer: x")
    assert (answer.decision.address, answer["From"], answer.sender) == (address, header, address)
    assert answer.all("X-Any") == answer.all("X-Mailer") == []
    assert answer.decision.steps[0].rule == 18


def test_rule_18_needs_no_knowledge_of_the_thread() -> None:
    answer = ask(
        "Subject: x", "From: a@example.com", "In-Reply-To: <both@a.example>", ledger=LEDGER
    )
    assert answer.decision.address == "a@example.com"


@pytest.mark.parametrize(
    ("display_name", "header"),
    [("keep", "Jane <shop@example.com>"), ("drop", "shop@example.com")],
)
def test_rule_18_the_name_is_kept_or_dropped(display_name: str, header: str) -> None:
    answer = ask("Subject: x", "From: Jane <shop@example.com>", display_name=display_name)
    assert answer["From"] == header


ODD_LOCAL_PARTS = [
    "shöp",
    '"sh op"',
    "a..b",
    ".a",
    "a.",
    "-a",
    "a%b",
    "a!b",
    "x" * 65,
    "a\\b",
    "",
    '"a@b"',
    "店",
]


@pytest.mark.parametrize("local", ODD_LOCAL_PARTS)
def test_rule_18_a_local_part_that_none_should_have_is_refused(local: str) -> None:
    refusal = ask("Subject: x", f"From: {local}@example.com").refusal
    assert refusal.startswith("554 5.6.0 From holds ")
    assert refusal.endswith(
        "which is not an address to write back to. Use plain letters, digits, dots and hyphens"
        " before the @."
    )
    assert refusal.isascii()


@pytest.mark.parametrize(
    ("thread", "address"),
    [
        (["In-Reply-To: <shop@a.example>"], "shop@example.com"),
        (["In-Reply-To: <shop@A.EXAMPLE>"], "shop@example.com"),
        (["In-Reply-To: <SHOP@a.example>"], LOGIN),
        (["In-Reply-To: <LeFt@A.example>"], "left@example.com"),
        (["In-Reply-To: <left@a.example>"], LOGIN),
        (["in-reply-to: <shop@a.example>"], "shop@example.com"),
        (["In-Reply-To: <unknown@a.example>"], LOGIN),
        (["In-Reply-To: <unknown@a.example> <shop@a.example>"], "shop@example.com"),
        (["In-Reply-To: <shop@a.example><shop@a.example>"], "shop@example.com"),
        (["In-Reply-To: <shop@a.example> <Shop2@a.example>"], "Shop@Example.com"),
        (["In-Reply-To:\r\n <shop@a.example>"], "shop@example.com"),
        (["In-Reply-To: <sh\r\n op@a.example>"], "shop@example.com"),
        (["In-Reply-To: <shop@a\r\n\t.example>"], "shop@example.com"),
        (["In-Reply-To: < shop @ a.example >"], "shop@example.com"),
        (["In-Reply-To: shop@a.example"], "shop@example.com"),
        ([f"In-Reply-To: {q('<shop@')}\r\n {q('a.example>')}"], "shop@example.com"),
        (["In-Reply-To: shop@a.example, x"], "shop@example.com"),
        (['In-Reply-To: Your message of "Mon" <shop@a.example>'], "shop@example.com"),
        (["In-Reply-To: (x) <shop@a.example> (y (z))"], "shop@example.com"),
        (["In-Reply-To: (was (not) <news@a.example>) <shop@a.example>"], "shop@example.com"),
        (["In-Reply-To: (<news@a.example>)"], LOGIN),
        (["In-Reply-To: (\\) <news@a.example>)"], LOGIN),
        (["In-Reply-To: (open <shop@a.example>"], "shop@example.com"),
        (["In-Reply-To: ) <shop@a.example>"], "shop@example.com"),
        (["In-Reply-To: <a(b)c@a.example>"], "paren@example.com"),
        (["In-Reply-To: <shop(b)@a.example>"], "shop@example.com"),
        (['In-Reply-To: <"q u"@a.example>'], "quoted@example.com"),
        (["In-Reply-To: <a@b@a.example>"], "two@example.com"),
        (["In-Reply-To: <>", "In-Reply-To: <x>"], LOGIN),
        (["In-Reply-To: <x@a.example>", "In-Reply-To: <shop@a.example>"], "shop@example.com"),
        (["In-Reply-To: <shop@a.example>", "References: <news@a.example>"], "shop@example.com"),
        (["In-Reply-To: <x@a.example>", "References: <news@a.example>"], "news@example.com"),
        (["References: <shop@a.example> <news@a.example>"], "news@example.com"),
        (["References: <news@a.example>\r\n <shop@a.example>\r\n <x@a.example>"],
         "shop@example.com"),
        (["References: <news@a.example> (<shop@a.example>)"], "news@example.com"),
        (["References: <news@a.example>", "References: <shop@a.example>"], "shop@example.com"),
        (["References: <both@a.example> <shop@a.example>"], "shop@example.com"),
        (["References: <x@a.example>"], LOGIN),
        (["In-Reply-To: <other@a.example>"], "shop@example.net"),
        (["In-Reply-To: <login@a.example>"], LOGIN),
        (["In-Reply-To: <login@a.example>", "References: <shop@a.example>"], LOGIN),
        (["In-Reply-To: <taken@a.example>", "Subject: [sendas:shop]"], "shop@example.com"),
        (["In-Reply-To: <both@a.example>", "Subject: [sendas:other]"], "other@example.com"),
        (["In-Reply-To: <both@a.example>", "Subject: [sendas:mailbox]"], LOGIN),
        (["In-Reply-To: <shop@a.example>", "Subject: [sendas:mailbox]"], LOGIN),
    ],
)  # fmt: skip
def test_rule_19_an_answer_goes_out_as_what_it_answers(thread: list[str], address: str) -> None:
    answer = ask(*thread, ledger=LEDGER)
    assert (answer.refusal, answer.decision.address) == ("", address)
    assert answer["From"] == f"Jane Doe <{address}>"
    assert answer.sender == address


@pytest.mark.parametrize(
    ("thread", "sentence"),
    [
        (
            ["In-Reply-To: <both@a.example>"],
            "news@example.com and shop@example.com. Add [sendas:news] or [sendas:shop]",
        ),
        (
            ["In-Reply-To: <shop@a.example> <news@a.example>"],
            "news@example.com and shop@example.com. Add [sendas:news] or [sendas:shop]",
        ),
        (
            ["In-Reply-To: <shop@a.example>", "In-Reply-To: <news@a.example>"],
            "news@example.com and shop@example.com. Add [sendas:news] or [sendas:shop]",
        ),
        (
            ["In-Reply-To: <login@a.example> <shop@a.example>"],
            "mailbox@example.com and shop@example.com. Add [sendas:mailbox] or [sendas:shop]",
        ),
        (
            ["In-Reply-To: <other@a.example> <shop@a.example>"],
            "shop@example.com and shop@example.net. Add [sendas:shop] or [sendas:shop@example.net]",
        ),
        (
            ["References: <shop@a.example> <both@a.example> <x@a.example>"],
            "news@example.com and shop@example.com. Add [sendas:news] or [sendas:shop]",
        ),
        (
            ["In-Reply-To: <both@a.example> <login@a.example>"],
            (
                "mailbox@example.com, news@example.com and shop@example.com."
                " Add [sendas:mailbox] or [sendas:news] or [sendas:shop]"
            ),
        ),
    ],
)
def test_rule_19_of_several_addresses_it_is_refused(thread: list[str], sentence: str) -> None:
    answer = ask("Subject: x", *thread, ledger=LEDGER)
    assert [step.rule for step in answer.decision.steps] == [19]
    assert answer.refusal == (
        f"550 5.7.1 This reply answers mail that came in for {sentence} to the Subject."
    )


# As they came in for the catch-all, some of them without their quotes.
@pytest.mark.parametrize("local", [*ODD_LOCAL_PARTS, "two words", "a<b>", "a@b"])
def test_rule_19_a_local_part_that_none_should_have_is_refused(local: str) -> None:
    ledger = MemoryLedger({"<odd@a.example>": {f"{local}@example.com"}})
    answer = ask("Subject: x", "In-Reply-To: <odd@a.example>", ledger=ledger)
    assert [step.rule for step in answer.decision.steps] == [19]
    assert answer.refusal.startswith("554 5.6.0 This reply answers mail for ")
    assert answer.refusal.endswith(
        "@example.com, which is not an address to write back to. Add a tag like [sendas:shop] to"
        " the Subject."
    )
    assert answer.refusal.isascii()
    tagged = ask("Subject: [sendas:shop]", "In-Reply-To: <odd@a.example>", ledger=ledger)
    assert tagged.decision.address == "shop@example.com"


@pytest.mark.parametrize(
    ("addresses", "sentence"),
    [
        (
            {"jürgen@example.com", "shop@example.com"},
            "j?rgen@example.com and shop@example.com. Add [sendas:shop]",
        ),
        (
            {"two words@example.com", "a..b@example.com"},
            "a..b@example.com and two words@example.com. Add a tag like [sendas:shop]",
        ),
        (
            {"postmaster@mx.example.com", LOGIN},
            "mailbox@example.com and postmaster@mx.example.com. Add [sendas:mailbox]",
        ),
        (
            {"shop@gone.example", "taken@example.com", "news@example.com"},
            ("news@example.com, shop@gone.example and taken@example.com. Add [sendas:news]"),
        ),
    ],
)
def test_rule_19_names_only_tags_that_help(addresses: set[str], sentence: str) -> None:
    ledger = MemoryLedger({"<odd@a.example>": addresses})
    assert ask("Subject: x", "In-Reply-To: <odd@a.example>", ledger=ledger).refusal == (
        f"550 5.7.1 This reply answers mail that came in for {sentence} to the Subject."
    )


@pytest.mark.parametrize(
    ("addresses", "refusal"),
    [
        (
            [f"shop-{number:02}@example.com" for number in range(100)],
            (
                f"{', '.join(f'shop-{number:02}@example.com' for number in range(10))} and 90 more."
                " Add [sendas:shop-00] or [sendas:shop-01] or [sendas:shop-02] to the Subject."
            ),
        ),
        # As somebody may choose them, so that no tag names them or no room is left for the advice.
        (
            [f'"{number} b"@example.com' for number in range(9)] + ["shop@example.com"],
            (
                ", ".join(f'"{number} b"@example.com' for number in range(9))
                + " and shop@example.com."
                " Add [sendas:shop] to the Subject."
            ),
        ),
        (
            [f"{number}{'x' * 300}@example.com" for number in range(9)],
            f"0{'x' * 199}, 1{'x' * 198}... Add a tag like [sendas:shop] to the Subject.",
        ),
        (
            [f"{number}{'x' * 63}@example.net" for number in range(9)],
            (
                f"0{'x' * 63}@example.net, 1{'x' * 63}@example.net, 2xxxxx... Add"
                f" [sendas:0{'x' * 63}@example.net] or [sendas:1{'x' * 63}@example.net]"
                f" or [sendas:2{'x' * 63}@example.net] to the Subject."
            ),
        ),
    ],
)
def test_rule_19_of_many_addresses_the_refusal_still_says_what_to_do(
    addresses: list[str], refusal: str
) -> None:
    ledger = MemoryLedger({"<many@a.example>": set(addresses)})
    answer = ask("Subject: x", "In-Reply-To: <many@a.example>", ledger=ledger)
    text = f"This reply answers mail that came in for {refusal}"
    assert answer.refusal == f"550 5.7.1 {text}"
    assert len(text) <= 490


@pytest.mark.parametrize("which", ["gone", "taken"])
def test_rule_19_an_alias_that_is_the_logins_no_more(which: str) -> None:
    answer = ask("Subject: x", f"In-Reply-To: <{which}@a.example>", ledger=LEDGER)
    refusal = answer.refusal
    assert [step.rule for step in answer.decision.steps] == [19]
    assert refusal.startswith("550 5.7.1 This reply answers mail for ")
    assert refusal.endswith(
        "which is no address of mailbox@example.com any more. Add a tag like [sendas:mailbox] to"
        " the Subject."
    )


@pytest.mark.parametrize(
    ("which", "address"), [("host", "postmaster@mx.example.com"), ("bare", "postmaster")]
)
def test_rule_19_what_was_written_to_the_server_itself(which: str, address: str) -> None:
    """Anybody may write there, and the answer would show the administrator's login."""
    answer = ask("Subject: x", f"In-Reply-To: <{which}@a.example>", ledger=LEDGER)
    assert [step.rule for step in answer.decision.steps] == [19]
    assert answer.refusal == (
        f"550 5.7.1 This reply answers mail for {address}, which is an address of the server and"
        " none of mailbox@example.com. Add a tag like [sendas:shop] to the Subject."
    )
    tagged = ask("Subject: [sendas:shop]", f"In-Reply-To: <{which}@a.example>", ledger=LEDGER)
    assert tagged.decision.address == "shop@example.com"


def test_rule_19_says_why() -> None:
    answer = ask("In-Reply-To: <shop@a.example>", ledger=LEDGER)
    step = answer.decision.steps[0]
    assert (step.rule, step.text) == (19, "It answers mail that came in for shop@example.com.")


def test_rule_19_can_be_switched_off() -> None:
    for message_id in ("shop", "both", "gone"):
        thread = f"In-Reply-To: <{message_id}@a.example>"
        answer = ask("Subject: x", thread, ledger=LEDGER, auto_sendas=False)
        assert answer.decision.address == LOGIN
        assert answer.decision.steps[0].rule == 20


@pytest.mark.parametrize("sender", [LOGIN, "MAILBOX@EXAMPLE.COM", "Jane <Mailbox@Example.com>"])
def test_rule_20_the_login_itself(sender: str) -> None:
    answer = ask(
        "Subject: x",
        f"From: {sender}",
        f"Reply-To: {LOGIN}",
        f"Sender: {LOGIN}",
        f"X-Any: {LOGIN}",
        f"Content-Type: {LOGIN}",
        "X-Mailer: x",
        "Message-ID: <1@host.lan>",
        sender="a@example.org",
    )
    assert answer.sender.lower() == LOGIN
    assert answer["From"] == sender
    assert [answer["Reply-To"], answer["Sender"], answer["X-Any"]] == [LOGIN] * 3
    assert answer["Message-ID"].lower() == "<1@example.com>"
    assert answer.all("X-Mailer") == []
    assert answer.decision.steps[0].rule == 20


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("Subject: [sendas:mailbox] x", LOGIN),
        ("Subject: [sendas:MAILBOX@example.com] x", "MAILBOX@example.com"),
        ("Subject: [sendas:shop] x", "shop@example.com"),
        ("From: shop@example.com", "shop@example.com"),
        ("In-Reply-To: <shop@a.example>", "shop@example.com"),
        ("In-Reply-To: <login@a.example>", LOGIN),
        ("Subject: x", None),
        ("In-Reply-To: <unknown@a.example>", None),
    ],
)
def test_rule_20_the_bare_login_may_be_refused(line: str, address: str | None) -> None:
    answer = ask(line, ledger=LEDGER, bare_login="refuse")
    assert answer.decision.address == address
    if address is None:
        assert answer.refusal == (
            "550 5.7.1 Mail as mailbox@example.com itself is refused here. Add a tag to the"
            " Subject: [sendas:shop] for an alias, [sendas:mailbox] if you mean it."
        )


@pytest.mark.parametrize("subject", ["x", "[sendas:shop] x"])
@pytest.mark.parametrize(
    ("senders", "count"),
    [([], "no From header"), (["a@example.com", "a@example.com"], "several From headers")],
)
def test_rule_21_exactly_one_from_header(senders: list[str], count: str, subject: str) -> None:
    pairs = (("Subject", subject), *(("FrOm", sender) for sender in senders))
    assert ask_exactly(pairs).refusal == (
        f"554 5.6.0 The message has {count}. Send it with exactly one."
    )


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "Jane",
        "Jane <>",
        "undisclosed:;",
        "a@example.com, b@example.com",
        "a@example.com, a@example.com",
        "mailbox@example.com, stranger@example.org",
        "Jane <>, mailbox@example.com",
        "Us: a@example.com, b@example.com;",
        b("a@example.com, b@example.com").replace("b?", "x?"),
        "mailbox@example.com; a@example.com",
    ],
)
def test_rule_21_exactly_one_address(sender: str) -> None:
    assert ask("Subject: x", f"From: {sender}").refusal == (
        "554 5.6.0 From does not hold exactly one address. Send it with one of your own."
    )
    assert ask("Subject: [sendas:shop] x", f"From: {sender}").decision.address == (
        "shop@example.com"
    )


@pytest.mark.parametrize(
    ("sender", "named"),
    [
        ("me@gmail.example", "me@gmail.example"),
        ("mailbox@example.com.example", "mailbox@example.com.example"),
        ("mailbox@sub.example.com", "mailbox@sub.example.com"),
        ("taken@example.com", "taken@example.com"),
        ("<a@gmail.example> <mailbox@example.com>", "a@gmail.example"),
        ("mailbox@example.com <a@gmail.example>", "a@gmail.example"),
        ("mailbox@", "mailbox@"),
        ("mailbox@example.com.", "mailbox@example.com."),
        ("a@ex\u00e4mple.com", "a@ex?mple.com"),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ('"a\r\n b"@example.org', '"a b"@example.org'),
        (f"{b('mailbox@example.com')}@x.example", f"{b('mailbox@example.com')}@x.example"),
        ("a@" + "x" * 300, "a@" + "x" * 198),
        ("mailbox@example.com@example.org", "mailbox@example.com@example.org"),
    ],
)
def test_rule_21_a_foreign_from_is_refused(sender: str, named: str) -> None:
    assert ask("Subject: x", f"From: {sender}").refusal == (
        f"550 5.7.1 mailbox@example.com may not send as {named}. Send from an address of your own,"
        " or add a tag like [sendas:shop] to the Subject."
    )


def test_rule_21_the_login_is_not_one_of_two() -> None:
    answer = ask("Subject: x", "From: a@example.org@example.com")
    assert answer.refusal.startswith("554 5.6.0 From holds a@example.org@example.com")


@pytest.mark.parametrize(
    ("header", "refused"),
    [
        ("X-Any: " + "x" * 53_993, False),
        ("X-Any: " + "x" * 53_994, True),
        ("X-Any: " + "x\n " * 17_999, True),
        ("Subject: " + "x" * 60_000 + "[sendas:shop]", True),
        ("X-Any: " + "ü" * 26_996, False),
        ("X-Any: " + "ü" * 26_997, True),
        # It grows when it is written anew.
        (f"From: {'ü' * 19_000} <{LOGIN}>", True),
    ],
)
def test_rule_22_a_header_that_would_be_cut_is_refused(header: str, *, refused: bool) -> None:
    answer = ask(header)
    name = header.partition(":")[0]
    sentence = f"554 5.6.0 The header {name} is too long. Shorten it." if refused else ""
    assert answer.refusal == sentence
    assert refused == ([step.rule for step in answer.decision.steps] == [22])


RECEIPT = 'Content-Type: multipart/report; report-type="Disposition-Notification"; boundary=x'


@pytest.mark.parametrize(
    "lines",
    [
        ["Subject: Read"],
        ["Subject: Read", "In-Reply-To: <shop@a.example>"],
        ["Subject: [sendas:shop] Read"],
        ["Subject: Read", "From: shop@example.com"],
    ],
)
def test_rule_23_a_read_receipt_is_refused(lines: list[str]) -> None:
    answer = ask(*lines, RECEIPT, ledger=LEDGER)
    assert answer.refusal == (
        "554 5.6.0 A read receipt names your login. Switch receipts off in your mail program."
    )
    assert [step.rule for step in answer.decision.steps] == [23]


def test_rule_23_but_not_to_whom_the_login_is_known() -> None:
    answer = ask("Subject: Read", "In-Reply-To: <login@a.example>", RECEIPT, ledger=LEDGER)
    assert answer.decision.address == LOGIN
    other = ["In-Reply-To: <shop@a.example>", "Content-Type: multipart/report; report-type=x"]
    assert ask("Subject: Read", *other, ledger=LEDGER).decision.address == "shop@example.com"
