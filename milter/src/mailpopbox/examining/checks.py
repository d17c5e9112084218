"""The checks of the doctor: each asks the host, or others from the host, and has it judged."""

import os
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mailpopbox import renewal
from mailpopbox.doctor import doors, host, milters, web
from mailpopbox.doctor.finding import bad, good, unknown
from mailpopbox.doctor.services import SERVICES, TIMERS, services, wanted
from mailpopbox.examining import gathering, inquiring, knocking
from mailpopbox.examining.patient import Check, Findings, Patient
from mailpopbox.found import Certificate, LedgerState, Unknown
from mailpopbox.programs import run

_RSPAMD = Path("/var/spool/postfix/rspamd/milter.sock")
_FILE_SYSTEMS = ("/", "/var/vmail", "/var/spool/postfix", "/var/lib/mailpopbox", "/var/log")
_SECONDS = 10
_AT_A_TIME = 16


# --- The host ---


def _services(patient: Patient) -> Findings:
    units = wanted(SERVICES | TIMERS, patient.settings)
    return services({name: gathering.service(each) for name, each in units.items()})


def _milters(patient: Patient) -> Findings:
    found = {"The milter": Path(patient.config.socket), "Rspamd": _RSPAMD}
    return milters.milters({name: knocking.milter_trouble(path) for name, path in found.items()})


def _queue(patient: Patient) -> Findings:
    return host.queue(gathering.queue(), patient.now)


def _disk(_patient: Patient) -> Findings:
    return host.disk(_spaces())


def _spaces() -> Iterator[host.Space]:
    seen = set()
    for path in _FILE_SYSTEMS:
        try:
            device, found = Path(path).stat().st_dev, os.statvfs(path)
        except FileNotFoundError:
            continue
        if device not in seen:
            free, size = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
            yield host.Space(path, free, size, found.f_favail, found.f_files)
        seen.add(device)


def _clock(patient: Patient) -> Findings:
    server = patient.settings.clock
    if not server:
        return [good("Nobody is asked for the time, as the settings say.")]
    return [host.clock(knocking.seconds_ahead(server), server)]


def _ledger(patient: Patient) -> Findings:
    found = gathering.ledger_state(patient.config.ledger)
    if isinstance(found, LedgerState):
        return [good(f"The ledger can be read: {found.place}.")]
    if not found.is_wrong:
        return [unknown("ledger", f"The ledger cannot be read: {found.why}.")]
    fix = (
        "Restore it from a backup, or move it away: a new one is begun, which knows no mail so far."
    )
    return [
        bad("ledger", f"The ledger is broken, so mail waits with its senders: {found.why}.", fix)
    ]


# --- What others meet ---


def _ports(patient: Patient) -> Findings:
    return doors.ports({port: knocking.answering(port, patient.hostname) for port in patient.ports})


def _tls(patient: Patient) -> Findings:
    return doors.tls({port: knocking.spoken(port, patient.hostname) for port in patient.ports})


def _certificate(patient: Patient) -> Findings:
    now, source = patient.now, patient.settings.tls
    found = gathering.certificate()
    shown = found if isinstance(found, Unknown) else _shown(found, patient)
    yield from doors.certificate(shown, patient.hostname, source, now)
    remembered = gathering.remembered_renewal() if source == "acme" else None
    for problem in renewal.problems(remembered, found, now):
        yield bad("renewal", f"{problem[0].upper()}{problem[1:]}.", doors.RENEWALS["acme"])


def _shown(found: Certificate, patient: Patient) -> doors.Shown:
    own = ssl.PEM_cert_to_DER_cert(_first_certificate(gathering.CERTIFICATE.read_text()))
    seen = {port: knocking.shown(port, patient.hostname) for port in patient.ports}
    others = tuple(port for port, each in seen.items() if each not in {None, own})
    return doors.Shown(found, _chain(), others)


def _first_certificate(pem: str) -> str:
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return f"{begin}{pem.partition(begin)[2].partition(end)[0]}{end}"


def _chain() -> str:
    """Return why this host would not trust the certificate, apart from its name and age."""
    file = str(gathering.CERTIFICATE)
    words = [
        "openssl",
        "verify",
        "-no_check_time",
        "-purpose",
        "sslserver",
        "-untrusted",
        file,
        file,
    ]
    ended = run(words, _SECONDS)
    lines = [line.strip() for line in ended.said.splitlines() if "lookup:" in line]
    return "" if ended.well else (lines or [" ".join(ended.said.split())])[0].split("lookup: ")[-1]


def _relay(patient: Patient) -> Findings:
    domain = next(iter(patient.facts.domains), patient.hostname)
    tricks = doors.tricks(patient.hostname, domain)
    # At once: postscreen lets us wait at each.
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        found = pool.map(lambda each: knocking.taken(each, tricks), patient.addresses)
        tried = dict(zip(patient.addresses, found, strict=True))
    return doors.relay(tried, gathering.trusted_networks())


def _web(patient: Patient) -> Findings:
    source = patient.settings.tls
    if not patient.settings.web:
        return [good("Nothing is served over HTTPS, as the settings say.")]
    # A policy that comes with a self-signed certificate would count nowhere, so there is none.
    has_policy = source != "selfsigned"
    pages = web.pages(patient.hostname, patient.facts.domains, policy=has_policy)
    found = {page: knocking.fetched(page) for page in pages}
    return web.web(found, gathering.certificate(), patient.hostname, source)


CHECKS = (
    Check("services", "whether the services and timers run", _services),
    Check("milters", "whether the milter and Rspamd answer", _milters),
    Check("ports", "whether somebody answers at each port", _ports),
    Check("tls", "which versions of TLS the ports speak", _tls),
    Check(
        "certificate",
        "its name, its end, who signed it, and whether all ports show it",
        _certificate,
    ),
    Check("web", "whether what is served over HTTPS is as it should be", _web),
    Check(
        "relay",
        "whether anybody sends through the server to others without a login",
        _relay,
    ),
    Check("disk", "how much room is left", _disk),
    Check("clock", "whether it is right", _clock),
    Check("queue", "whether mail waits long", _queue),
    Check("ledger", "whether it can be read", _ledger),
    Check("keys", "whether each domain has a key to sign with", inquiring.keys),
    Check("resolver", "whether DNS answers, and DNSSEC is checked", inquiring.resolver),
    Check("records", "whether DNS has what mailpopbox dns prints", inquiring.records),
    Check("reverse", "whether reverse DNS, HELO and greeting agree", inquiring.reverse),
    Check("blocklists", "whether the host's addresses are listed", inquiring.blocklists),
    Check("outside", "whether port 25 to the outside is open", inquiring.outside),
    Check(
        "trip", "a message to oneself, from sending to fetching, and its signatures", inquiring.trip
    ),
)
