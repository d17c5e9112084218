"""The checks of the doctor that ask DNS, and its message to itself."""

import io
import os
import re
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import pytest
from mailpopbox.commands import doctor
from mailpopbox.commands.doctor import examined
from mailpopbox.doctor.finding import Finding
from mailpopbox.examining import selfmail
from mailpopbox.examining.patient import Check, Patient
from mailpopbox.examining.selfmail import PassingLogin
from nameserver import Reply, answers_of, failing, silent, zone
from patients import DOCTOR, DOORS, HERE, Round, Server
from speakers import Speaker

# --- DNS ---


def test_the_way_out(server: Server) -> None:
    assert server.found("outside") == [
        ("good", "Nobody is asked whether port 25 to the outside is open, as the settings say.")
    ]
    away = "example.org\n@ MX 20 127.0.0.1.\n@ MX 10 127.0.0.9."
    with server.asked(away), server.spoken(p25=Speaker()):
        found = server("--only", "outside", "--outside", "example.org").out
        assert "Port 25 to the outside is open: 127.0.0.1 answers." in found
        assert (
            "is closed (127.0.0.9: connection refused)"
            in server("--only", "outside", "--outside", "127.0.0.9").out
        )
    # A name of these letters is no address.
    with server.asked("abcdef\n@ MX 10 127.0.0.1."), server.spoken(p25=Speaker()):
        found = server("--only", "outside", "--outside", "abcdef").out
    assert "Port 25 to the outside is open: 127.0.0.1 answers." in found
    with server.asked(**{HERE: silent}):
        found = server("--only", "outside", "--outside", "example.org").out
    assert "cannot be found: 127.0.0.1 did not answer in time." in found


def test_resolvers(server: Server) -> None:
    with server.asked("example.com\n"):
        assert server.found("resolver") == [("good", "DNS answers, by 127.0.0.1.")]
    server.configure(resolver=True)
    with server.asked(**{HERE: silent}):
        assert server.found("resolver") == [
            ("bad", "The resolver 127.0.0.1 does not answer: 127.0.0.1 did not answer in time.")
        ]


def checked(question: dns.message.QueryMessage) -> Reply:
    """Answer as a resolver that has checked one zone, and finds another one forged."""
    name = str(question.question[0].name)
    if name == "forged.example.":
        return failing(dns.rcode.SERVFAIL)(question)
    reply = answers_of(zone("example.com", ""), zone("example.net", ""), own=False)(question)
    assert isinstance(reply, dns.message.Message)
    if name == "example.com.":
        reply.flags |= dns.flags.AD
    return reply


@pytest.mark.parametrize(
    ("program", "state", "said"),
    [
        (
            "echo ns:example.com",
            "good",
            "DNS answers, by 127.0.0.1; the host's own resolver checks DNSSEC.",
        ),
        ("echo ns:example.net", "bad", "The resolver 127.0.0.1 does not check DNSSEC, so "),
        ("echo ns:forged.example", "unknown", "nobody answers dnssec_probe (ns:forged.example)."),
        ("echo x:example.com", "unknown", "nobody answers dnssec_probe (x:example.com)."),
        ("echo example.com", "unknown", "nobody answers dnssec_probe (example.com)."),
        # Nobody asks.
        ("echo", "good", "DNS answers, by 127.0.0.1."),
        ("exit 1", "unknown", "is not known: postconf: exit 1."),
    ],
)
def test_whether_dnssec_is_checked(server: Server, program: str, state: str, said: str) -> None:
    """As Postfix finds out."""
    server.configure(resolver=True)
    server.program("postconf", f'[ "$*" = "-xh dnssec_probe" ] || exit 2; {program}')
    with server.asked(**{HERE: checked}):
        [(found, sentence)] = server.found("resolver")
    assert found == state
    assert said in sentence


def printed(server: Server) -> str:
    """Return the zone that the server prints."""
    server.host.config = server.dns
    text = server.host.run(
        "dns", "--zone", "--nameserver", "ns.example.com", "--keys", str(server.keys)
    ).out
    server.host.config = server.folder / "doctor.yml"
    return "\n".join(line for line in text.splitlines() if " SOA " not in line)


POINTER = "100.51.198.in-addr.arpa\n7 PTR mx.example.com."


def test_records_and_reverse_dns(server: Server) -> None:
    zone = f"example.com\n{printed(server)}"
    with server.asked(zone, POINTER), server.spoken(**DOORS):
        [(state, sentence)] = server.found("records")
        assert (state, sentence[-18:]) == ("good", "records are there.")
        assert server.found("reverse") == [
            ("good", "Reverse DNS, HELO and greeting agree on mx.example.com.")
        ]
    with server.asked(zone.replace("v=spf1 mx", "v=spf1 a"), POINTER):
        [(state, sentence)] = server.found("records")
    assert sentence.startswith("The SPF record at example.com is wrong: mx is not in it")
    # It belongs to the policy that is served.
    (server.folder / "mta-sts.txt").write_text("version: STSv1\n")
    with server.asked(zone, POINTER):
        [(state, sentence), _] = server.found("records")
    assert sentence == "The MTA-STS record at _mta-sts.example.com is missing."
    (server.folder / "mta-sts.txt").unlink()
    # A TLSA record that nobody asked for is looked at all the same.
    with server.asked(f"{zone}\n_25._tcp.mx TLSA 3 1 1 {'ab' * 32}\n", POINTER):
        [(state, sentence)] = server.found("records")
    assert sentence.startswith("The TLSA record at _25._tcp.mx.example.com is wrong")
    # Some domains are a part of the zone above.
    with server.asked("com\nexample MX 10 mx.example.com.\n", "org\n", POINTER):
        sentences = [sentence for _, sentence in server.found("records")]
    assert "The SPF record at example.com is missing." in sentences
    assert "The MX record at example.com is missing." not in sentences
    server.program("postconf", "exit 1")
    with server.asked("com\n", "org\n"):
        [(state, sentence)] = server.found("records")
        assert sentence.startswith("There is no domain example.com in DNS")
        states = [state for state, _ in server.found("reverse")]
    assert states == ["unknown", "unknown", "unknown"]


def test_keys(server: Server) -> None:
    assert [state for state, _ in server.found("keys")] == ["bad", "bad"]
    for domain in ("example.com", "mx.example.com"):
        folder = server.keys / domain
        folder.mkdir(parents=True)
    server.host.config = server.milter
    assert server.host.run("dkim", "prepare", "--keys", str(server.keys)).code == 0
    server.host.config = server.folder / "doctor.yml"
    assert server.found("keys") == [("good", "There are keys to sign with for 2 domains.")]
    [key] = (server.keys / "example.com").glob("*.key")
    key.unlink()
    [(_state, sentence)] = server.found("keys")
    assert sentence.startswith("There is no key to sign mail of example.com with")


def test_blocklists(server: Server) -> None:
    assert server.found("blocklists") == [("good", "No blocklists are asked, as the settings say.")]
    server.configure(blocklists=["bl.example.org"])
    listed = "example.org\n2.0.0.127.bl A 127.0.0.2\n7.100.51.198.bl A 127.0.0.3"
    with server.asked(listed):
        [(state, sentence)] = server.found("blocklists")
    assert (state, sentence[:50]) == ("bad", "198.51.100.7 is listed in bl.example.org (127.0.0.")
    server.configure(blocklists=["bl.example.org"], resolver=True)
    with server.asked(listed):
        assert [state for state, _ in server.found("blocklists")] == ["bad"]


# --- A message to oneself ---


def test_a_trip(server: Server, around: Round) -> None:
    zone = f"example.com\ns1._domainkey TXT {around.record}\n"
    with server.asked(zone), server.spoken(**around.speakers()):
        [(state, sentence)] = server.found("trip")
    assert state == "good", sentence
    assert sentence.startswith("1 message to oneself went through submission")
    # Nobody can log in any more.
    assert around.logins.read_text() == ""


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("x TXT y", "is not believed: DNS has no key at s1._domainkey.example.com."),
        (
            's1._domainkey TXT "a"\ns1._domainkey TXT "b"',
            "is not believed: DNS has several keys at",
        ),
        ('s1._domainkey TXT "v=DKIM1; p="', "is not believed: it does not fit the message and"),
    ],
)
def test_signatures_that_are_not_believed(
    server: Server, around: Round, record: str, said: str
) -> None:
    with server.asked(f"example.com\n{record}\n"), server.spoken(**around.speakers()):
        [(state, sentence)] = server.found("trip")
    assert state == "bad"
    assert sentence.startswith("The signature of example.com (s1, rsa-sha256) ")
    assert said in sentence


def test_a_signature_that_is_none() -> None:
    from mailpopbox.examining.signatures import author_of, signatures  # noqa: PLC0415

    raw = b"DKIM-Signature: v=9; a=rsa-sha256; d=example.com; s=s1\r\nSubject: x\r\n\r\nx\r\n"
    [found] = signatures(raw, lambda names: dict.fromkeys(names, ("v=DKIM1; p=QUJD",)))
    assert isinstance(found.why, str)
    assert found.why
    assert author_of(raw) == "nobody"


def test_nobody_knows_the_key(server: Server, around: Round) -> None:
    with server.asked(**{HERE: silent}), server.spoken(**around.speakers()):
        [(state, sentence)] = server.found("trip")
    assert (state, sentence[:25]) == ("unknown", "The signature of example.")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"AUTH": "454 4.7.0 later"}, "A message to oneself cannot be sent: 454 4.7.0 later."),
        ({"RCPT": "550 5.1.1 no"}, "A message to oneself cannot be sent: 550 5.1.1 no."),
        ({".": "451 4.7.1 later"}, "A message to oneself cannot be sent: 451 4.7.1 later."),
    ],
)
def test_a_trip_that_is_refused(
    server: Server, around: Round, answers: dict[str, str], said: str
) -> None:
    with server.spoken(**around.speakers(**answers)):
        assert server.found("trip") == [("bad", said)]
    assert around.logins.read_text() == ""


def test_a_trip_that_ends_nowhere(server: Server, around: Round) -> None:
    speakers = around.speakers()
    speakers["p995"] = Speaker("+OK", otherwise="+OK", tls="start")
    with server.spoken(**speakers):
        assert server.found("trip") == [
            ("bad", "A message to oneself was accepted, and does not arrive: 1 of 1 after 1.5 seconds.")
        ]  # fmt: skip
    speakers["p995"] = Speaker(
        "+OK", answers={"PASS": "-ERR [AUTH] no"}, otherwise="+OK", tls="start"
    )
    with server.spoken(**speakers):
        assert server.found("trip") == [
            ("bad", "A message to oneself cannot be fetched: -ERR [AUTH] no.")
        ]


def test_a_login_that_nobody_may_make(
    server: Server, around: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PassingLogin().for_now(DOCTOR):
        line = around.logins.read_text()
        assert re.fullmatch(rf"{DOCTOR}:{{SSHA512}}\S+::::::allow_nets=127.0.0.1\n", line)
        assert server.found("trip") == [
            ("unknown", "This could not be looked at: another doctor is at work.")
        ]
    monkeypatch.setattr(selfmail, "LOGINS", server.folder / "none")
    [(_, sentence)] = server.found("trip")
    assert sentence.endswith("none is not there; run the playbook.")

    def denied(*_: object) -> io.StringIO:
        raise PermissionError

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(OSError, match="it takes root"), PassingLogin().for_now(DOCTOR):
        pass


def test_a_login_that_is_closed_stays_so(around: Round) -> None:
    passing = PassingLogin()
    with passing.for_now(DOCTOR):
        passing.close()
        assert around.logins.read_text() == ""
    with pytest.raises(OSError, match="the time is over"), passing.for_now(DOCTOR):
        pass
    assert around.logins.read_text() == ""


def test_a_login_does_not_outlive_a_run(
    server: Server, around: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    speakers = around.speakers()
    speakers["p995"] = Speaker("+OK", otherwise="+OK", tls="start")
    monkeypatch.setattr(examined, "__defaults__", (0.5,))
    with server.spoken(**speakers):
        [(state, sentence)] = server.found("trip")
        assert around.logins.read_text() == ""
        for thread in set(threading.enumerate()) - {threading.current_thread()}:
            thread.join(5)
    assert (state, sentence) == ("unknown", "This could not be looked at within 0 seconds.")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_login_does_not_outlive_a_process(
    server: Server, around: Round, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    done = threading.Event()
    seen = []

    def killed(patient: Patient) -> Sequence[Finding]:
        with patient.login.for_now(DOCTOR):
            seen.append(around.logins.read_text())
            os.kill(os.getpid(), number)
            done.wait(30)
        return []

    monkeypatch.setattr(doctor, "CHECKS", [Check("trip", "", killed)])
    if number == signal.SIGTERM:
        assert server().code == 143
    else:
        # Who runs tests in the background may have them ignore it.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        with pytest.raises(KeyboardInterrupt):
            server()
        signal.signal(signal.SIGINT, before)
    assert seen[0].startswith(DOCTOR)
    assert around.logins.read_text() == ""
    done.set()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
