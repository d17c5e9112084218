"""Which services have to run, and what it means that one of them does not."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailpopbox.counting import listed
from mailpopbox.doctor.finding import Finding, bad, or_good, unknown
from mailpopbox.doctor.settings import Settings
from mailpopbox.found import Unknown


@dataclass(frozen=True, slots=True)
class Service:
    """Something that systemd keeps running: what it is called, and what is lost without it."""

    title: str
    loss: str
    is_wanted: Callable[[Settings], bool] = lambda _settings: True
    # One of them has to run, where it is not the one of its name.
    units: tuple[str, ...] = ()


_NOTHING_LEAVES = "mail to others waits in the queue"
_NO_REPORTS = "domains that ask for reports on TLS get none"

SERVICES = {
    # Where Debian 12 runs Postfix in postfix@-, postfix itself has done its work and is "exited".
    "postfix": Service(
        "Postfix", "no mail comes or goes", units=("postfix@-.service", "postfix.service")
    ),
    "dovecot": Service("Dovecot", "nobody can fetch mail, or log in to send"),
    "mailpopbox-milter": Service("The milter", "mail waits with its senders"),
    "rspamd": Service("Rspamd", "mail waits with its senders"),
    "unbound": Service(
        "The resolver",
        f"{_NOTHING_LEAVES}, and the names and signatures of others cannot be checked",
        lambda settings: settings.resolver,
    ),
    "postfix-mta-sts-resolver": Service(
        "The lookup of MTA-STS policies", _NOTHING_LEAVES, lambda settings: settings.mta_sts
    ),
    "mailpopbox-tls-policies": Service(
        "The service of TLS policies", _NOTHING_LEAVES, lambda settings: settings.mta_sts
    ),
    "mailpopbox-tls-sessions.socket": Service(
        "The socket for TLS sessions", _NO_REPORTS, lambda settings: settings.tls_sessions == "told"
    ),
    "nginx": Service(
        "nginx",
        "mail programs do not find their settings, and others not the policy for MTA-STS",
        lambda settings: settings.web,
    ),
}
TIMERS = {
    "mailpopbox-tidy.timer": Service(
        "The timer of `mailpopbox tidy`", "the ledger forgets nothing"
    ),
    "mailpopbox-tls-sessions.timer": Service(
        "The timer of TLS sessions",
        _NO_REPORTS,
        lambda settings: settings.tls_sessions == "logged",
    ),
    "mailpopbox-tls-reports.timer": Service(
        "The timer of TLS reports", _NO_REPORTS, lambda settings: bool(settings.tls_sessions)
    ),
    "mailpopbox-acme.timer": Service(
        "The timer of the certificate", "nobody renews it", lambda settings: settings.tls == "acme"
    ),
    "mailpopbox-doctor.timer": Service(
        "The timer of the doctor", "nobody looks every day", lambda settings: settings.daily
    ),
}
_ALL = SERVICES | TIMERS


def wanted(table: Mapping[str, Service], settings: Settings) -> dict[str, Sequence[str]]:
    """Return the units of those that the settings ask for, by name."""
    return {name: each.units or (name,) for name, each in table.items() if each.is_wanted(settings)}


def services(found: Mapping[str, str | Unknown]) -> tuple[Finding, ...]:
    """Judge how services are, by name."""
    names = listed(_ALL[name].title.replace("The ", "the ") for name in found)
    return or_good(_services(found), f"{names[0].upper()}{names[1:]} run.")


def _services(found: Mapping[str, str | Unknown]) -> Iterator[Finding]:
    for name, state in found.items():
        service = _ALL[name]
        if isinstance(state, Unknown):
            yield unknown(name, f"Whether {name} runs cannot be seen: {state.why}.")
        elif state != "active":
            fix = f"systemctl start {name}; if it does not stay up: journalctl -u {name}"
            yield bad(name, f"{service.title} does not run ({state}), so {service.loss}.", fix)
