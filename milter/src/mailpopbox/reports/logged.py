"""TLS sessions as Postfix logs them. Before 3.10 it tells of them in no other way.

A process of it is with one server at a time, so what belongs together bears the same number. First
it logs how the servers of a domain were, one after another, then what became of the mail, which
says what domain that was. Of servers that mail went to without TLS, as nothing spoke against it, it
logs nothing; nor does 3.10 tell of them.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailpopbox.addresses import ascii_domain
from mailpopbox.config import wrong_domain
from mailpopbox.journal import Entry
from mailpopbox.reports.report import SENDER
from mailpopbox.submission import domain_of

# Who delivers, and who takes a message out of the queue for that.
NAMES = ("postfix/smtp", "postfix/qmgr")

_SERVER = r"(?P<host>[^ \[]+)\[(?P<address>[^\]]+)\]"
_DOUBT = re.compile(
    rf"(?:\w+ )?certificate verification failed for {_SERVER}:\d+: (?:num=\d+:)?(?P<why>.*)"
)
_SESSION = re.compile(rf"\w+ TLS connection established to {_SERVER}:\d+: ")
_NO_SESSION = re.compile(rf"SSL_connect error to {_SERVER}:\d+: ")
_NO_TLS = re.compile(rf"TLS is required, but (?:was not offered by )?host {_SERVER}")
# Of a server that is not the last.
_PASSED_BY = re.compile(r"\w+: (?P<why>TLS is required, .*)")
# Postfix cuts long lines, so the end may be missing.
_DELIVERY = re.compile(
    r"(?P<id>\w+): to=<(?P<to>.*?)>, (?:orig_to=<.*?>, )?relay=[^,]*, .*?status=\w+ \((?P<said>.*)"
)
_REPORT = re.compile(rf"(\w+): from=<{re.escape(SENDER)}>, ")
# The other failures of a certificate have no name of their own in a report, but a reason.
_RESULTS = {
    "certificate has expired": "certificate-expired",
    "hostname mismatch": "certificate-host-mismatch",
}


@dataclass(frozen=True, slots=True)
class Met:
    """A server, and how it was over TLS: why not well, in the words of a report."""

    host: str
    address: str
    result: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A server that was met on behalf of a domain, and when it was through with the mail."""

    at: float
    queue_id: str
    domain: str
    met: Met


class _Process:
    """A process of Postfix, and which servers it has met for what it will name next."""

    def __init__(self) -> None:
        self._doubt: re.Match[str] | None = None
        self._met: list[Met] = []
        # Of the message that it is at: its id and domain.
        self._message = ("", "")
        self._recipients: set[str] = set()

    def attempts(self, at: float, message: str) -> Iterator[Attempt]:
        """Read a line, and yield the attempts whose domain it tells."""
        if found := _DOUBT.match(message):
            self._doubt = found
        elif found := _SESSION.match(message):
            self._meet(found, *_judged(self._doubt, found["address"]))
            self._doubt = None
        elif found := _NO_SESSION.match(message):
            self._meet(found, "validation-failure", "tls-handshake-failure")
        elif found := _PASSED_BY.match(message):
            self._meet_without_tls(found["why"])
        elif found := _DELIVERY.match(message):
            domain = ascii_domain(domain_of(found["to"])).lower()
            if not self._goes_on((found["id"], domain), found["to"]):
                self._meet_without_tls(found["said"])
            if not wrong_domain(domain):
                yield from (Attempt(at, found["id"], domain, met) for met in self._met)
            self._met = []

    def _meet(self, server: re.Match[str], result: str, reason: str) -> None:
        self._met.append(Met(server["host"].lower(), server["address"], result, reason))

    def _meet_without_tls(self, why: str) -> None:
        if found := _NO_TLS.match(why):
            self._meet(found, "starttls-not-supported", "")

    def _goes_on(self, message: tuple[str, str], recipient: str) -> bool:
        """Tell whether this is one more recipient of a message, after the same attempts."""
        goes_on = message == self._message and recipient not in self._recipients
        if not goes_on:
            self._message = message
            self._recipients = set()
        self._recipients.add(recipient)
        return goes_on


def _judged(doubt: re.Match[str] | None, address: str) -> tuple[str, str]:
    """Say what is wrong with a session, if it was its server whose certificate was doubted."""
    if doubt is None or doubt["address"] != address:
        return "", ""
    result = _RESULTS.get(doubt["why"])
    return (result, "") if result else ("certificate-not-trusted", doubt["why"])


def attempts_in(entries: Iterable[Entry]) -> Iterator[Attempt]:
    """Yield the attempts of which something is told, in the order in which mail was through.

    Those for reports themselves are left out: one would be the reason for the next.
    """
    processes: defaultdict[str, _Process] = defaultdict(_Process)
    reports: set[str] = set()
    for each in entries:
        if found := _REPORT.match(each.message):
            reports.add(found[1])
        for attempt in processes[each.process].attempts(each.at, each.message):
            if attempt.queue_id not in reports:
                yield attempt
