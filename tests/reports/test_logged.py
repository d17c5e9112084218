"""How servers were over TLS, read from what Postfix logs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loglines import (
    ALERT,
    AT,
    BACKUP,
    HANDSHAKE,
    MX_6,
    NO_HANDSHAKE,
    NOT_OFFERED,
    REFUSED,
    UNVERIFIED,
    deferred,
    doubted,
    established,
    sent,
)
from mailpopbox.journal import Entry
from mailpopbox.reports.logged import Attempt, Met, attempts_in

HOST, ADDRESS = "mx.example.net", "198.51.100.9"
WELL = Met(HOST, ADDRESS)
BACKUP_WELL = Met("backup.example.net", "198.51.100.10")
NO_TLS = Met(HOST, ADDRESS, "starttls-not-supported")
NO_SESSION = Met(HOST, ADDRESS, "validation-failure", "tls-handshake-failure")


def attempts(*lines: str | tuple[str, str]) -> list[Attempt]:
    """Read lines of one process, or of the one that is named."""
    named = [each if isinstance(each, tuple) else ("1", each) for each in lines]
    entries = [
        Entry(AT + number, "postfix/smtp", process, message)
        for number, (process, message) in enumerate(named)
    ]
    return list(attempts_in(entries))


def met(*lines: str) -> list[Met]:
    found = attempts(*lines)
    assert {each.domain for each in found} <= {"example.net"}
    return [each.met for each in found]


@pytest.mark.parametrize("how", ["Verified", "Trusted", "Untrusted", "Anonymous"])
def test_a_session_that_nobody_objected_to(how: str) -> None:
    assert attempts(established(how=how), sent()) == [
        Attempt(AT + 1, "C5C033E20C4", "example.net", WELL)
    ]


@pytest.mark.parametrize(
    ("why", "kind", "result", "reason"),
    [
        ("num=62:hostname mismatch", "server ", "certificate-host-mismatch", ""),
        ("certificate has expired", "server ", "certificate-expired", ""),
        (
            "num=65:no matching DANE TLSA records",
            "server ",
            "certificate-not-trusted",
            "no matching DANE TLSA records",
        ),
        ("self-signed certificate", "", "certificate-not-trusted", "self-signed certificate"),
        ("untrusted issuer /CN=CA: 2", "", "certificate-not-trusted", "untrusted issuer /CN=CA: 2"),
        (
            "not designated for use as a server certificate",
            "",
            "certificate-not-trusted",
            "not designated for use as a server certificate",
        ),
        (
            "certificate not yet valid",
            "CA ",
            "certificate-not-trusted",
            "certificate not yet valid",
        ),
    ],
)
def test_a_certificate_that_did_not_do(why: str, kind: str, result: str, reason: str) -> None:
    lines = doubted(why, kind)
    assert met(*lines, deferred(UNVERIFIED)) == [Met(HOST, ADDRESS, result, reason)]
    # The next one is another matter.
    assert met(*lines, deferred(UNVERIFIED), established(), sent())[1:] == [WELL]


def test_a_doubt_is_about_its_server_alone() -> None:
    doubt, _ = doubted("certificate has expired")
    assert met(doubt, HANDSHAKE[0], established(BACKUP), sent(server=BACKUP)) == [
        NO_SESSION,
        BACKUP_WELL,
    ]


@pytest.mark.parametrize("why", [NOT_OFFERED, REFUSED])
def test_a_server_that_has_no_tls(why: str) -> None:
    assert met(deferred(why)) == [NO_TLS]


def test_a_server_that_cannot_agree_on_tls() -> None:
    assert met(*HANDSHAKE, deferred(NO_HANDSHAKE)) == [NO_SESSION]


def test_a_server_that_mail_goes_to_without_tls_is_not_spoken_of() -> None:
    assert met(sent()) == []
    assert met(deferred("connect to mx.example.net[198.51.100.9]:25: Connection refused")) == []


@pytest.mark.parametrize(
    ("lines", "first"),
    [
        ([f"C5C033E20C4: {NOT_OFFERED}"], NO_TLS),
        ([f"C5C033E20C4: {REFUSED}"], NO_TLS),
        ([*HANDSHAKE, f"C5C033E20C4: {NO_HANDSHAKE}"], NO_SESSION),
        (
            [*doubted("num=62:hostname mismatch"), f"C5C033E20C4: {UNVERIFIED}"],
            Met(HOST, ADDRESS, "certificate-host-mismatch"),
        ),
    ],
)
def test_the_next_server_is_better(lines: list[str], first: Met) -> None:
    after = [established(BACKUP), sent(server=BACKUP)]
    assert met(*lines, *after) == [first, BACKUP_WELL]


def test_one_session_for_many_recipients_is_one() -> None:
    many = [f"{name}@example.net" for name in ("a", "b", "c")]
    assert met(established(), *(sent(each) for each in many)) == [WELL]
    assert met(*(deferred(NOT_OFFERED, each) for each in many)) == [NO_TLS]


def test_a_message_for_two_domains_is_two_sessions() -> None:
    found = attempts(deferred(NOT_OFFERED), deferred(NOT_OFFERED, "joe@example.org"))
    assert [(each.domain, each.met) for each in found] == [
        ("example.net", NO_TLS),
        ("example.org", NO_TLS),
    ]


def test_two_messages_to_the_same_two() -> None:
    lines = [deferred(NOT_OFFERED, f"{name}@example.net", key) for key in "AB" for name in "ab"]
    assert met(*lines) == [NO_TLS] * 2


@pytest.mark.parametrize("status", ["sent", "deferred", "bounced"])
def test_whatever_became_of_the_mail(status: str) -> None:
    assert met(established(), sent().replace("status=sent", f"status={status}")) == [WELL]


def test_a_line_that_was_cut() -> None:
    assert met(established(), sent()[:-20]) == [WELL]


def test_the_same_message_once_more_is_another_session() -> None:
    assert met(*[deferred(NOT_OFFERED)] * 2) == [NO_TLS] * 2
    assert met(deferred(NOT_OFFERED), deferred(NOT_OFFERED, queue_id="066783E20CC")) == [NO_TLS] * 2


def test_a_message_that_follows_in_the_same_session_is_none() -> None:
    assert met(established(), sent(), sent(queue_id="066783E20CC", more=" conn_use=2,")) == [WELL]


def test_a_report_is_not_reported() -> None:
    """Wherever it leaves by."""
    queued = ("9", "066783E20CC: from=<tls-reports@reports.invalid>, size=1638, nrcpt=1 (queue")
    other = ("9", "C5C033E20C4: from=<tls-reports@reports.example>, size=1638, nrcpt=1 (queue")
    found = attempts(
        queued, other, established(), sent(queue_id="066783E20CC"), established(), sent()
    )
    assert [each.queue_id for each in found] == ["C5C033E20C4"]


def test_processes_are_told_apart() -> None:
    found = attempts(
        ("1", established()),
        ("2", HANDSHAKE[0]),
        ("2", ALERT),
        ("1", sent("jane@example.net")),
        ("2", deferred(NO_HANDSHAKE, "joe@example.org")),
    )
    assert [(each.domain, each.met) for each in found] == [
        ("example.net", WELL),
        ("example.org", NO_SESSION),
    ]


@pytest.mark.parametrize(
    ("recipient", "domain"),
    [
        ("Jane@Example.NET", "example.net"),
        ("jane@bücher.example", "xn--bcher-kva.example"),
        ('"odd@one"@example.org', "example.org"),
        ('"odd>one"@example.org', "example.org"),
        ("anything@example.com>, orig_to=<jane@example.org", "example.com"),
    ],
)
def test_domains_as_dns_spells_them(recipient: str, domain: str) -> None:
    assert [each.domain for each in attempts(established(), sent(recipient))] == [domain]


@pytest.mark.parametrize("recipient", ["jane@[198.51.100.9]", "jane", ""])
def test_what_has_no_domain_is_nobodys(recipient: str) -> None:
    assert attempts(established(), sent(recipient)) == []
    # Nor does it count for who comes next.
    assert attempts(established(), sent(recipient), sent()) == []


def test_names_of_servers_are_the_same_in_any_case() -> None:
    assert met(established("MX.Example.net[198.51.100.9]"), sent()) == [WELL]


def test_addresses_of_both_kinds() -> None:
    assert met(established(MX_6), sent(server=MX_6)) == [Met(HOST, "2001:db8::9")]


@pytest.mark.parametrize(
    "said",
    [
        f"host mx.example.net[198.51.100.9] said: 550 {NOT_OFFERED} (in reply to RCPT TO command)",
        f"host mx.example.net[198.51.100.9] refused to talk to me: 421 {REFUSED}",
        f"host mx.example.net[198.51.100.9] said: 450 status=x ({NOT_OFFERED})",
        f"host mx.example.net[198.51.100.9] said: 450 {established()}",
        f"host mx.example.net[198.51.100.9] said: 450 {HANDSHAKE[0]}",
        f"host mx.example.net[198.51.100.9] said: 450 {doubted('other')[0]}",
    ],
)
def test_servers_cannot_speak_in_the_name_of_postfix(said: str) -> None:
    assert met(deferred(said)) == []
    assert met(f"C5C033E20C4: {said}", established(), sent()) == [WELL]


def test_what_became_of_the_mail_is_not_in_the_journal_yet() -> None:
    assert attempts(established(), *HANDSHAKE) == []


@given(st.lists(st.tuples(st.sampled_from("12"), st.text())))
def test_nothing_breaks_it(lines: list[tuple[str, str]]) -> None:
    assert attempts(*lines) == []
