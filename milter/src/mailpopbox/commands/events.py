"""What happens on the server, read from the lines that Postfix, Dovecot and the milter log.

Nothing here looks at what a message says, and of strangers only the domain is kept.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from mailpopbox.journal import entry
from mailpopbox.submission import domain_of

# In the order in which people are told of them.
KINDS = {
    "in": "mail came in for an alias",
    "out": "another server took mail",
    "refused": "somebody was turned away",
    "stopped": "mail of a login was refused",
    "waits": "mail could not be delivered yet",
    "returned": "mail could not be delivered at all",
    "login": "a mail program logged in",
    "fetched": "a mail program fetched or deleted mail",
    "trouble": "the milter failed",
}
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    at: int
    kind: str
    # Of the server's own: an alias, or a login.
    address: str = ""
    # Of the others: where from, or where to.
    domain: str = ""
    text: str = ""


# Without the time: kind, address, domain, text.
_Told = tuple[str, str, str, str]

_ADDRESS = r"<([^>]*)>"
_CLIENT = r"[^ \[]*\[([^\]]*)\](?::\d+)?"
_QUEUED = re.compile(rf"(\w+): from={_ADDRESS}, size=")
_GONE = re.compile(r"(\w+): removed$")
_DELIVERY = re.compile(
    r"(?P<id>\w+): to=<(?P<to>[^>]*)>(?:, orig_to=<(?P<alias>[^>]*)>)?, relay=(?P<relay>[^,]*), .*?"
    r"status=(?P<status>sent|deferred|bounced|expired|undeliverable) \((?P<said>.*)\)$"
)
_REJECT = re.compile(
    rf"\w+: (?:milter-)?reject: [\w-]+ from {_CLIENT}: (?P<said>.*?); from=<(?P<sender>[^>]*)>"
    r"(?:,? to=<(?P<to>[^>]*)>)?"
)
_SUBMITTED = re.compile(r"\w+: client=[^ ]*, sasl_method=[^ ,]*, sasl_username=([^ ,]*)")
_WRONG_PASSWORD = re.compile(rf"warning: {_CLIENT}: SASL \S+ authentication failed")
_EARLY = re.compile(rf"PREGREET \d+ after \S+ from {_CLIENT}")
_LOGIN = re.compile(rf"pop3-login: (?:Login|Logged in): user={_ADDRESS}")
_FAILED_LOGIN = re.compile(rf"pop3-login: .*auth failed.*?user={_ADDRESS}.*?rip=([^ ,]*)")
_FETCHED = re.compile(r"pop3\(([^)]*)\).* retr=(\d+)/\d+, del=(\d+)/")
_TROUBLE = re.compile(r"queue_id=\S+ login=(\S+) outcome=error error=(\S+)")
_WHOSE = re.compile(r"<[^>]*>: ")


class Reader:
    """Reads lines one after another; what belongs together has the same id of the queue."""

    def __init__(self) -> None:
        self._senders: OrderedDict[str, str] = OrderedDict()

    def events(self, line: str) -> Iterator[Event]:
        """Yield what a line of `journalctl -o json` tells, mostly nothing."""
        found = entry(line)
        if found is not None:
            for told in self._told(found.name, found.message):
                yield Event(int(found.at), *told)

    def _told(self, name: str, message: str) -> Iterator[_Told]:
        if name.startswith("postfix/submission") and (found := _REJECT.match(message)):
            yield "stopped", found["sender"], domain_of(found["to"] or ""), _reason(found["said"])
        elif name.startswith("postfix/"):
            yield from self._of_queue(message)
            yield from _of_smtpd(message)
        elif name == "dovecot":
            yield from _of_dovecot(message)
        elif name == "mailpopbox" and (found := _TROUBLE.match(message)):
            yield "trouble", "" if found[1] == "-" else found[1], "", f"the milter: {found[2]}"

    def _of_queue(self, message: str) -> Iterator[_Told]:
        if found := _QUEUED.match(message):
            self._senders[found[1]] = found[2]
            if len(self._senders) > _REMEMBERED:
                self._senders.popitem(last=False)
        elif found := _GONE.match(message):
            self._senders.pop(found[1], None)
        elif found := _DELIVERY.match(message):
            sender = self._senders.get(found["id"], "")
            if found["relay"] == "virtual" and found["status"] == "sent":
                yield "in", found["alias"] or found["to"], domain_of(sender), ""
            elif found["status"] == "sent":
                yield "out", sender, domain_of(found["to"]), ""
            else:
                kind = "waits" if found["status"] == "deferred" else "returned"
                yield kind, sender, domain_of(found["to"]), _reason(found["said"])


def _of_smtpd(message: str) -> Iterator[_Told]:
    if found := _REJECT.match(message):
        yield "refused", found["to"] or "", domain_of(found["sender"]), _reason(found["said"])
    elif found := _SUBMITTED.match(message):
        yield "login", found[1], "", "sends"
    elif found := _WRONG_PASSWORD.match(message):
        yield "refused", "", "", f"wrong password, from {found[1]}"
    elif found := _EARLY.match(message):
        yield "refused", "", "", f"talked before it was greeted, from {found[1]}"


def _of_dovecot(message: str) -> Iterator[_Told]:
    if found := _LOGIN.match(message):
        yield "login", found[1], "", "fetches"
    elif found := _FAILED_LOGIN.match(message):
        yield "refused", found[1], "", f"wrong password, from {found[2]}"
    elif (found := _FETCHED.match(message)) and (found[2] != "0" or found[3] != "0"):
        yield "fetched", found[1], "", f"{found[2]} fetched, {found[3]} deleted"


def _reason(said: str) -> str:
    """Return what was said without whom it was about: that stands before it."""
    return _WHOSE.sub("", said)
