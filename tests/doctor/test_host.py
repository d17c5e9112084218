"""What the doctor says of the host itself."""

import struct

import pytest
from mailpopbox.doctor import host, milters
from mailpopbox.doctor.finding import BAD, GOOD, UNKNOWN, WARNING, Finding
from mailpopbox.doctor.host import Space
from mailpopbox.found import Queue, Unknown
from mailpopbox.times import DAY, HOUR

NOW = 1_800_000_000
HIDDEN = Unknown("no right")
GIGA, MEGA = 10**9, 10**6


def said(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(each.state, each.sentence) for each in findings]


def test_milters() -> None:
    assert said(milters.milters({"The milter": "", "Rspamd": ""})) == [
        (GOOD, "The milter and Rspamd answer Postfix.")
    ]
    [found] = milters.milters({"The milter": "connection refused", "Rspamd": ""})
    assert (found.state, found.sentence) == (
        BAD,
        "The milter does not answer (connection refused), so mail waits with its senders.",
    )
    assert found.fix.startswith("systemctl restart mailpopbox-milter;")


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (struct.pack("!IcIII", 13, b"O", 6, 1, 1), True),
        (struct.pack("!Ic", 1, b"t"), False),
        (b"220 mx.example.com ESMTP", False),
        (b"", False),
    ],
)
def test_the_first_words_of_a_milter(octets: bytes, expected: bool) -> None:  # noqa: FBT001
    assert milters.answers(octets) is expected


@pytest.mark.parametrize(
    ("space", "state", "sentence"),
    [
        (Space("/", 5 * GIGA, 10 * GIGA, 9, 10), GOOD, "There is room on the disk: 5.0 GB of 10 GB are free at /."),
        # Where files have no limit of their own.
        (Space("/", 5 * GIGA, 10 * GIGA), GOOD, "There is room on the disk: 5.0 GB of 10 GB are free at /."),
        (Space("/v", 900 * MEGA, 10 * GIGA), WARNING, "The disk fills up: 900 MB of 10 GB are left at /v."),
        (Space("/v", 199 * MEGA, 10 * GIGA), BAD, "The disk is full: 199 MB of 10 GB are left at /v."),
        (Space("/v", 49 * MEGA, 99 * MEGA), BAD, "The disk is full: 49 MB of 99 MB are left at /v."),
        (
            Space("/v", 5 * GIGA, 10 * GIGA, 1, 100),
            BAD,
            "The disk takes hardly any more files: 1 of 100 are left at /v.",
        ),
    ],
)  # fmt: skip
def test_disks(space: Space, state: str, sentence: str) -> None:
    assert said(host.disk([space])) == [(state, sentence)]


def test_the_tightest_disk_is_shown() -> None:
    spaces = [Space("/", 9 * GIGA, 10 * GIGA), Space("/v", 3 * GIGA, 10 * GIGA), Space("/n", 0, 0)]
    [finding, *_] = host.disk(spaces[:2])
    assert finding.sentence.endswith(" at /v.")
    assert host.disk(spaces)[0].about == "/n"


@pytest.mark.parametrize(
    ("ahead", "state", "sentence"),
    [
        (0.2, GOOD, "The clock is right, by ntp.example.com."),
        (-4.9, GOOD, "The clock is right, by ntp.example.com."),
        (5, WARNING, "The clock is 5 seconds ahead, by ntp.example.com."),
        (-59, WARNING, "The clock is 59 seconds behind, by ntp.example.com."),
        (-60, BAD, "The clock is 1min behind, by ntp.example.com."),
        (7201, BAD, "The clock is 2h ahead, by ntp.example.com."),
        (HIDDEN, UNKNOWN, "Nobody tells the right time: no right."),
    ],
)
def test_clocks(ahead: float | Unknown, state: str, sentence: str) -> None:
    assert said((host.clock(ahead, "ntp.example.com"),)) == [(state, sentence)]


def answer(first: int = 0x24, stratum: int = 3) -> bytes:
    return bytes([first, stratum]) + bytes(38) + struct.pack("!II", NOW + 2_208_988_800, 1 << 31)


def test_what_an_ntp_server_tells() -> None:
    assert host.time_told(answer()) == NOW + 0.5
    for wrong in (answer()[:-1], answer(first=0x23), answer(stratum=0), answer(stratum=16), b""):
        assert host.time_told(wrong) is None


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Queue(), [(GOOD, "The queue is empty.")]),
        (Queue({"active": 1}, NOW - 9), [(GOOD, "1 message in the queue, none for long.")]),
        (
            Queue({"deferred": 2, "active": 1}, NOW - 4 * HOUR),
            [(WARNING, "Mail waits in the queue since 4h; 3 messages in all.")],
        ),
        (
            Queue({"deferred": 1}, NOW - 3 * DAY),
            [(BAD, "Mail waits in the queue since 3d; 1 message in all.")],
        ),
        (
            Queue({"hold": 1}, NOW),
            [(BAD, "1 message is held in the queue, and will not leave.")],
        ),
        (
            Queue({"hold": 2}, NOW - DAY),
            [
                (BAD, "2 messages are held in the queue, and will not leave."),
                (BAD, "Mail waits in the queue since 24h; 2 messages in all."),
            ],
        ),
        (HIDDEN, [(UNKNOWN, "The queue cannot be seen: no right.")]),
    ],
)
def test_queues(found: Queue | Unknown, expected: list[tuple[str, str]]) -> None:
    assert said(host.queue(found, NOW)) == expected
