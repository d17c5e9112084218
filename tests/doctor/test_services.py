"""What the doctor says of the services, and which of them have to run."""

import pytest
from mailpopbox.doctor.finding import BAD, GOOD, UNKNOWN, Finding
from mailpopbox.doctor.services import SERVICES, TIMERS, services, wanted
from mailpopbox.doctor.settings import Settings
from mailpopbox.found import Unknown

HIDDEN = Unknown("no right")
LEAST = Settings(resolver=False, mta_sts=False, daily=False)


def said(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(each.state, each.sentence) for each in findings]


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        (LEAST, []),
        (Settings(resolver=True, mta_sts=False), ["unbound"]),
        (Settings(resolver=False), ["postfix-mta-sts-resolver", "mailpopbox-tls-policies"]),
        (
            Settings(resolver=False, mta_sts=False, tls_sessions="told"),
            ["mailpopbox-tls-sessions.socket"],
        ),
        (Settings(resolver=False, mta_sts=False, tls_sessions="logged"), []),
        (Settings(resolver=False, mta_sts=False, web=True), ["nginx"]),
    ],
)
def test_which_services_are_wanted(settings: Settings, more: list[str]) -> None:
    always = ["postfix", "dovecot", "mailpopbox-milter", "rspamd"]
    assert list(wanted(SERVICES, settings)) == [*always, *more]


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        (LEAST, []),
        (
            Settings(tls="acme", tls_sessions="told"),
            [
                "mailpopbox-tls-reports.timer",
                "mailpopbox-acme.timer",
                "mailpopbox-doctor.timer",
            ],
        ),
        (
            Settings(daily=False, tls_sessions="logged"),
            ["mailpopbox-tls-sessions.timer", "mailpopbox-tls-reports.timer"],
        ),
    ],
)
def test_which_timers_are_wanted(settings: Settings, more: list[str]) -> None:
    assert list(wanted(TIMERS, settings)) == ["mailpopbox-tidy.timer", *more]


def test_which_units_they_are() -> None:
    found = wanted(SERVICES, LEAST)
    assert found["postfix"] == ("postfix@-.service", "postfix.service")
    assert found["rspamd"] == ("rspamd",)


def test_services_that_run() -> None:
    found = dict.fromkeys(("postfix", "mailpopbox-milter", "mailpopbox-doctor.timer"), "active")
    assert said(services(found)) == [(GOOD, "Postfix, the milter and the timer of the doctor run.")]
    # Whatever stands first has a capital.
    assert said(services({"unbound": "active", "rspamd": "active"})) == [
        (GOOD, "The resolver and Rspamd run.")
    ]


def test_services_that_do_not() -> None:
    found = services({"postfix": "active", "rspamd": "failed", "dovecot": HIDDEN})
    assert said(found) == [
        (BAD, "Rspamd does not run (failed), so mail waits with its senders."),
        (UNKNOWN, "Whether dovecot runs cannot be seen: no right."),
    ]
    assert found[0].fix.startswith("systemctl start rspamd; ")
