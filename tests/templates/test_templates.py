"""Every template, for a small and a large contract; servers judge them in Molecule."""

import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from mailpopbox.cli import main
from mailpopbox.config import HOST_USERS, parse
from mailpopbox.passage import canonical
from mailpopbox.renewal import settings_of
from mailpopbox.reports.report import SENDER
from plugins import options
from rendering import ACME, LARGE, SETTINGS, SMALL, TEMPLATES, render

NAMES = sorted(str(p.relative_to(TEMPLATES))[:-3] for p in TEMPLATES.rglob("*.j2"))
# What is served to everybody says nothing of the kind.
FOR_HOSTS = [
    name for name in NAMES if ("/etc/" in name or "/usr/" in name) and "/public/" not in name
]


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("name", NAMES)
def test_renders_cleanly(name: str, settings: dict[str, Any]) -> None:
    text = render(name, settings)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert not re.search(r"{[{%#]|\bNone\b|\bTrue\b|\bFalse\b|\bUndefined\b", text)
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert "\n\n\n" not in text


@pytest.mark.parametrize("name", FOR_HOSTS)
def test_says_that_ansible_writes_it(name: str) -> None:
    assert "# Ansible managed\n" in render(name, SMALL)[:40]


def test_all_templates_mirror_their_target_paths() -> None:
    assert {name.split("/")[1] for name in NAMES} <= {"etc", "usr", "summary.txt"}


def test_both_dovecots_have_the_same_headings_in_the_same_order() -> None:
    def headings(series: str) -> list[str]:
        text = (TEMPLATES / f"dovecot/etc/dovecot/dovecot-{series}.conf.j2").read_text()
        return re.findall(r"^# --- (.*) ---$", text, re.MULTILINE)

    assert headings("2.3") == headings("2.4")
    assert len(headings("2.3")) > 4


def test_both_dovecots_depend_on_the_same_settings() -> None:
    def settings(series: str) -> list[str]:
        text = (TEMPLATES / f"dovecot/etc/dovecot/dovecot-{series}.conf.j2").read_text()
        return re.findall(r"_mail\.\w+", text)

    assert settings("2.3") == settings("2.4")


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_no_parameter_of_postfix_stands_twice(settings: dict[str, Any]) -> None:
    names = re.findall(r"^(\w+) =", render("postfix/etc/postfix/main.cf", settings), re.MULTILINE)
    assert len(names) == len(set(names))


def services(settings: dict[str, Any]) -> set[str]:
    text = render("postfix/etc/postfix/master.cf", settings)
    return set(re.findall(r"^(\S+) +(?:inet|unix|pass|unix-dgram) ", text, re.MULTILINE))


def test_the_knobs_of_postfix_choose_its_services() -> None:
    assert services(SMALL) - services(LARGE) == {"smtpd", "dnsblog", "tlsproxy"}
    assert services(LARGE) - services(SMALL) == {"capture", "tls-reports"}


def test_the_summary_has_what_a_mail_program_and_the_dns_want(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = SMALL | {"mailpopbox_addresses": ["198.51.100.7"]}
    facts = tmp_path / "dns.yml"
    facts.write_text(render("milter/etc/mailpopbox/dns.yml", settings))
    assert main(["dns", "--values", "--config", str(facts), "--keys", str(tmp_path)]) == 0
    records = capsys.readouterr().out.strip()
    summary = render("mailpopbox/summary.txt", settings, dns_records=records)
    for told in (
        r"Server +mx\.example\.com",
        r"User name +mailbox@example\.com",
        r"Password +in inventory/secrets/mailbox@example\.com\.txt",
        "POP3, port 995,",
        "SMTP, port 465,.* port 587,",
        r"mx +A +198\.51\.100\.7",
        r"@ +MX +10 +mx\.example\.com",
        r"@ +TXT +v=spf1 ",
        r"198\.51\.100\.7 +PTR +mx\.example\.com",
    ):
        assert re.search(f"^  .*{told}", summary, re.MULTILINE), told
    assert "\n\n\n" not in summary


def test_the_summary_names_the_command_where_records_would_fill_pages() -> None:
    summary = render("mailpopbox/summary.txt", LARGE)
    assert "mailpopbox dns --values  prints the records to set, of 4 domains\n" in summary


def test_the_summary_tells_of_the_certificate() -> None:
    def summary(**answer: object) -> str:
        return render("mailpopbox/summary.txt", ACME, answer)

    good = summary(why="", expires="2027-02-18T08:00:00Z", self_signed=False)
    assert "good until 2027-02-18T08:00:00Z, and renewed by itself" in good
    first = summary(why="no answer", expires="2036-11-17T08:00:00Z", self_signed=True)
    assert "THE CERTIFICATE IS SELF-SIGNED" in first
    assert "no answer" in first
    later = summary(why="no answer", expires="2027-02-18T08:00:00Z", self_signed=False)
    assert "good until 2027-02-18T08:00:00Z, COULD NOT BE RENEWED" in later


def test_the_summary_tells_of_the_web() -> None:
    assert "995, 443" not in render("mailpopbox/summary.txt", SMALL)
    web = render("mailpopbox/summary.txt", SMALL | {"mailpopbox_web": True})
    assert "995, 443; and 25" in web
    assert "https://mx.example.com/apple.mobileconfig" in web


def test_the_summary_tells_what_the_host_has_to_reach() -> None:
    def summary(settings: dict[str, Any], **changes: bool) -> str:
        return render("mailpopbox/summary.txt", settings | changes)

    assert "; and 25, 53, 443 from here to everybody." in summary(SMALL)
    assert "; and 25, 53 from here to everybody." in summary(SMALL, mailpopbox_mta_sts=False)
    assert "; and 25, 53, 443 from here" in summary(ACME, mailpopbox_mta_sts=False)
    assert "; and 25, 53, 443 from here" in summary(
        SMALL, mailpopbox_mta_sts=False, mailpopbox_tls_reports=True
    )


def test_certbot_is_told_what_the_settings_say() -> None:
    told = settings_of(render("acme/etc/mailpopbox/acme/certbot.ini", ACME))
    assert told["domains"].split(",") == [
        "mx.example.com",
        "mail.example.com",
        "xn--bcher-kva.example",
        "autoconfig.example.com",
        "mta-sts.example.com",
    ]
    assert told["email"] == "me@example.com"
    assert told["authenticator"] == "dns-rfc2136"
    assert told["reuse-key"] == "true"
    assert told["dns-rfc2136-propagation-seconds"] == "5"
    # A folder for each authority.
    assert told["config-dir"] == "/var/lib/mailpopbox-acme/acme.example.com-14000-dir-"
    ours = settings_of(render("acme/etc/mailpopbox/acme/certbot.ini", SMALL))
    assert ours["authenticator"] == "standalone"
    assert ours["config-dir"].endswith("/acme-v02.api.letsencrypt.org-directory")


def test_a_captured_message_goes_to_the_mailbox_that_is_named() -> None:
    assert "static:c@example.org/Maildir/" in render("postfix/etc/postfix/master.cf", LARGE)


def test_every_knob_reaches_a_template() -> None:
    used = set(re.findall(r"_mail\.(\w+)", "".join(p.read_text() for p in chain(
        TEMPLATES.rglob("*.j2"), TEMPLATES.parent.glob("roles/*/*/*.yml"),
        TEMPLATES.parent.glob("publish/*.yml")))))  # fmt: skip
    knobs = {key.removeprefix("mailpopbox_") for key in options()}
    assert knobs <= used


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_milter_accepts_its_configuration(settings: dict[str, Any]) -> None:
    text = render("milter/etc/mailpopbox/milter.yml", settings)
    assert parse(yaml.safe_load(text)).hostname == "mx.example.com"


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_milter_knows_who_gets_the_mail_for_the_host(settings: dict[str, Any]) -> None:
    config = parse(yaml.safe_load(render("milter/etc/mailpopbox/milter.yml", settings)))
    table = render("postfix/etc/postfix/host_aliases", settings)
    aliases = dict(re.findall(r"^([^#\s]\S*) (\S+)$", table, re.MULTILINE))
    assert {f"{user}@{config.hostname}" for user in HOST_USERS} <= aliases.keys()
    assert {each: config.receiver_of(each) for each in aliases} == aliases


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_milter_knows_whose_each_address_is(settings: dict[str, Any]) -> None:
    config = parse(yaml.safe_load(render("milter/etc/mailpopbox/milter.yml", settings)))
    table = render("postfix/etc/postfix/addresses", settings)
    routes = dict(re.findall(r"^(\S+@\S+) (\S+)/Maildir/$", table, re.MULTILINE))
    del routes[config.doctor]
    assert {each: config.owner_of(canonical(each)) for each in routes} == routes


POSIX_CLASSES = {"alnum": "A-Za-z0-9", "cntrl": r"\x00-\x1f\x7f", "space": r"\s"}
DATE = "Fri, 20 Nov 2026 06:45:11 +0000 (UTC)"
RECEIVED = {
    "for one recipient": """\
Received: from laptop ([198.51.100.7])
\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))
\tby mx.example.com (Postfix) with ESMTPSA id 4XYZ12
\tfor <a@example.org>; """,
    "for several": """\
Received: from laptop ([198.51.100.7])
\tby mx.example.com (Postfix) with ESMTPSA id 4XYZ12;
\t""",
    "from a client that tries to steer the expression": """\
Received: from by mx.example.com (Postfix) with X id LIE; ([198.51.100.7])
\tby mx.example.com (Postfix) with UTF8SMTPSA id 4XYZ12
\tfor <"a; by mx.example.com (Postfix) with X id LIE;"@example.org>; """,
}


@pytest.mark.parametrize("line", RECEIVED.values(), ids=RECEIVED)
def test_a_submission_keeps_one_received_line_that_tells_nothing(line: str) -> None:
    table = render("postfix/etc/postfix/submission_header_checks", SMALL)
    posix, replacement = re.findall(r"^/(.*)/\n +REPLACE (.*)$", table, re.MULTILINE)[0]
    for name, characters in POSIX_CLASSES.items():
        posix = posix.replace(f"[:{name}:]", characters)
    found = re.search(posix, line + DATE, re.IGNORECASE)
    assert found
    left = re.sub(r"\$(\d)", lambda group: found[int(group[1])], replacement)
    assert left == f"Received: by mx.example.com (Postfix) id 4XYZ12; {DATE}"


REPORTING = SMALL | {"mailpopbox_tls_reports": True}


@pytest.mark.parametrize(
    ("settings", "release", "sessions"),
    [(SMALL, "12", ""), (SMALL, "13", ""), (REPORTING, "12", "logged"), (REPORTING, "13", "told")],
)
def test_postfix_tells_of_tls_where_it_can_and_somebody_wants_it(
    settings: dict[str, Any], release: str, sessions: str
) -> None:
    """The one on Debian 12 knows none of the words, and is refused with them."""
    main_cf = render("postfix/etc/postfix/main.cf", settings, release=release)
    policies = render("outbound/etc/mta-sts-daemon.yml", settings, release=release)
    doctor = render("doctor/etc/mailpopbox/doctor.yml", settings, release=release)
    tells = sessions == "told"
    assert ("\nsmtp_tlsrpt_enable = yes\n" in main_cf) == tells
    assert ("tlsrpt" in main_cf) == tells
    assert yaml.safe_load(policies)["default_zone"].get("tlsrpt", False) == tells
    assert yaml.safe_load(doctor).get("tls_sessions", "") == sessions


RELAYED = {"mailpopbox_postfix_extra": {"relayhost": "[mx.example.net]"}}
ELSEWHERE = {"mailpopbox_postfix_extra": {"default_transport": "smtp:[mx.example.net]"}}
BY_SENDER = {"mailpopbox_postfix_extra": {"sender_dependent_relayhost_maps": "inline:{x=[mx]}"}}
CAPTURED = {"mailpopbox_capture_outbound": "mailbox@example.com"}


@pytest.mark.parametrize("release", ["12", "13"])
@pytest.mark.parametrize(
    ("settings", "is_set", "is_led"),
    [
        (REPORTING, True, True),
        (SMALL, False, False),
        # How mail leaves, and whether, is not for them to say.
        (REPORTING | RELAYED, True, False),
        (REPORTING | ELSEWHERE, True, False),
        (REPORTING | CAPTURED, True, False),
        (REPORTING | BY_SENDER, True, False),
    ],
)
def test_reports_arrive_where_tls_fails_too(
    settings: dict[str, Any], release: str, *, is_set: bool, is_led: bool
) -> None:
    """By a sender that nobody else can have, and that does not leave."""
    main_cf = settings_of(render("postfix/etc/postfix/main.cf", settings, release=release))
    generic = f"inline:{{ {SENDER}=postmaster@mx.example.com }}"
    assert main_cf.get("smtp_generic_maps") == (generic if is_set else None)
    way = f"inline:{{ {SENDER}=tls-reports: }}"
    assert main_cf.get("sender_dependent_default_transport_maps") == (way if is_led else None)
    master_cf = render("postfix/etc/postfix/master.cf", settings, release=release)
    assert ("\ntls-reports unix" in master_cf) == is_set
    if is_set:
        service = master_cf[master_cf.index("\ntls-reports unix") :]
        assert service.startswith(
            "\ntls-reports unix  -       -      y      -      -       smtp\n"
            "    -o syslog_name=postfix/tls-reports\n"
            "    -o smtp_tls_security_level=may\n"
            "    -o smtp_tls_policy_maps=\n"
        )


@pytest.mark.parametrize(("release", "is_logged"), [("12", True), ("13", False)])
def test_what_notes_sessions(release: str, *, is_logged: bool) -> None:
    """All of a day is noted before it is reported."""
    units = "outbound/etc/systemd/system/mailpopbox-tls"
    reports = render(f"{units}-reports.service", REPORTING, release=release)
    assert ("\nWants=mailpopbox-tls-sessions.service\n" in reports) == is_logged
    assert (" mailpopbox-tls-sessions.service\n\n[Service]" in reports) == is_logged
    sessions = render(f"{units}-sessions.service", REPORTING, release=release)
    assert ("\nType=oneshot\n" in sessions) == is_logged
    assert ("\nRestart=on-failure\n" in sessions) != is_logged
    families = "AF_UNIX AF_INET AF_INET6" if is_logged else "AF_UNIX"
    assert f"\nRestrictAddressFamilies={families}\n" in sessions
    for unit in (reports, sessions):
        assert "\nStateDirectory=mailpopbox-tls-reports\n" in unit


def test_postfix_logs_what_is_read() -> None:
    assert "\nsmtp_tls_loglevel = 1\n" in render("postfix/etc/postfix/main.cf", REPORTING)


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({}, " --resolver 127.0.0.1 --policies /var/spool/postfix/mailpopbox/tls-policies.sock"),
        ({"mailpopbox_mta_sts": False}, " --resolver 127.0.0.1"),
        ({"mailpopbox_mta_sts": False, "mailpopbox_resolver": False}, ""),
    ],
)
def test_what_is_logged_is_joined_with_what_postfix_goes_by(
    settings: dict[str, Any], options: str
) -> None:
    name = "outbound/etc/systemd/system/mailpopbox-tls-sessions.service"
    unit = render(name, REPORTING | settings, release="12")
    assert f"\nExecStart=/usr/local/bin/mailpopbox tls-sessions --logged{options}\n" in unit
    assert "\nSupplementaryGroups=systemd-journal\n" in unit
    assert "journal" not in render(name, REPORTING | settings, release="13")


def test_postfix_tells_of_tls_where_systemd_listens() -> None:
    main_cf = render("postfix/etc/postfix/main.cf", REPORTING)
    socket = render("outbound/etc/systemd/system/mailpopbox-tls-sessions.socket", REPORTING)
    [told] = re.findall(r"^smtp_tlsrpt_socket_name = (\S+)$", main_cf, re.MULTILINE)
    assert f"\nListenDatagram=/var/spool/postfix/{told}\n" in socket
    assert "\nSocketUser=postfix\n" in socket
    assert "\nSocketMode=0600\n" in socket
