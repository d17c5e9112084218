"""What the doctor says of what DNS says."""

import pytest
from mailpopbox.dns.judging import DIFFERENT, MISSING, THERE, Trouble, Values
from mailpopbox.dns.judging import UNKNOWN as UNANSWERED
from mailpopbox.dns.judging import Finding as Standing
from mailpopbox.dns.records import Record
from mailpopbox.doctor import names
from mailpopbox.doctor.finding import BAD, GOOD, UNKNOWN, WARNING, Finding
from mailpopbox.found import Unknown

HOST, ADDRESS = "mx.example.com", "198.51.100.7"
MX = Record("mx", "example.com", "MX", "10 mx.example.com")
KEY = Record("dkim", "s1._domainkey.example.com", "TXT", f"v=DKIM1; k=rsa; p={'QUJD' * 90}")
CLIENT = Record("client", "_pop3s._tcp.example.com", "SRV", "0 1 995 mx.example.com")
STRAY = Record("address", HOST, "AAAA", "")
POINTER = Record("reverse", "7.100.51.198.in-addr.arpa", "PTR", HOST)
TWO = tuple(Record("address", HOST, "A", f"198.51.100.{number}") for number in (7, 8))


def said(findings: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    return [(each.state, each.sentence, each.fix) for each in findings]


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing((MX,), THERE), (GOOD, "All 1 records are there.", "")),
        (
            Standing((MX,), MISSING),
            (BAD, "The MX record at example.com is missing.", "Set example.com MX 10 mx.example.com"),
        ),
        (
            Standing((MX,), DIFFERENT, ("10 mx.example.net",), "mail goes elsewhere"),
            (
                BAD,
                "The MX record at example.com is wrong: mail goes elsewhere (found: 10 mx.example.net).",
                "Set example.com MX 10 mx.example.com",
            ),
        ),
        (
            Standing((MX,), UNANSWERED, (), "too late"),
            (UNKNOWN, "The MX record at example.com is not known: too late.", ""),
        ),
        (
            Standing((KEY,), DIFFERENT, ("v=DKIM1; p=" + "QUJE" * 90,), "it is another key"),
            (
                BAD,
                "The DKIM record at s1._domainkey.example.com is wrong: it is another key.",
                "Set it as `mailpopbox dns --values` prints it for s1._domainkey.example.com.",
            ),
        ),
        (
            Standing((CLIENT,), MISSING),
            (
                WARNING,
                "The SRV record at _pop3s._tcp.example.com is missing.",
                "Set _pop3s._tcp.example.com SRV 0 1 995 mx.example.com",
            ),
        ),
        (
            Standing((STRAY,), DIFFERENT, ("2001:db8::1",), "the host has no such address; remove it"),
            (
                BAD,
                ("The address at mx.example.com is wrong: the host has no such address; remove it"
                " (found: 2001:db8::1)."),
                "Remove mx.example.com AAAA.",
            ),
        ),
        (
            Standing(TWO, MISSING),
            (
                BAD,
                "The address at mx.example.com is missing.",
                "Set mx.example.com A 198.51.100.7 and mx.example.com A 198.51.100.8",
            ),
        ),
    ],
)  # fmt: skip
def test_records(standing: Standing, expected: tuple[str, str, str]) -> None:
    # Reverse DNS is judged apart.
    assert said(names.records([standing, Standing((POINTER,), MISSING)], [])) == [expected]


def test_a_domain_that_nobody_has() -> None:
    [found] = names.records([], ["example.net"])
    assert found.state == BAD
    assert found.sentence.startswith("There is no domain example.net in DNS: nobody has ")


@pytest.mark.parametrize(
    ("standing", "called", "expected"),
    [
        (
            Standing((POINTER,), THERE),
            {"when it sends": HOST.upper()},
            (GOOD, "Reverse DNS, HELO and greeting agree on mx.example.com."),
        ),
        (
            Standing((POINTER,), MISSING),
            {},
            (BAD, "The address 198.51.100.7 has no reverse DNS."),
        ),
        (
            Standing((POINTER,), DIFFERENT, ("a.example.net", "b.example.net"), "it says so"),
            {},
            (BAD, "Reverse DNS calls 198.51.100.7 a.example.net and b.example.net, and not mx.example.com."),
        ),
        (
            Standing((POINTER,), UNANSWERED, (), "too late"),
            {},
            (UNKNOWN, "The reverse DNS of 198.51.100.7 is not known: too late."),
        ),
        (
            Standing((MX,), MISSING),
            {"when it sends": "localhost"},
            (BAD, "The server calls itself localhost when it sends, and not mx.example.com."),
        ),
        (
            Standing((MX,), MISSING),
            {"when it greets": Unknown("no right")},
            (UNKNOWN, "What the server calls itself when it greets is not known: no right."),
        ),
    ],
)  # fmt: skip
def test_what_the_host_is_called(
    standing: Standing, called: dict[str, str | Unknown], expected: tuple[str, str]
) -> None:
    [found] = names.reverse([standing], called, HOST)
    assert (found.state, found.sentence) == expected


def test_resolvers() -> None:
    assert names.resolver({"127.0.0.1": None})[0].sentence == "DNS answers, by 127.0.0.1."
    assert names.resolver({})[0].sentence == "DNS answers, by nobody."
    late = Trouble("no answer")
    assert said(names.resolver({"127.0.0.1": late, "192.0.2.1": None, "192.0.2.2": late})) == [
        (
            BAD,
            "The resolver 127.0.0.1 does not answer: no answer.",
            "systemctl restart unbound; if that does not help: journalctl -u unbound",
        ),
        (
            BAD,
            "The resolver 192.0.2.2 does not answer: no answer.",
            "Name another one in /etc/resolv.conf.",
        ),
    ]


@pytest.mark.parametrize(
    ("dnssec", "expected"),
    [
        (None, (GOOD, "DNS answers, by 127.0.0.1.")),
        (True, (GOOD, "DNS answers, by 127.0.0.1; the host's own resolver checks DNSSEC.")),
        (
            False,
            (BAD, "The resolver 127.0.0.1 does not check DNSSEC, so DANE is not honoured: mail leaves unprotected to domains that publish it."),
        ),
        (
            Unknown("no answer"),
            (UNKNOWN, "Whether the resolver 127.0.0.1 checks DNSSEC is not known: no answer."),
        ),
    ],
)  # fmt: skip
def test_whether_dnssec_is_checked(
    *, dnssec: bool | Unknown | None, expected: tuple[str, str]
) -> None:
    [found] = names.resolver({"127.0.0.1": None}, dnssec=dnssec)
    assert (found.state, found.sentence) == expected
    assert bool(found.fix) is (found.state == BAD)
    # Beside others who do not answer.
    late = names.resolver({"127.0.0.1": None, "192.0.2.1": Trouble("late")}, dnssec=dnssec)
    assert [each.state for each in late] == [BAD, *({found.state} - {GOOD})]


def test_keys() -> None:
    domains = ["example.com", "example.net"]
    assert names.keys(domains, [])[0].sentence == "There are keys to sign with for 2 domains."
    [found] = names.keys(domains, ["example.net"])
    assert found.sentence == (
        "There is no key to sign mail of example.net with, so it cannot leave."
    )
    assert found.fix.startswith("Run the playbook, which makes one;")


LIST = "bl.example.org"
LISTED, NOT_LISTED, OURS = (f"{name}.{LIST}" for name in ("2.0.0.127", "1.0.0.127", "7.100.51.198"))
RIGHT: dict[str, Values | Trouble] = {LISTED: ("127.0.0.2",), NOT_LISTED: (), OURS: ()}


@pytest.mark.parametrize(
    ("changed", "state", "sentence"),
    [
        ({}, GOOD, "198.51.100.7 is in none of bl.example.org."),
        (
            {OURS: ("127.0.0.2", "127.0.0.4")},
            BAD,
            "198.51.100.7 is listed in bl.example.org (127.0.0.2 and 127.0.0.4), so many refuse mail from it.",
        ),
        # What public resolvers are told, and what a provider that lies about unknown names tells.
        (
            {OURS: ("127.255.255.254",)},
            UNKNOWN,
            ("bl.example.org cannot be asked: it answers 127.255.255.254, which means that it does not"
            " want to answer this resolver."),
        ),
        (
            {OURS: ("198.51.100.99",)},
            UNKNOWN,
            "bl.example.org cannot be asked: it answers 198.51.100.99, which no blocklist does.",
        ),
        ({OURS: Trouble("too late")}, UNKNOWN, "bl.example.org cannot be asked: too late."),
        ({LISTED: Trouble("too late")}, UNKNOWN, "bl.example.org cannot be asked: too late."),
        (
            {LISTED: ("127.255.255.252",)},
            UNKNOWN,
            ("bl.example.org cannot be asked: it answers 127.255.255.252, which means that it does not"
            " want to answer this resolver."),
        ),
        (
            {LISTED: ()},
            UNKNOWN,
            "bl.example.org cannot be asked: it does not know the address that all lists have.",
        ),
        (
            {NOT_LISTED: ("127.0.0.2",), OURS: ("127.0.0.2",)},
            UNKNOWN,
            "bl.example.org cannot be asked: it lists everything.",
        ),
    ],
)  # fmt: skip
def test_blocklists(changed: dict[str, Values | Trouble], state: str, sentence: str) -> None:
    answers = {(name, "A"): answer for name, answer in (RIGHT | changed).items()}
    assert set(names.blocklist_questions([LIST], [ADDRESS])) == set(answers)
    [found] = names.blocklists([LIST], [ADDRESS], answers)
    assert (found.state, found.sentence) == (state, sentence)


def test_no_blocklists_and_several_addresses() -> None:
    [found] = names.blocklists([], [ADDRESS], {})
    assert (found.state, found.sentence) == (GOOD, "No blocklists are asked, as the settings say.")
    both = [ADDRESS, "2001:db8::1"]
    questions = names.blocklist_questions([LIST], both)
    assert questions[-1][0].startswith("1.0.0.0.0.0.0.0.")
    answers: dict[tuple[str, str], Values | Trouble] = dict.fromkeys(questions, ())
    answers[LISTED, "A"] = ("127.0.0.2",)
    [found] = names.blocklists([LIST], both, answers)
    assert found.sentence == "198.51.100.7 and 2001:db8::1 are in none of bl.example.org."
