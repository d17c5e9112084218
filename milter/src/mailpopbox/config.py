"""The milter's configuration: read from YAML, and refused unless every value makes sense.

A wrong file is refused as a whole, with one line for each problem that names the key, the value
and the fix, so that whoever repairs it does so once.
"""

import difflib
import logging
import re
import reprlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

log = logging.getLogger(__name__)

LOG_LEVELS = ("debug", "info", "warning", "error")
DISPLAY_NAMES = ("keep", "drop")
BARE_LOGINS = ("allow", "refuse")

# sun_path in <sys/un.h> has 108 bytes and ends with a NUL.
_LONGEST_SOCKET_PATH = 107

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})+", re.IGNORECASE | re.ASCII)

_shortener = reprlib.Repr()
_shortener.maxstring = _shortener.maxother = 80
_show = _shortener.repr


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox: who logs in, and whose mail arrives there. All in lower case."""

    login: str
    domains: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


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

    def owner_of(self, address: str) -> str | None:
        """Return the login of the mailbox in which mail to an address arrives.

        As in Postfix's tables: an address of its own, a pattern, the catch-all of the domain.
        """
        address = address.lower()
        _, at, domain = address.rpartition("@")
        claims: tuple[Callable[[Mailbox], bool], ...] = (
            lambda box: address == box.login or address in box.addresses,
            lambda box: any(fnmatchcase(address, pattern) for pattern in box.addresses),
            lambda box: at != "" and domain in box.domains,
        )
        owners = (box.login for claim in claims for box in self.mailboxes if claim(box))
        return next(owners, None)


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds a line for each reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def load(path: Path) -> Config:
    """Read and check a configuration file."""
    try:
        document = yaml.safe_load(path.read_bytes())
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
    top = _section(document, "", tuple(Config.__dataclass_fields__), problems)
    if top is None:
        raise ConfigError(problems)
    config = Config(
        socket=top.text("socket", _wrong_socket, "/var/spool/postfix/mailpopbox/milter.sock"),
        hostname=top.text("hostname", _wrong_domain, "mx.example.com").lower(),
        log_level=top.choice("log_level", LOG_LEVELS, "info"),
        display_name=top.choice("display_name", DISPLAY_NAMES, "keep"),
        bare_login=top.choice("bare_login", BARE_LOGINS, "allow"),
        auto_sendas=top.switch("auto_sendas"),
        mailboxes=tuple(_mailboxes(top, problems)),
    )
    problems.extend(_repetitions(config.mailboxes))
    if problems:
        raise ConfigError(problems)
    return config


def _mailboxes(top: "_Section", problems: list[str]) -> Iterator[Mailbox]:
    known = ("login", "domains", "addresses")
    for number, entry in enumerate(top.entries("mailboxes"), start=1):
        section = _section(entry, f"mailboxes[{number}]", known, problems)
        if section is None:
            continue
        if not section.has("addresses"):
            section.require("domains", "[example.com]")
        yield Mailbox(
            login=section.text("login", _wrong_address, "mailbox@example.com").lower(),
            domains=section.texts("domains", _wrong_domain),
            addresses=section.texts("addresses", _wrong_address),
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
            yield f"mailboxes: the {kind} {_show(name)} stands there twice; leave it in one place"
        seen.add((kind, name))


# Each says what is wrong with a text and how to put it right, or "" when nothing is.


def _wrong_socket(path: str) -> str:
    if not path.startswith("/") or not path.isprintable():
        return "is no absolute path; write one that begins with /"
    if len(path.encode()) > _LONGEST_SOCKET_PATH:
        return f"is too long; a socket's path has {_LONGEST_SOCKET_PATH} bytes at most"
    return ""


def _wrong_domain(name: str) -> str:
    if _DOMAIN.fullmatch(name):
        return ""
    return "is no domain name; write one like mx.example.com (xn--… for letters outside ASCII)"


def _wrong_address(address: str) -> str:
    local, at, domain = address.rpartition("@")
    if at and re.fullmatch(r"[!-?A-~]+", local) and not _wrong_domain(domain):
        return ""
    return "is no address; write one like mailbox@example.com"


class _Section:
    """A mapping of the file, read key by key.

    What is wrong is noted, not raised, so that reading goes on and finds the rest. A wrong
    value reads as "" or empty, and nobody ever sees it: `parse` raises in the end.
    """

    def __init__(self, values: dict[object, object], where: str, problems: list[str]) -> None:
        self._values = values
        self._where = where
        self._problems = problems

    def has(self, key: str) -> bool:
        return key in self._values

    def require(self, key: str, example: str) -> None:
        """Note it if the key is missing."""
        if not self.has(key):
            self.note(key, f'missing; add it, for instance "{key}: {example}"')

    def text(self, key: str, wrong: Callable[[str], str], example: str = "") -> str:
        """Read a text that must be there."""
        self.require(key, example)
        return self._checked(key, self._values[key], wrong) if self.has(key) else ""

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        """Read one of a few words, which may be left out."""
        if not self.has(key):
            return default
        known = ", ".join(choices)
        return self._checked(
            key, self._values[key], lambda word: "" if word in choices else f"is none of {known}"
        )

    def switch(self, key: str) -> bool:
        """Read true or false, which may be left out."""
        value = self._values.get(key, True)
        if not isinstance(value, bool):
            self.note(key, f"{_show(value)} is neither true nor false")
        return value is True

    def texts(self, key: str, wrong: Callable[[str], str]) -> tuple[str, ...]:
        """Read a list of texts, in lower case, which may be left out."""
        if not self.has(key):
            return ()
        return tuple(
            self._checked(f"{key}[{number}]", entry, wrong).lower()
            for number, entry in enumerate(self.entries(key), start=1)
        )

    def entries(self, key: str) -> list[object]:
        """Read a list that must be there, with whatever is in it."""
        self.require(key, "[…]")
        value = self._values.get(key, [])
        if self.has(key) and not (isinstance(value, list) and value):
            self.note(key, f"{_show(value)} is no list with entries; write a line “- …” for each")
        return value if isinstance(value, list) else []

    def note(self, key: object, problem: str) -> None:
        name = key if isinstance(key, str) and key.isprintable() else _show(key)
        self._problems.append(f"{self._where}.{name}: {problem}".removeprefix("."))

    def _checked(self, key: str, value: object, wrong: Callable[[str], str]) -> str:
        if not isinstance(value, str):
            self.note(key, f"{_show(value)} is no text; put it in quotes if it is meant as one")
        elif problem := wrong(value):
            self.note(key, f"{_show(value)} {problem}")
        else:
            return value
        return ""


def _section(
    value: object, where: str, known: tuple[str, ...], problems: list[str]
) -> _Section | None:
    """Open a mapping and note the keys nobody knows; None, and noted, if it is none."""
    if not isinstance(value, dict):
        problem = f"{_show(value)} is no mapping; write keys and values, like “{known[0]}: …”"
        problems.append(f"{where}: {problem}".removeprefix(": "))
        return None
    section = _Section(value, where, problems)
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            fix = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(known)}"
            section.note(key, f"unknown key; {fix}")
    return section
