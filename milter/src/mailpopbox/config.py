"""The milter's configuration: read from YAML, and refused unless every value makes sense.

A wrong file is refused as a whole, with one line for each problem that names the key, the value
and the fix, so that whoever repairs it does so once.
"""

import logging
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

import yaml

from mailpopbox.section import Section, section_of, show

log = logging.getLogger(__name__)

T = TypeVar("T")

LOG_LEVELS = ("debug", "info", "warning", "error")
DISPLAY_NAMES = ("keep", "drop")
BARE_LOGINS = ("allow", "refuse")
ALIASES = ("open", "signed")
DKIM_ALGORITHMS = ("rsa", "ed25519")
# Of each domain, whoever has the rest of it, or the first with an address there, has these.
ALWAYS_OPEN = ("postmaster", "abuse")
# What the host's own names have addresses for: Postfix's host_aliases hold the same.
HOST_USERS = ("root", "postmaster", "abuse", "mailer-daemon")

DEFAULT_LEDGER = "/var/lib/mailpopbox/ledger.sqlite"

# sun_path in <sys/un.h> has 108 bytes and ends with a NUL.
_LONGEST_SOCKET_PATH = 107

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})+", re.IGNORECASE | re.ASCII)

_SAFE = r"(?:[\w.~!$&'()*+,;=-]|%(?!00)[0-9a-f]{2})"
_HOST = r"(?:[\w.-]*|\[[0-9a-f:.]+\])(?::\d+)?"
# What libpq takes without complaint, since its complaints would quote it.
_POSTGRESQL = re.compile(
    rf"postgresql://(?:{_SAFE}+(?::{_SAFE}*)?@)?{_HOST}(?:,{_HOST})*/{_SAFE}+(?:\?(?:{_SAFE}|/)*)?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox: who logs in, and whose mail arrives there. All in lower case."""

    login: str
    domains: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    # Patterns of addresses that are refused.
    blocked: tuple[str, ...] = ()
    # Which new addresses are let in: any, or those with a suffix that this host made.
    aliases: str = "open"


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the milter has to know."""

    socket: str
    hostname: str
    mailboxes: tuple[Mailbox, ...]
    log_level: str = "info"
    display_name: str = "keep"
    bare_login: str = "allow"
    auto_sendas: bool = True
    # It may hold a password.
    ledger: str = field(default=DEFAULT_LEDGER, repr=False)
    # How long a message is remembered.
    ledger_days: int = 400
    # Of each of these, a domain has a key that signs.
    dkim_algorithms: tuple[str, ...] = ("rsa",)
    # Who may send as every address of the server, to itself only: to see that all works.
    doctor: str = ""
    # The login of who gets the mail for the host itself.
    admin: str = ""

    def is_doctor(self, address: str | None) -> bool:
        """Tell whether an address, or a login, is that of the doctor; there may be none."""
        return bool(address) and str(address).lower() == self.doctor

    def is_of_host(self, address: str) -> bool:
        """Tell whether an address is the host's own; Postfix completes one without a domain."""
        user, _, domain = address.lower().partition("@")
        return user in HOST_USERS and domain in {"", "localhost", self.hostname}

    def receiver_of(self, address: str) -> str | None:
        """Return the login of who gets the mail for an address, also where nobody owns that."""
        return self.admin if self.admin and self.is_of_host(address) else self.owner_of(address)

    def owner_of(self, address: str) -> str | None:
        """Return the login of the mailbox that an address belongs to."""
        mailbox = self.mailbox_of(address)
        return mailbox.login if mailbox else None

    def mailbox_of(self, address: str) -> Mailbox | None:
        """Return the mailbox that an address belongs to.

        As in Postfix's tables: an address of its own, postmaster or abuse, a pattern, the
        catch-all of the domain.
        """
        address = address.lower()
        local, at, domain = address.rpartition("@")
        always = local in ALWAYS_OPEN
        claims: tuple[Callable[[Mailbox], bool], ...] = (
            lambda box: address == box.login or address in box.addresses,
            lambda box: always and domain in box.domains,
            lambda box: always and any(each.endswith(f"@{domain}") for each in box.addresses),
            lambda box: any(fnmatchcase(address, pattern) for pattern in box.addresses),
            lambda box: at != "" and domain in box.domains,
        )
        owners = (box for claim in claims for box in self.mailboxes if claim(box))
        return next(owners, None)


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds a line for each reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def load(path: Path) -> Config:
    """Read and check a configuration file."""
    return read(path, parse)


def read(path: Path, parse: Callable[[object], T]) -> T:
    """Read a file of YAML and have it checked; what is wrong is said with the file's name."""
    try:
        # From a stream: of a text, PyYAML quotes the wrong line, and there may be a password in it.
        with path.open("rb") as stream:
            document = yaml.safe_load(stream)
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from error
    # ValueError: PyYAML lets it out of what looks like a date or a number and is none.
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError([f"{path}: not valid YAML: {reason}"]) from error
    try:
        return parse(document)
    except ConfigError as error:
        raise ConfigError([f"{path}: {problem}" for problem in error.problems]) from None


class Watched:
    """A configuration file that is read again when it changes.

    A file that is refused later leaves the last good configuration in force, and the log says why.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # In this order, or a change between the two would never be noticed.
        self._seen = self._stamp()
        self._config = load(path)
        self._reading = threading.Lock()

    def current(self) -> Config:
        # Each connection has a thread: none goes on with the old one while another reads the new.
        with self._reading:
            return self._read_if_changed()

    def _read_if_changed(self) -> Config:
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._config = load(self._path)
            except ConfigError as error:
                # What is wrong is the file, so a traceback would tell nothing.
                log.error("%s; the configuration before it stays in force", error)  # noqa: TRY400
            else:
                log.info("%s: read again", self._path)
        return self._config

    def _stamp(self) -> tuple[int, ...]:
        try:
            status = self._path.stat()
        except OSError:
            return ()
        return status.st_ino, status.st_mtime_ns, status.st_size


def parse(document: object) -> Config:
    """Check what a YAML file held; raises ConfigError, and nothing else, with all problems."""
    problems: list[str] = []
    top = section_of(document, "", tuple(Config.__dataclass_fields__), problems)
    if top is None:
        raise ConfigError(problems)
    config = Config(
        socket=top.text("socket", _wrong_socket, "/var/spool/postfix/mailpopbox/milter.sock"),
        hostname=top.text("hostname", wrong_domain, "mx.example.com").lower(),
        log_level=top.choice("log_level", LOG_LEVELS, "info"),
        display_name=top.choice("display_name", DISPLAY_NAMES, "keep"),
        bare_login=top.choice("bare_login", BARE_LOGINS, "allow"),
        auto_sendas=top.switch("auto_sendas"),
        ledger=top.optional("ledger", _wrong_ledger, DEFAULT_LEDGER, _show_ledger),
        ledger_days=top.number("ledger_days", 1, 400),
        dkim_algorithms=top.texts("dkim_algorithms", _wrong_algorithm) or ("rsa",),
        doctor=top.optional("doctor", _wrong_address, "").lower(),
        admin=top.optional("admin", _wrong_address, "").lower(),
        mailboxes=tuple(_mailboxes(top, problems)),
    )
    problems.extend(_repetitions(config.mailboxes))
    logins = [mailbox.login for mailbox in config.mailboxes]
    if config.admin and config.admin not in logins:
        top.note("admin", f"{show(config.admin)} is no login; write that of a mailbox")
    if problems:
        raise ConfigError(problems)
    return config


def _mailboxes(top: Section, problems: list[str]) -> Iterator[Mailbox]:
    known = ("login", "domains", "addresses", "blocked", "aliases")
    for number, entry in enumerate(top.entries("mailboxes"), start=1):
        section = section_of(entry, f"mailboxes[{number}]", known, problems)
        if section is None:
            continue
        if not section.has("addresses"):
            section.require("domains", "[example.com]")
        yield Mailbox(
            login=section.text("login", _wrong_address, "mailbox@example.com").lower(),
            domains=section.texts("domains", wrong_domain),
            addresses=section.texts("addresses", _wrong_address),
            blocked=section.texts("blocked", _wrong_address),
            aliases=section.choice("aliases", ALIASES, "open"),
        )


def _repetitions(mailboxes: tuple[Mailbox, ...]) -> Iterator[str]:
    """Find what stands twice though it can have one owner only."""
    named = [("login", mailbox.login) for mailbox in mailboxes]
    named += [("domain", domain) for mailbox in mailboxes for domain in mailbox.domains]
    named += [("address", address) for mailbox in mailboxes for address in mailbox.addresses]
    seen: set[tuple[str, str]] = set()
    for kind, name in named:
        # An empty name stands for one that was wrong, which has been said already.
        if name and (kind, name) in seen:
            yield f"mailboxes: the {kind} {show(name)} stands there twice; leave it in one place"
        seen.add((kind, name))


# Each says what is wrong with a text and how to put it right, or "" when nothing is.


def _wrong_socket(path: str) -> str:
    if not path.startswith("/") or not path.isprintable():
        return "is no absolute path; write one that begins with /"
    if len(path.encode()) > _LONGEST_SOCKET_PATH:
        return f"is too long; a socket's path has {_LONGEST_SOCKET_PATH} bytes at most"
    return ""


def _wrong_ledger(place: str) -> str:
    if place.startswith("/") and place.isprintable():
        return ""
    if _POSTGRESQL.fullmatch(place):
        return ""
    if place.startswith("postgresql://"):
        return (
            "is not written like postgresql://user:password@host/database; in user and password,"
            " other characters than letters, digits and -._~ are written as %40 for @ and so on"
        )
    return (
        "is no absolute path; write one that begins with /,"
        " or postgresql://user:password@host/database"
    )


def _show_ledger(value: object) -> str:
    """Show where a ledger was to be, unless a password may be in it."""
    return show(value) if isinstance(value, str) and not set(value) & set(":@") else "this value"


def _wrong_algorithm(name: str) -> str:
    return "" if name in DKIM_ALGORITHMS else f"is none of {', '.join(DKIM_ALGORITHMS)}"


def wrong_domain(name: str) -> str:
    if _DOMAIN.fullmatch(name):
        return ""
    return "is no domain name; write one like mx.example.com (xn--… for letters outside ASCII)"


def wrong_path(path: str) -> str:
    return "" if path.startswith("/") else "is no absolute path; write one that begins with /"


def _wrong_address(address: str) -> str:
    local, at, domain = address.rpartition("@")
    if at and re.fullmatch(r"[!-?A-~]+", local) and not wrong_domain(domain):
        return ""
    return "is no address; write one like mailbox@example.com"
