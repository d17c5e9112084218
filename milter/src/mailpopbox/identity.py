"""As which address a message goes out: rules 4, 9 and 18 to 21."""

from collections.abc import Iterable
from dataclasses import dataclass

from mailpopbox import tag as tags
from mailpopbox import thread
from mailpopbox.addresses import Finder, Mailbox, ascii_domain, mailboxes
from mailpopbox.counting import first_of, listed
from mailpopbox.headers import Header
from mailpopbox.subject import Subject
from mailpopbox.submission import Submission, domain_of, forbidden, quoted, unclear

# A message may have come in for hundreds of addresses, and a refusal is one line.
_MOST_NAMED = 10
_MOST_TAGS = 3


@dataclass(frozen=True, slots=True)
class Identity:
    """As which address a message goes out, and how that was decided."""

    address: str
    rule: int
    text: str

    @property
    def key(self) -> str:
        return self.address.lower()

    @property
    def domain(self) -> str:
        return domain_of(self.address)


@dataclass(frozen=True, slots=True)
class Sender:
    """The From header, and whom it names."""

    header: Header
    mailboxes: list[Mailbox]


def read_from(submission: Submission) -> Sender:
    found = submission.named("from")
    if len(found) != 1:
        count = "no From header" if not found else "several From headers"
        raise unclear(21, f"The message has {count}. Send it with exactly one.")
    return Sender(found[0], mailboxes(found[0].value))


def identity_of(submission: Submission, subject: Subject, sender: Sender) -> Identity:
    if subject.tags:
        identity = _by_tag(submission, subject.tags)
    else:
        identity = _by_from(submission, sender.mailboxes)
    # An alias may read as the login: 'mailbox@example.com has a quote before it.
    if identity.key != submission.login and Finder([submission.login]).found_in(identity.address):
        raise unclear(13, f"{identity.address} holds the address behind it. Use another one.")
    return identity


def _by_tag(submission: Submission, found: Iterable[tags.Tag]) -> Identity:
    spelled: dict[str, str] = {}
    for tag in found:
        address = f"{tag.local}@{tag.domain or domain_of(submission.login)}"
        spelled.setdefault(address.lower(), address)
    if len(spelled) > 1:
        raise forbidden(9, f"The Subject names {listed(spelled.values())}. Leave one tag in it.")
    (address,) = spelled.values()
    _check_author(submission, address)
    if not submission.owns(address):
        raise forbidden(
            4,
            f"{submission.login} may not send as {address}. Use an address of your own, like"
            f" [sendas:shop@{domain_of(submission.login)}].",
        )
    return Identity(address, 3, f"The tag names {address}.")


def _check_author(submission: Submission, address: str) -> None:
    """Refuse a tag that may not be the user's own: a stranger's comes along with Re: in front."""
    if not thread.brought_a_tag(submission):
        return
    if address.lower() not in map(str.lower, thread.answered(submission)):
        raise forbidden(
            24,
            f"You answer mail that came with a tag in its Subject, so who wrote"
            f" {submission.tag_for(address)} is not known. Take it out; to send as another address,"
            " begin a new message.",
        )


def _by_from(submission: Submission, senders: list[Mailbox]) -> Identity:
    address = _one_sender(submission, senders)
    if address.lower() != submission.login:
        return Identity(address, 18, f"From is {address}, an address of the login.")
    return _by_thread(submission) or _as_the_login(submission, address)


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
            f"{submission.login} may not send as {quoted(senders[0].address)}. Send from an"
            " address of your own, or add a tag like [sendas:shop] to the Subject.",
        )
    if not tags.is_local_part(local):
        raise unclear(
            18,
            f"From holds {quoted(senders[0].address)}, which is not an address to write back to."
            " Use plain letters, digits, dots and hyphens before the @.",
        )
    return address


def _by_thread(submission: Submission) -> Identity | None:
    if not submission.config.auto_sendas:
        return None
    addresses = thread.answered(submission)
    if not addresses:
        return None
    if len(addresses) > 1:
        tagged = [each for each in addresses if _has_a_tag(submission, each)][:_MOST_TAGS]
        examples = " or ".join(map(submission.tag_for, tagged)) or "a tag like [sendas:shop]"
        raise forbidden(
            19,
            f"This reply answers mail that came in for"
            f" {first_of(list(map(quoted, addresses)), _MOST_NAMED)}."
            f" Add {examples} to the Subject.",
        )
    (address,) = addresses
    if not submission.owns(address):
        if submission.config.is_of_host(address):
            raise forbidden(
                19,
                f"This reply answers mail for {address}, which is an address of the server and none"
                f" of {submission.login}. Add a tag like [sendas:shop] to the Subject.",
            )
        raise forbidden(
            19,
            f"This reply answers mail for {quoted(address)}, which is no address of"
            f" {submission.login} any more. Add a tag like {submission.tag_for(submission.login)}"
            " to the Subject.",
        )
    if address.lower() != submission.login and not _has_a_tag(submission, address):
        raise unclear(
            19,
            f"This reply answers mail for {quoted(address)}, which is not an address to write back"
            " to. Add a tag like [sendas:shop] to the Subject.",
        )
    return Identity(address, 19, f"It answers mail that came in for {address}.")


def _has_a_tag(submission: Submission, address: str) -> bool:
    """Tell whether there is a tag that names an address: a catch-all takes in odder ones."""
    return submission.owns(address) and tags.is_local_part(address.rpartition("@")[0])


def _as_the_login(submission: Submission, address: str) -> Identity:
    if submission.config.bare_login == "refuse":
        raise forbidden(
            20,
            f"Mail as {submission.login} itself is refused here. Add a tag to the Subject:"
            f" [sendas:shop] for an alias, {submission.tag_for(submission.login)} if you mean it.",
        )
    return Identity(address, 20, "From is the login, and nothing says otherwise.")
