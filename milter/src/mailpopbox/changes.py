"""What changes in a message that goes out: rules 11 to 15."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailpopbox import headers as known
from mailpopbox.addresses import Finder, Mailbox, addresses_in, mailboxes, rendered
from mailpopbox.counting import listed
from mailpopbox.headers import Header
from mailpopbox.identity import Identity, Sender
from mailpopbox.message import AddHeader, SetHeader, SetSender
from mailpopbox.subject import Subject
from mailpopbox.submission import Finding, Submission, quoted, removals, unclear
from mailpopbox.words import unfold

_MESSAGE_ID = re.compile(r"\s*<([^<>@\s]+)@([^<>@\s]+)>\s*")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A submission, and all that is known of it once it is decided as which address it goes."""

    submission: Submission
    subject: Subject
    sender: Sender
    identity: Identity
    # Finds the login, and what From held before unless it goes out as that.
    finder: Finder

    @classmethod
    def of(
        cls, submission: Submission, subject: Subject, sender: Sender, identity: Identity
    ) -> "Outgoing":
        addresses = [each.address for each in sender.mailboxes]
        before = [each for each in addresses if each.lower() != identity.key]
        return cls(submission, subject, sender, identity, Finder([submission.login, *before]))


def changes_of(outgoing: Outgoing) -> Iterator[Finding]:
    yield from _one_from(outgoing)
    yield from _envelope(outgoing)
    yield from _no_trace_of_the_mailbox(outgoing)
    yield from _message_id(outgoing)
    yield from _no_trace_of_the_program(outgoing)


def _one_from(outgoing: Outgoing) -> Iterator[Finding]:
    sender = outgoing.sender.header
    value = rendered([Mailbox(_display_name(outgoing), outgoing.identity.address)])
    if unfold(value).split() != unfold(sender.value).split():
        text = f"From becomes {quoted(unfold(value))}."
        yield Finding(11, text, (SetHeader(sender.name, 1, value),))


def _display_name(outgoing: Outgoing) -> str:
    submission, finder = outgoing.submission, outgoing.finder
    tagged = _printable(next((tag.name for tag in outgoing.subject.tags if tag.name), ""))
    if tagged:
        if finder.found_in(tagged) or any(map(submission.owns, addresses_in(tagged))):
            raise unclear(5, "The name in the tag holds an address of yours. Leave it out.")
        return tagged
    name = submission.ledger.display_name(submission.login, outgoing.identity.address)
    senders = outgoing.sender.mailboxes
    if not name and senders and submission.config.display_name == "keep":
        name = senders[0].name
    name = _printable(name)
    return "" if finder.found_in(name) else name


def _printable(name: str) -> str:
    return " ".join(_CONTROLS.sub("", name).split())


def _envelope(outgoing: Outgoing) -> Iterator[Finding]:
    address = outgoing.identity.address
    if outgoing.submission.transaction.sender not in {"", address}:
        yield Finding(12, "Bounces come back to the same address.", (SetSender(address),))


def _no_trace_of_the_mailbox(outgoing: Outgoing) -> Iterator[Finding]:
    subject, finder = outgoing.subject, outgoing.finder
    if outgoing.identity.key == outgoing.submission.login:
        return
    untouched = subject.header.value if subject.header and not subject.tags else ""
    if finder.found_in(subject.left) or finder.found_in(untouched):
        raise unclear(13, "The Subject holds the address behind the alias. Take it out.")
    for header in outgoing.submission.headers:
        if header.key in known.TREATED_APART or header.key in known.TRACES:
            continue
        if header.key in known.OF_THE_MAILBOX:
            yield Finding(13, f"{header.name} names the mailbox.", removals([header]))
        elif finder.found_in(header.name) or finder.found_in(header.value):
            yield _without_address(header, outgoing.identity, finder)


def _without_address(header: Header, identity: Identity, finder: Finder) -> Finding:
    if header.key.startswith("content-"):
        raise unclear(
            13, f"{header.name} holds the address behind the alias. Rename the attachment or part."
        )
    if header.key in known.ADDRESSES:
        value = rendered(_replaced(mailboxes(header.value), identity, finder))
        if value and not finder.found_in(value) and _is_writable(value):
            return Finding(
                13,
                f"{header.name} held the address behind the alias.",
                (SetHeader(header.name, header.occurrence, value),),
            )
    return Finding(13, f"{header.name} held the address behind the alias.", removals([header]))


def _replaced(boxes: list[Mailbox], identity: Identity, finder: Finder) -> Iterator[Mailbox]:
    for box in boxes:
        name = "" if finder.found_in(box.name) else box.name
        address = identity.address if finder.found_in(box.address) else box.address
        if address:
            yield Mailbox(name, address)


def _message_id(outgoing: Outgoing) -> Iterator[Finding]:
    submission, domain = outgoing.submission, outgoing.identity.domain
    found = submission.named("message-id")
    value = _kept_message_id(domain, found, outgoing.finder)
    if value is None:
        value = f"<{submission.transaction.token}@{domain}>"
        text = "The message gets a new Message-ID."
    else:
        text = "Message-ID gets the domain of the address."
    if not found:
        yield Finding(14, text, (AddHeader("Message-ID", value),))
    elif found[0].value.strip() != value:
        change = SetHeader(found[0].name, 1, value)
        yield Finding(14, text, (change, *removals(found[1:])))


def _kept_message_id(wanted: str, found: list[Header], finder: Finder) -> str | None:
    match = _MESSAGE_ID.fullmatch(unfold(found[0].value)) if len(found) == 1 else None
    if not match or not match[1].isascii():
        return None
    left, right = match.groups()
    domain = right if right.lower() == wanted.lower() else wanted
    value = f"<{left}@{domain}>"
    return None if finder.found_in(f"<{left}@{right}> {value}") else value


def _no_trace_of_the_program(outgoing: Outgoing) -> Iterator[Finding]:
    traces = [header for header in outgoing.submission.headers if header.key in known.TRACES]
    if traces:
        names = listed(dict.fromkeys(header.name for header in traces))
        yield Finding(15, f"Removed: {names}.", removals(traces))


def _is_writable(value: str) -> bool:
    """Tell whether a value has octets that are no UTF-8: they can be kept, but not written."""
    return not re.search("[\ud800-\udfff]", value)
