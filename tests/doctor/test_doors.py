"""What the doctor says of what others meet at the ports."""

from dataclasses import replace

import pytest
from mailpopbox.doctor import doors
from mailpopbox.doctor.doors import Outside, Shown, Spoken, Trick
from mailpopbox.doctor.finding import BAD, GOOD, UNKNOWN, WARNING, Finding
from mailpopbox.found import Certificate, Unknown
from mailpopbox.times import DAY, clock

NOW = 1_800_000_000
HOST = "mx.example.com"
END = NOW + 90 * DAY
HIDDEN = Unknown("no right")


def said(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(each.state, each.sentence) for each in findings]


def test_ports() -> None:
    assert said(doors.ports({25: "", 995: ""})) == [(GOOD, "Ports 25 and 995 answer.")]
    found = doors.ports({25: "no answer in time", 995: "connection refused"})
    assert said(found) == [
        (BAD, "Nobody answers on port 25 (mail from other servers): no answer in time."),
        (BAD, "Nobody answers on port 995 (POP3): connection refused."),
    ]
    assert found[1].fix.startswith("systemctl restart dovecot;")


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [
        (Spoken("TLSv1.3"), [(GOOD, "Ports 25 speak TLS 1.2 or newer, and nothing older.")]),
        (Spoken("TLSv1.3", "TLS 1.0"), [(BAD, "Port 25 accepts TLS 1.0, which is broken.")]),
        (
            Spoken(""),
            [(BAD, "Port 25 offers no TLS, so passwords and mail would go in clear text.")],
        ),
        (Spoken(HIDDEN), [(UNKNOWN, "No TLS could be tried on port 25: no right.")]),
    ],
)
def test_versions_of_tls(spoken: Spoken, expected: list[tuple[str, str]]) -> None:
    assert said(doors.tls({25: spoken})) == expected


OWN = Shown(Certificate(END, is_self_signed=True, names=(HOST,)), "self-signed certificate")
GIVEN = Shown(Certificate(END, names=("www.example.com", "*.example.com")), "")
UNTIL = f"The certificate is for {HOST} and good until {clock(END)}."


def of(shown: Shown, **changed: object) -> Shown:
    return replace(shown, certificate=replace(shown.certificate, **changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shown", "source", "expected"),
    [
        (OWN, "selfsigned", [(GOOD, f"{UNTIL} It is self-signed, as the settings say.")]),
        (GIVEN, "acme", [(GOOD, f"{UNTIL} Who signed it is trusted.")]),
        (HIDDEN, "acme", [(UNKNOWN, "The certificate cannot be seen: no right.")]),
        (of(GIVEN, expires=NOW), "files", [(BAD, f"The certificate expired on {clock(NOW)}.")]),
        (
            of(GIVEN, expires=NOW + DAY),
            "files",
            [(WARNING, f"The certificate is good until {clock(NOW + DAY)} only.")],
        ),
        (
            of(GIVEN, names=("a.example.com", "*.mx.example.com")),
            "files",
            [(BAD, f"The certificate is for a.example.com and *.mx.example.com, and not for {HOST}.")],
        ),
        (of(GIVEN, names=()), "acme", [(BAD, f"The certificate is for no name, and not for {HOST}.")]),
        (
            OWN,
            "acme",
            [(BAD, "The certificate is self-signed: the authority has given none yet.")],
        ),
        (
            OWN,
            "files",
            [(WARNING, "Mail programs will not trust the certificate: self-signed certificate.")],
        ),
        (
            replace(GIVEN, chain="unable to get local issuer certificate"),
            "files",
            [(WARNING, "Mail programs will not trust the certificate: unable to get local issuer certificate.")],
        ),
        (
            replace(GIVEN, others=(465,)),
            "files",
            [(BAD, "Port 465 shows another certificate than the one in /etc/mailpopbox/tls/server.pem.")],
        ),
    ],
)  # fmt: skip
def test_certificates(shown: Shown | Unknown, source: str, expected: list[tuple[str, str]]) -> None:
    assert said(doors.certificate(shown, HOST, source, NOW)) == expected


def test_open_relays() -> None:
    tricks = doors.tricks(HOST, "example.com")
    # Postfix lets a client wait from the tenth refusal on.
    assert len(tricks) < 10
    assert doors.relay({"192.0.2.1": []}, [])[0].state == GOOD
    found = doors.relay({"192.0.2.1": tricks[:2], "192.0.2.2": HIDDEN, "192.0.2.3": []}, [])
    assert said(found) == [
        (
            BAD,
            (
                "The server is an open relay: at 192.0.2.1 it takes mail from <stranger@example.net> to"
                " <victim@example.org>."
            ),
        ),
        (UNKNOWN, "Port 25 of 192.0.2.2 could not be tried: no right."),
    ]
    assert Trick("", "victim@example.org") in tricks


def test_who_is_trusted_for_his_address() -> None:
    networks = ["203.0.113.0/24", "[2001:db8::]/64"]
    assert said(doors.relay({"192.0.2.1": []}, networks)) == [
        (
            BAD,
            (
                "Whoever is in 203.0.113.0/24 and [2001:db8::]/64 sends through this server without a"
                " login, as any sender."
            ),
        )
    ]
    assert said(doors.relay({}, HIDDEN)) == [
        (UNKNOWN, "Whom Postfix trusts cannot be seen: no right.")
    ]


@pytest.mark.parametrize(
    ("restrictions", "networks", "expected"),
    [
        ("reject_unauth_destination", "0.0.0.0/0", []),
        ("permit_mynetworks, reject", "127.0.0.0/8 [::1]/128, [::ffff:127.0.0.0]/104", []),
        ("permit_mynetworks,reject", "127.0.0.1 203.0.113.7", ["203.0.113.7"]),
        ("reject\tpermit_mynetworks", " [2001:db8::]/64 ", ["[2001:db8::]/64"]),
        ("PERMIT_MYNETWORKS", "127.0.0.0/8, !127.0.0.5, ", []),
        ("permit_mynetworks", "", []),
        ("permit_mynetworks", "cidr:/etc/postfix/networks", ["cidr:/etc/postfix/networks"]),
    ],
)
def test_who_sends_without_a_login(restrictions: str, networks: str, expected: list[str]) -> None:
    found = doors.trusted_by(f"{restrictions}\n{networks}\n")
    assert not isinstance(found, Unknown)
    assert list(found) == expected


def test_what_postconf_never_printed() -> None:
    assert isinstance(doors.trusted_by("permit_mynetworks\n"), Unknown)


def test_the_way_out() -> None:
    first, second = Outside("a.example.org", "no answer in time"), Outside("b.example.org")
    assert doors.outside("example.org", [first, second]).sentence == (
        "Port 25 to the outside is open: b.example.org answers."
    )
    shut = doors.outside("example.org", [first, replace(second, why="connection refused")])
    assert (shut.state, shut.sentence) == (
        BAD,
        (
            "Port 25 to the outside is closed (a.example.org: no answer in time; b.example.org:"
            " connection refused), so no mail leaves."
        ),
    )
    assert doors.outside("example.org", HIDDEN) == Finding(
        UNKNOWN, "outside", "The mail servers of example.org cannot be found: no right."
    )
