"""What the doctor says of a message to itself."""

from dataclasses import replace

import pytest
from judging import CONFIG
from mailpopbox.config import Mailbox
from mailpopbox.doctor import trip
from mailpopbox.doctor.finding import BAD, GOOD, UNKNOWN
from mailpopbox.doctor.trip import Arrived, Signature, Trip
from mailpopbox.found import Unknown

BOX = "postmaster@example.com"
SIGNED = Signature("example.com", "s1", "rsa-sha256")
BACK = Arrived(BOX, BOX, (SIGNED,))


def test_an_address_of_each_domain() -> None:
    boxes = (
        Mailbox("a@example.com", ("example.com", "xn--bcher-kva.example")),
        Mailbox("b@example.net", (), ("shop-*@example.net", "b@example.net", "c@example.org")),
    )
    assert trip.senders(replace(CONFIG, mailboxes=boxes)) == (
        BOX,
        "postmaster@xn--bcher-kva.example",
        "b@example.net",
        "c@example.org",
    )
    many = tuple(Mailbox(f"a@{n}.example", (f"{n}.example",)) for n in range(99))
    numbers = [len(trip.senders(replace(CONFIG, mailboxes=many), limit)) for limit in (0, 60, 9, 1)]
    assert numbers == [10, 10, 4, 1]


def test_the_message() -> None:
    made = trip.message("doctor@doctor.test", BOX, "token", "Fri, 20 Nov 2026 16:00:00 +0000")
    assert made["Subject"] == "token [sendas:postmaster@example.com]"
    assert made["From"] == made["To"] == "doctor@doctor.test"
    assert made["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("found", "state", "sentence"),
    [
        (
            Trip(seconds=1.26, arrived=(BACK, BACK)),
            GOOD,
            ("2 messages to oneself went through submission, milters, queue, mailbox and POP3 in 1.3 s,"
            " signed, as DNS confirms."),
        ),
        (
            Trip("submission", "451 4.7.1 Service unavailable"),
            BAD,
            "A message to oneself cannot be sent: 451 4.7.1 Service unavailable.",
        ),
        (
            Trip("queue", "1 of 2 after 12 seconds"),
            BAD,
            "A message to oneself was accepted, and does not arrive: 1 of 2 after 12 seconds.",
        ),
        (
            Trip("fetching", "-ERR no"),
            BAD,
            "A message to oneself cannot be fetched: -ERR no.",
        ),
        (
            Trip(arrived=(BACK, replace(BACK, author="doctor@doctor.test"))),
            BAD,
            "A message that was to leave as postmaster@example.com leaves as doctor@doctor.test.",
        ),
        (
            Trip(arrived=(replace(BACK, signatures=(replace(SIGNED, domain="example.net"),)),)),
            BAD,
            "Mail of example.com leaves without a signature.",
        ),
        (
            Trip(arrived=(replace(BACK, signatures=(replace(SIGNED, why="body hash"),)),)),
            BAD,
            "The signature of example.com (s1, rsa-sha256) is not believed: body hash.",
        ),
        (
            Trip(arrived=(replace(BACK, signatures=(replace(SIGNED, why=Unknown("late")),)),)),
            UNKNOWN,
            "The signature of example.com (s1, rsa-sha256) cannot be checked: late.",
        ),
    ],
)  # fmt: skip
def test_trips(found: Trip, state: str, sentence: str) -> None:
    [finding] = trip.trip(found)
    assert (finding.state, finding.sentence) == (state, sentence)


def test_where_the_key_of_a_signature_stands() -> None:
    tags = trip.tags_of("v=1; a=rsa-sha256; d=example.com;\r\n s=s1;\r\n b=ab\r\n cd=; h=from")
    assert trip.key_name(tags) == "s1._domainkey.example.com"
    assert tags["b"] == "abcd="
    assert trip.key_name({}) == "._domainkey."
