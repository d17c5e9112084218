"""The rules: a pure function from a message and the configuration to a decision.

No clock, file, log or pymilter in here, so that tables can test all of it without a server.
The numbers are those of docs/sending-as.md.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailpopbox import headers as known
from mailpopbox import tag as tags
from mailpopbox.addresses import (
    Finder,
    Mailbox,
    addresses_in,
    ascii_domain,
    mailboxes,
    rendered,
    without_comments,
)
from mailpopbox.config import Config
from mailpopbox.headers import Header, numbered
from mailpopbox.ledger import Ledger
from mailpopbox.message import (
    AddHeader,
    Change,
    Decision,
    Refusal,
    RemoveHeader,
    SetHeader,
    SetSender,
    Step,
    Transaction,
)
from mailpopbox.words import as_seen, shown, unfold, written

_SUBJECT = "Subject: "
_MESSAGE_ID = re.compile(r"\s*<([^<>@\s]+)@([^<>@\s]+)>\s*")
# An id in its brackets, which may be folded, and one whose brackets somebody forgot.
_MESSAGE_IDS = re.compile(r"<([^<>]*)>|([^<>\s,;]+)")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
# RFC 5321: a line of a reply has 512 octets at most, with the codes before the text.
_LONGEST_SENTENCE = 490


class RefusedError(Exception):
    """A rule refuses the message."""

    def __init__(self, rule: int, code: int, enhanced: str, text: str) -> None:
        super().__init__(text)
        self.rule = rule
        self.refusal = Refusal(code, enhanced, text[:_LONGEST_SENTENCE])


def forbidden(rule: int, text: str) -> RefusedError:
    """The login may not send this."""
    return RefusedError(rule, 550, "5.7.1", text)


def unclear(rule: int, text: str) -> RefusedError:
    """This is not understood, or would leak."""
    return RefusedError(rule, 554, "5.6.0", text)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found, and what is to change because of it."""

    rule: int
    text: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """A Subject as it is shown, its tags, and what is left without them."""

    header: Header | None
    tags: tuple[tags.Tag, ...]
    left: str


@dataclass(frozen=True, slots=True)
class Identity:
    """As which address a message goes out, and how that was decided."""

    address: str
    rule: int
    text: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Submission:
    """A message of a login, and all that the rules may ask."""

    transaction: Transaction
    config: Config
    ledger: Ledger
    login: str
    headers: tuple[Header, ...]

    def named(self, key: str) -> list[Header]:
        return [header for header in self.headers if header.key == key]

    def owns(self, address: str) -> bool:
        return self.config.owner_of(address) == self.login

    def tag_for(self, address: str) -> str:
        """Return the shortest tag that names an address of the login."""
        local, _, domain = address.rpartition("@")
        return f"[sendas:{local if domain.lower() == _domain(self.login) else address}]"


def decide(transaction: Transaction, config: Config, ledger: Ledger) -> Decision:
    """Say what has to change in a message, or why it is refused."""
    if transaction.login is None:
        return Decision(steps=(Step(1, "It was not submitted by a login, so nothing is altered."),))
    login = transaction.login.lower()
    headers = tuple(numbered(transaction.headers))
    submission = Submission(transaction, config, ledger, login, headers)
    try:
        identity, findings = _rewritten(submission)
    except RefusedError as refused:
        return Decision(refusal=refused.refusal, steps=(Step(refused.rule, refused.refusal.text),))
    return Decision(
        changes=tuple(change for finding in findings for change in finding.changes),
        address=identity.address,
        steps=tuple(Step(finding.rule, finding.text) for finding in findings),
    )


def _rewritten(submission: Submission) -> tuple[Identity, list[Finding]]:
    if not submission.owns(submission.login):
        login = _quoted(submission.login)
        text = f"The mail server does not know {login} yet. Try again later."
        raise RefusedError(2, 451, "4.3.0", text)
    subject = _read_subject(submission)
    sender = _read_from(submission)
    senders = mailboxes(sender.value)
    identity = _identity(submission, subject, senders)
    _check_alias(submission, identity)
    findings = [
        Finding(identity.rule, identity.text),
        *_subject_without_tag(submission, subject),
        *_one_from(submission, identity, sender, senders, subject),
        *_envelope(submission, identity),
        *_no_trace_of_the_mailbox(submission, identity, subject, senders),
        *_message_id(submission, identity, _finder(submission, identity, senders)),
        *_no_trace_of_the_program(submission),
    ]
    return identity, findings


# --- Subject: rules 3 to 10 ---


def _read_subject(submission: Submission) -> Subject:
    found = submission.named("subject")
    if len(found) > 1:
        raise unclear(3, "The message has several Subject headers. Send it with one.")
    if not found:
        return Subject(None, (), "")
    seen = shown(found[0].value)
    if not seen.whole:
        if "sendas" in as_seen(f"{found[0].value} {seen.text}").lower():
            raise unclear(
                6, "The Subject mentions sendas but can't be decoded. Write it in another charset."
            )
        return Subject(found[0], (), seen.text)
    text = tags.with_plain_brackets(seen.text)
    try:
        written_tags = tuple(tags.find(text))
    except tags.TagError as error:
        raise unclear(
            10,
            f"The tag in the Subject can't be used: {error}."
            f" Write it like [sendas:shop] or [sendas:shop@{_domain(submission.login)}].",
        ) from None
    return Subject(found[0], written_tags, tags.taken_out(text, written_tags))


def _subject_without_tag(submission: Submission, subject: Subject) -> Iterator[Finding]:
    if not subject.tags or not subject.header:
        return
    value = written(subject.left, indent=len(_SUBJECT))
    yield Finding(7, "The tag is taken out of the Subject.", (SetHeader("Subject", 1, value),))
    topics = submission.named("thread-topic")
    if topics:
        yield Finding(7, "Thread-Topic repeats the Subject.", _removals(topics))


# --- Who sends: rules 4, 9, 18 to 21 ---


def _read_from(submission: Submission) -> Header:
    found = submission.named("from")
    if len(found) != 1:
        count = "no From header" if not found else "several From headers"
        raise unclear(21, f"The message has {count}. Send it with exactly one.")
    return found[0]


def _identity(submission: Submission, subject: Subject, senders: list[Mailbox]) -> Identity:
    if subject.tags:
        return _by_tag(submission, subject.tags)
    address = _one_sender(submission, senders)
    if address.lower() != submission.login:
        return Identity(address, 18, f"From is {address}, an address of the login.")
    return _by_thread(submission) or _as_the_login(submission, address)


def _check_alias(submission: Submission, identity: Identity) -> None:
    """Refuse an alias that reads as the login, such as 'mailbox@example.com with that quote."""
    address = identity.address
    if address.lower() != submission.login and Finder([submission.login]).found_in(address):
        raise unclear(13, f"{address} holds the address behind it. Use another one.")


def _by_tag(submission: Submission, found: Iterable[tags.Tag]) -> Identity:
    spelled: dict[str, str] = {}
    for tag in found:
        address = f"{tag.local}@{tag.domain or _domain(submission.login)}"
        spelled.setdefault(address.lower(), address)
    if len(spelled) > 1:
        raise forbidden(9, f"The Subject names {_listed(spelled.values())}. Leave one tag in it.")
    (address,) = spelled.values()
    if not submission.owns(address):
        raise forbidden(
            4,
            f"{submission.login} may not send as {address}. Use an address of your own, like"
            f" [sendas:shop@{_domain(submission.login)}].",
        )
    return Identity(address, 3, f"The tag names {address}.")


def _one_sender(submission: Submission, senders: list[Mailbox]) -> str:
    if len(senders) != 1 or "@" not in senders[0].address:
        raise unclear(21, "From does not hold exactly one address. Send it with one of your own.")
    local, _, domain = senders[0].address.rpartition("@")
    address = f"{local}@{ascii_domain(domain)}"
    if address.lower() == submission.login:
        return address
    if not submission.owns(address):
        raise forbidden(
            21,
            f"{submission.login} may not send as {_quoted(senders[0].address)}. Send from an"
            " address of your own, or add a tag like [sendas:shop] to the Subject.",
        )
    if not tags.is_local_part(local):
        raise unclear(
            18,
            f"From holds {_quoted(senders[0].address)}, which is not an address to write back to."
            " Use plain letters, digits, dots and hyphens before the @.",
        )
    return address


def _by_thread(submission: Submission) -> Identity | None:
    if not submission.config.auto_sendas:
        return None
    addresses = _answered(submission)
    if not addresses:
        return None
    if len(addresses) > 1:
        examples = " or ".join(map(submission.tag_for, addresses))
        raise forbidden(
            19,
            f"This reply answers mail that came in for {_listed(addresses)}."
            f" Add {examples} to the Subject.",
        )
    (address,) = addresses
    if not submission.owns(address):
        raise forbidden(
            19,
            f"This reply answers mail for {address}, which is no address of {submission.login} any"
            f" more. Add a tag like {submission.tag_for(submission.login)} to the Subject.",
        )
    return Identity(address, 19, f"It answers mail that came in for {address}.")


def _answered(submission: Submission) -> list[str]:
    """Return for which addresses the mail came in that this one answers."""
    answered = _addresses_of(submission, _message_ids(submission.named("in-reply-to")))
    if answered:
        return answered
    for message_id in reversed(_message_ids(submission.named("references"))):
        if found := _addresses_of(submission, [message_id]):
            return found
    return []


def _addresses_of(submission: Submission, message_ids: Iterable[str]) -> list[str]:
    found = {
        address.lower(): address
        for message_id in message_ids
        for address in submission.ledger.addresses_of(submission.login, message_id)
    }
    return [found[key] for key in sorted(found)]


def _message_ids(found: Iterable[Header]) -> list[str]:
    """Return ids in a form that compares exactly on the left and in any case on the right.

    What nobody knows does no harm, and one that is overlooked does: hence this generous reading.
    """
    ids: list[str] = []
    for header in found:
        value = unfold(header.value)
        # Some programs put parentheses into their ids, which makes no comment of what is in them.
        ids += [each for each in _ids_in(value) if "(" in each]
        ids += _ids_in(without_comments(value))
    return ids


def _ids_in(text: str) -> Iterator[str]:
    for quoted, bare in _MESSAGE_IDS.findall(text):
        left, at, right = "".join((quoted or bare).split()).rpartition("@")
        if at:
            yield f"<{left}@{right.lower()}>"


def _as_the_login(submission: Submission, address: str) -> Identity:
    if submission.config.bare_login == "refuse":
        raise forbidden(
            20,
            f"Mail as {submission.login} itself is refused here. Add a tag to the Subject:"
            f" [sendas:shop] for an alias, {submission.tag_for(submission.login)} if you mean it.",
        )
    return Identity(address, 20, "From is the login, and nothing says otherwise.")


# --- What changes: rules 11 to 15 ---


def _one_from(
    submission: Submission,
    identity: Identity,
    sender: Header,
    senders: list[Mailbox],
    subject: Subject,
) -> Iterator[Finding]:
    name = _display_name(submission, identity, senders, subject)
    value = rendered([Mailbox(name, identity.address)])
    if unfold(value).split() != unfold(sender.value).split():
        yield Finding(
            11, f"From becomes {_quoted(unfold(value))}.", (SetHeader(sender.name, 1, value),)
        )


def _display_name(
    submission: Submission, identity: Identity, senders: list[Mailbox], subject: Subject
) -> str:
    finder = _finder(submission, identity, senders)
    tagged = _printable(next((tag.name for tag in subject.tags if tag.name), ""))
    if tagged:
        if finder.found_in(tagged) or any(map(submission.owns, addresses_in(tagged))):
            raise unclear(5, "The name in the tag holds an address of yours. Leave it out.")
        return tagged
    name = submission.ledger.display_name(submission.login, identity.address)
    if not name and senders and submission.config.display_name == "keep":
        name = senders[0].name
    name = _printable(name)
    return "" if finder.found_in(name) else name


def _printable(name: str) -> str:
    return " ".join(_CONTROLS.sub("", name).split())


def _finder(submission: Submission, identity: Identity, senders: list[Mailbox]) -> Finder:
    """Find the login, and what From held before unless it goes out as that."""
    before = [box.address for box in senders if box.address.lower() != identity.address.lower()]
    return Finder([submission.login, *before])


def _envelope(submission: Submission, identity: Identity) -> Iterator[Finding]:
    if submission.transaction.sender not in {"", identity.address}:
        yield Finding(12, "Bounces come back to the same address.", (SetSender(identity.address),))


def _no_trace_of_the_mailbox(
    submission: Submission, identity: Identity, subject: Subject, senders: list[Mailbox]
) -> Iterator[Finding]:
    if identity.address.lower() == submission.login:
        return
    finder = _finder(submission, identity, senders)
    untouched = subject.header.value if subject.header and not subject.tags else ""
    if finder.found_in(subject.left) or finder.found_in(untouched):
        raise unclear(13, "The Subject holds the address behind the alias. Take it out.")
    for header in submission.headers:
        if header.is_of(known.TREATED_APART) or header.is_of(known.TRACES):
            continue
        if header.is_of(known.OF_THE_MAILBOX):
            yield Finding(13, f"{header.name} names the mailbox.", _removals([header]))
        elif finder.found_in(header.name) or finder.found_in(header.value):
            yield _without_address(header, identity, finder)


def _without_address(header: Header, identity: Identity, finder: Finder) -> Finding:
    if header.key.startswith("content-"):
        raise unclear(
            13, f"{header.name} holds the address behind the alias. Rename the attachment or part."
        )
    if header.is_of(known.ADDRESSES):
        value = rendered(_replaced(mailboxes(header.value), identity, finder))
        if value and not finder.found_in(value) and _is_writable(value):
            return Finding(
                13,
                f"{header.name} held the address behind the alias.",
                (SetHeader(header.name, header.occurrence, value),),
            )
    return Finding(13, f"{header.name} held the address behind the alias.", _removals([header]))


def _replaced(boxes: list[Mailbox], identity: Identity, finder: Finder) -> Iterator[Mailbox]:
    for box in boxes:
        name = "" if finder.found_in(box.name) else box.name
        address = identity.address if finder.found_in(box.address) else box.address
        if address:
            yield Mailbox(name, address)


def _message_id(submission: Submission, identity: Identity, finder: Finder) -> Iterator[Finding]:
    found = submission.named("message-id")
    value = _kept_message_id(identity, found, finder)
    if value is None:
        value = f"<{submission.transaction.token}@{identity.domain}>"
        text = "The message gets a new Message-ID."
    else:
        text = "Message-ID gets the domain of the address."
    if not found:
        yield Finding(14, text, (AddHeader("Message-ID", value),))
    elif found[0].value.strip() != value:
        change = SetHeader(found[0].name, 1, value)
        yield Finding(14, text, (change, *_removals(found[1:])))


def _kept_message_id(identity: Identity, found: list[Header], finder: Finder) -> str | None:
    match = _MESSAGE_ID.fullmatch(unfold(found[0].value)) if len(found) == 1 else None
    if not match or not match[1].isascii():
        return None
    left, right = match.groups()
    domain = right if right.lower() == identity.domain.lower() else identity.domain
    value = f"<{left}@{domain}>"
    return None if finder.found_in(f"<{left}@{right}> {value}") else value


def _no_trace_of_the_program(submission: Submission) -> Iterator[Finding]:
    traces = [header for header in submission.headers if header.is_of(known.TRACES)]
    if traces:
        names = _listed(dict.fromkeys(header.name for header in traces))
        yield Finding(15, f"Removed: {names}.", _removals(traces))


# --- Words ---


def _is_writable(value: str) -> bool:
    """Tell whether a value has octets that are no UTF-8: they can be kept, but not written."""
    return not re.search("[\ud800-\udfff]", value)


def _removals(found: Iterable[Header]) -> tuple[RemoveHeader, ...]:
    return tuple(RemoveHeader(header.name, header.occurrence) for header in found)


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _quoted(text: str) -> str:
    """Return what a client sent so that it fits into one line of a reply."""
    plain = text.encode("ascii", "replace").decode()
    return "".join(c if c.isprintable() else "?" for c in plain)[:200]
