"""What comes in is judged: by SPF, DKIM, DMARC and ARC, and told where nobody else can tell it."""

import re
import time
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from messages import letter, token
from posting import Outsider
from probe import Server

HOSTILE = "evil@hostile.test"
# The pattern by which every filter of spam is tried.
SPAM = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"
REFUSED = "refuses mail in its name that neither SPF nor DKIM confirms (DMARC)"


def mail(word: str, sender: str, body: str = "Hello!\n", **headers: str) -> EmailMessage:
    return letter(word, sender=sender, body=body, **headers)


def judged(server: Server, word: str) -> EmailMessage:
    return server.wait_for_message(None, word)


def results(message: EmailMessage) -> str:
    return " ".join(str(message["Authentication-Results"]).split())


@pytest.mark.parametrize(
    ("sender", "envelope"),
    [
        ("ceo@bank.test", HOSTILE),
        ("ceo@bank.test", "ceo@bank.test"),
        ("ceo@bank.test", ""),
        ("ceo@BANK.test", HOSTILE),
        ('"friend@hostile.test" <ceo@bank.test>', HOSTILE),
        # Aligned with a subdomain only, where exactly the domain is asked for.
        ("ceo@exact.test", "ceo@sub.exact.test"),
        # The policy for subdomains.
        ("ceo@sub.example.net", HOSTILE),
        ("ceo@deep.sub.example.com", HOSTILE),
        # More than one sender, of which one is real.
        ("ceo@bank.test, evil@hostile.test", HOSTILE),
        ("evil@hostile.test, ceo@bank.test", HOSTILE),
    ],
)
def test_a_forged_sender_is_refused(
    server: Server, outsider: Outsider, sender: str, envelope: str
) -> None:
    word = token()
    answer = outsider.post(server, mail(word, sender), sender=envelope)
    assert answer.startswith("554 5.7.1 "), answer
    assert server.queue() == []
    assert server.copies(None, word) == []


@pytest.mark.parametrize(
    "line", ["", "From:", 'From: "ceo@bank.test" <>', "From: ceo@bank.test <ceo>", "From: ceo"]
)
def test_who_names_no_domain_is_refused(server: Server, outsider: Outsider, line: str) -> None:
    """What people see may look like an address all the same."""
    word = token()
    raw = re.sub(rb"(?m)^From: .*\n", b"", mail(word, HOSTILE).as_bytes())
    head = f"{line}\n".encode() if line else b""
    assert outsider.post(server, head + raw, sender=HOSTILE).startswith("554 5.7.1 ")
    assert server.copies(None, word) == []


def test_the_reason_is_told(server: Server, outsider: Outsider) -> None:
    answer = outsider.post(server, mail(token(), "ceo@bank.test"), sender=HOSTILE)
    assert answer == f"554 5.7.1 The domain bank.test {REFUSED}"


def test_two_from_headers_are_refused(server: Server, outsider: Outsider) -> None:
    raw = b"From: ceo@bank.test\r\n" + mail(token(), HOSTILE).as_bytes()
    assert outsider.post(server, raw, sender=HOSTILE).startswith("554 5.7.1 ")


@pytest.mark.parametrize(
    ("sender", "envelope", "said"),
    [
        (HOSTILE, HOSTILE, "dmarc=pass"),
        (HOSTILE, "evil@HOSTILE.test", "dmarc=pass"),
        ("ceo@exact.test", "ceo@exact.test", "dmarc=pass"),
        ("ceo@example.com", "ceo@sub.example.com", "dmarc=pass"),
        ("ceo@loose.test", HOSTILE, "dmarc=fail"),
        ("ceo@example.net", HOSTILE, "dmarc=fail"),
        ("friend@unknown.test", HOSTILE, "spf=pass"),
    ],
)
def test_others_arrive_with_what_was_found_out(
    server: Server, outsider: Outsider, sender: str, envelope: str, said: str
) -> None:
    word = token()
    assert outsider.post(server, mail(word, sender), sender=envelope) == "250"
    message = judged(server, word)
    assert said in results(message)
    assert results(message).startswith(f"{server.hostname};")
    assert message["X-Spam-Status"]


def test_what_is_to_be_set_aside_is_marked(server: Server, outsider: Outsider) -> None:
    word = token()
    assert outsider.post(server, mail(word, "ceo@careful.test"), sender=HOSTILE) == "250"
    message = judged(server, word)
    assert "dmarc=fail" in results(message)
    assert message["X-Spam"] == "Yes"


def test_a_signature_of_its_own_domain_saves_it(server: Server, outsider: Outsider) -> None:
    word = token()
    signed = outsider.signed("bank.test", mail(word, "ceo@bank.test"))
    assert outsider.post(server, signed, sender=HOSTILE) == "250"
    message = judged(server, word)
    assert "dkim=pass header.d=bank.test" in results(message)
    assert "dmarc=pass" in results(message)
    assert message["X-Spam"] is None


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"Hello!", b"Send money!"), (b"ceo@bank.test", b"cfo@bank.test"), (b"d=bank", b"d=list")],
)
def test_a_broken_signature_does_not(
    server: Server, outsider: Outsider, before: bytes, after: bytes
) -> None:
    signed = outsider.signed("bank.test", mail(token(), "ceo@bank.test"))
    broken = signed.replace(before, after)
    assert outsider.post(server, broken, sender=HOSTILE).startswith("554 5.7.1 ")


# --- Whose signature and whose SPF count (RFC 7489, section 3.1) ---


@pytest.mark.parametrize(
    ("sender", "envelope", "signers"),
    [
        # Of the same owner, as is usual.
        ("ceo@example.com", HOSTILE, ["example.com"]),
        ("ceo@example.com", HOSTILE, ["sub.example.com"]),
        ("ceo@sub.example.com", HOSTILE, ["example.com"]),
        ("ceo@other.example.com", HOSTILE, ["sub.example.com"]),
        ("ceo@example.com", "ceo@sub.example.com", []),
        ("ceo@other.example.com", "ceo@sub.example.com", []),
        # Of exactly the same domain, where it asks for that.
        ("ceo@strict.example.net", HOSTILE, ["strict.example.net"]),
        ("ceo@strict.example.net", "ceo@strict.example.net", []),
        # Of two, SPF.
        ("ceo@example.com", "ceo@sub.example.com", ["hostile.test"]),
    ],
)
def test_what_confirms_a_sender(
    server: Server, outsider: Outsider, sender: str, envelope: str, signers: list[str]
) -> None:
    word = token()
    raw = signed_by(outsider, signers, mail(word, sender))
    assert outsider.post(server, raw, sender=envelope) == "250"
    assert "; dmarc=pass " in results(judged(server, word))
    # authheaders sees it as we do.
    assert "; dmarc=pass " in outsider.judgement_of_own(raw, envelope)


def test_one_of_several_signatures_does(server: Server, outsider: Outsider) -> None:
    """Authheaders goes by the last one."""
    word = token()
    signers = ["hostile.test", "example.com", "bank.test"]
    raw = signed_by(outsider, signers, mail(word, "ceo@example.com"))
    assert outsider.post(server, raw, sender=HOSTILE) == "250"
    assert "; dmarc=pass " in results(judged(server, word))


@pytest.mark.parametrize(
    ("sender", "envelope", "signers"),
    [
        ("ceo@example.com", HOSTILE, ["hostile.test"]),
        ("ceo@example.com", "ceo@sub.strict.example.net", []),
        ("ceo@strict.example.net", HOSTILE, ["sub.strict.example.net"]),
        ("ceo@strict.example.net", HOSTILE, ["example.net"]),
        ("ceo@strict.example.net", "ceo@sub.strict.example.net", []),
        ("ceo@strict.example.net", HOSTILE, ["sub.strict.example.net", "example.net"]),
    ],
)
def test_what_does_not(
    server: Server, outsider: Outsider, sender: str, envelope: str, signers: list[str]
) -> None:
    word = token()
    raw = signed_by(outsider, signers, mail(word, sender))
    domain = sender.partition("@")[2]
    assert outsider.post(server, raw, sender=envelope) == f"554 5.7.1 The domain {domain} {REFUSED}"
    assert server.copies(None, word) == []
    assert "; dmarc=fail " in outsider.judgement_of_own(raw, envelope)


def signed_by(outsider: Outsider, domains: list[str], message: EmailMessage) -> bytes:
    raw = message.as_bytes(policy=SMTP)
    for domain in domains:
        raw = outsider.signed(domain, raw)
    return raw


# --- Mailing lists ---


@pytest.mark.parametrize(
    "found",
    [
        "dmarc=pass",
        # As Mailman and others write it.
        "dmarc=pass (Used From Domain Record) header.from=bank.test policy.dmarc=reject",
    ],
)
def test_a_trusted_list_saves_it(server: Server, outsider: Outsider, found: str) -> None:
    word = token()
    raw = outsider.from_a_list(word, found=found)
    assert outsider.post(server, raw, sender="bounces@list.test") == "250"
    message = judged(server, word)
    assert "dmarc=fail" in results(message)
    assert "arc=pass" in results(message)
    assert message["X-Spam"] is None


@pytest.mark.parametrize(
    "found",
    [
        "dmarc=fail",
        "dmarc=passable",
        "spf=pass smtp.mailfrom=list.test",
        # What the sender chose may look like a verdict.
        'dmarc=fail smtp.mailfrom="a\\"; dmarc=pass; \\"b"@hostile.test',
        'dmarc=fail; spf=pass (domain of "a) ; dmarc=pass ("@hostile.test)',
        'dmarc=fail (of "a) ; dmarc=pass (("@hostile.test)',
        'dmarc (of x)=fail; spf=pass (domain of "a) ; dmarc=pass ("@hostile.test)',
        'spf=pass (domain of "a) ; dmarc=pass ("@hostile.test) smtp.mailfrom=x@hostile.test',
    ],
)
def test_a_list_that_was_deceived_does_not(server: Server, outsider: Outsider, found: str) -> None:
    raw = outsider.from_a_list(token(), found=found)
    assert outsider.post(server, raw, sender="bounces@list.test").startswith("554 5.7.1 ")


def test_a_verdict_that_somebody_adds_to_it_does_not(server: Server, outsider: Outsider) -> None:
    """The seal is on one of the two, and stays right."""
    forged = b"ARC-Authentication-Results: i=1; list.test; dmarc=pass\r\n"
    sealed = outsider.from_a_list(token(), found="dmarc=fail")
    for raw in (forged + sealed, sealed.replace(b"Subject: ", forged + b"Subject: ")):
        assert outsider.post(server, raw, sender=HOSTILE).startswith("554 5.7.1 ")


def test_a_trusted_list_may_seal_what_others_have_sealed(
    server: Server, outsider: Outsider
) -> None:
    word = token()
    raw = sealed_twice(outsider, outsider.from_a_list(word, by="hostile.test"))
    assert outsider.post(server, raw, sender="bounces@list.test") == "250"
    assert "arc=pass" in results(judged(server, word))


def test_but_not_where_the_first_seal_is_broken(server: Server, outsider: Outsider) -> None:
    first = outsider.from_a_list(token(), by="hostile.test")
    broken = re.sub(rb"(?s)(ARC-Seal: .*? b=)(.{4})", rb"\1AAAA", first, count=1)
    assert broken != first
    raw = sealed_twice(outsider, broken)
    assert outsider.post(server, raw, sender="bounces@list.test").startswith("554 5.7.1 ")


def sealed_twice(outsider: Outsider, raw: bytes) -> bytes:
    found = b"Authentication-Results: list.test; arc=pass; dmarc=pass\r\n"
    return outsider.sealed("list.test", found + raw)


def test_anybodys_seal_does_not(server: Server, outsider: Outsider) -> None:
    raw = outsider.from_a_list(token(), by="hostile.test")
    assert outsider.post(server, raw, sender=HOSTILE).startswith("554 5.7.1 ")


def test_a_seal_on_something_else_does_not(server: Server, outsider: Outsider) -> None:
    raw = outsider.from_a_list(token()).replace(b"Hello!", b"Send money!")
    assert outsider.post(server, raw, sender="bounces@list.test").startswith("554 5.7.1 ")


def test_who_seals_last_is_asked(server: Server, outsider: Outsider) -> None:
    """Or whoever once got mail from a list could write anything below its seal."""
    raw = outsider.from_a_list(token()).replace(b"Hello!", b"Send money!")
    found = b"Authentication-Results: hostile.test; arc=pass; dmarc=pass\r\n"
    raw = outsider.sealed("hostile.test", found + raw)
    assert outsider.post(server, raw, sender=HOSTILE).startswith("554 5.7.1 ")


# --- What is written into a message ---


@pytest.mark.parametrize(
    "line",
    [
        "Authentication-Results: {us}; dmarc=pass",
        "authentication-RESULTS: {US}; dmarc=pass",
        "Authentication-Results:\r\n\t(hello; you)\r\n {us}\r\n ; dmarc=pass",
        'Authentication-Results: "{us}" 1; dmarc=pass',
        "Authentication-Results : {us}; dmarc=pass",
        "Authentication-Results: {us}.; dmarc=pass",
        "X-Spam-Status: No, score=-100",
    ],
)
def test_nobody_else_writes_it(server: Server, outsider: Outsider, line: str) -> None:
    word = token()
    forged = line.format(us=server.hostname, US=server.hostname.upper())
    other = "Authentication-Results: mx.elsewhere.test; spf=pass"
    raw = f"{other}\r\n{forged}\r\n".encode() + mail(word, HOSTILE).as_bytes()
    assert outsider.post(server, raw, sender=HOSTILE) == "250"
    message = judged(server, word)
    ours, theirs = message.get_all("Authentication-Results", [])
    assert ours.startswith(server.hostname)
    assert "smtp.mailfrom=evil@hostile.test" in ours
    assert theirs == "mx.elsewhere.test; spf=pass"
    assert len(message.get_all("X-Spam-Status", [])) == 1
    assert "-100" not in message["X-Spam-Status"]


@pytest.mark.parametrize(
    "local",
    ['"a) ; dmarc=pass ("', '"a; dmarc=pass header.from=bank.test"', '"a\\"; dmarc=pass \\""'],
)
def test_nobody_writes_into_it(server: Server, outsider: Outsider, local: str) -> None:
    word = token()
    envelope = f"{local}@hostile.test"
    assert outsider.post(server, mail(word, "ceo@loose.test"), sender=envelope) == "250"
    found = results(judged(server, word)).split("; ")
    assert found[0] == server.hostname
    assert [each.partition(" ")[0] for each in found[1:]] == ["spf=pass", "dkim=none", "dmarc=fail"]
    assert not set(" ".join(found)) & set("()\\")


def test_spam_is_refused(server: Server, outsider: Outsider) -> None:
    word = token()
    answer = outsider.post(server, mail(word, HOSTILE, body=SPAM), sender=HOSTILE)
    assert answer.startswith("554 5.7.1 ")
    assert server.queue() == []


def test_a_submission_is_signed_and_nothing_else(server: Server) -> None:
    box, word, begin = server.mailbox(), token(), time.time()
    message = letter(word, sender=box.login, to=box.login, body="<a href=http://bank.test>x</a>\n")
    server.send(message, service="submissions", login=box.login)
    arrived = judged(server, word)
    assert arrived["Authentication-Results"] is None
    assert arrived["X-Spam-Status"] is None
    (queue_id,) = re.findall(r"id (\w+);", str(arrived["Received"]))
    (symbols,) = re.findall(rf"queue_id={queue_id} action.* symbols=(\S*)", server.journal(begin))
    assert re.fullmatch(r"DKIM_SIGNED\{[^{}]*\}", symbols)
