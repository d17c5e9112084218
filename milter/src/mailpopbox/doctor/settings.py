"""What the doctor has to know besides what others know: a file that the playbook writes."""

from dataclasses import dataclass
from pathlib import Path

from mailpopbox.config import ConfigError, read, wrong_domain, wrong_path
from mailpopbox.section import section_of

DOCTOR = "/etc/mailpopbox/doctor.yml"
MILTER = "/etc/mailpopbox/milter.yml"
DNS = "/etc/mailpopbox/dns.yml"
CERTIFICATES = ("selfsigned", "files", "acme")
TLS_SESSIONS = ("told", "logged")


@dataclass(frozen=True, slots=True)
class Settings:
    """Whom the doctor asks, and what is meant to be so; `status` goes by that, too."""

    # Where the certificate comes from.
    tls: str = "selfsigned"
    # Whether the host has a resolver of its own.
    resolver: bool = True
    # Whether mail to others leaves by their MTA-STS policies.
    mta_sts: bool = True
    # How it becomes known, for reports to others, which TLS mail went over; "": there are none.
    tls_sessions: str = ""
    # Whether something is served over HTTPS.
    web: bool = False
    # How many messages a client may send in a minute; 0: as many as it likes.
    messages_per_minute: int = 0
    # Whether a timer calls the doctor.
    daily: bool = True
    # The blocklists that are asked; none: nobody is.
    blocklists: tuple[str, ...] = ()
    # Whose mail servers show that port 25 to the outside is open; "": nobody's.
    outside: str = ""
    # Who tells the time by NTP; "": nobody.
    clock: str = ""
    milter: str = MILTER
    dns: str = DNS


def load(path: Path) -> Settings:
    return read(path, parse)


def parse(document: object) -> Settings:
    """Check what a YAML file held; raises ConfigError with all problems."""
    problems: list[str] = []
    top = section_of(document, "", tuple(Settings.__dataclass_fields__), problems)
    if top is None:
        raise ConfigError(problems)
    settings = Settings(
        tls=top.choice("tls", CERTIFICATES, "selfsigned"),
        resolver=top.switch("resolver"),
        mta_sts=top.switch("mta_sts"),
        tls_sessions=top.choice("tls_sessions", TLS_SESSIONS, ""),
        web=top.switch("web", default=False),
        messages_per_minute=top.number("messages_per_minute", 0, 0),
        daily=top.switch("daily"),
        blocklists=top.texts("blocklists", wrong_domain),
        outside=top.optional("outside", _wrong_host, ""),
        clock=top.optional("clock", _wrong_host, ""),
        milter=top.optional("milter", wrong_path, MILTER),
        dns=top.optional("dns", wrong_path, DNS),
    )
    if problems:
        raise ConfigError(problems)
    return settings


def _wrong_host(name: str) -> str:
    if not name or not set(name) & set(" /@\t\n"):
        return ""
    return "is no domain, host or address; write one like mx.example.com"
