"""A message to oneself: what it looks like, and how its way is judged."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage

from mailpopbox.config import Config
from mailpopbox.counting import counted
from mailpopbox.doctor.finding import Finding, bad, good, unknown
from mailpopbox.found import Unknown

# Enough to see that it works; a host may have thousands.
_MOST_DOMAINS = 10


def senders(config: Config, messages_per_minute: int = 0) -> tuple[str, ...]:
    """Return an address of each domain that users send from, as far as the limit goes."""
    found: dict[str, str] = {}
    for box in config.mailboxes:
        for address in (*(f"postmaster@{each}" for each in box.domains), *box.addresses, box.login):
            if not set(address) & set("*?["):
                found.setdefault(address.rpartition("@")[2], address)
    # With the half of it, one can look again at once. No limit is written as 0.
    most = max(messages_per_minute // 2, 1) if messages_per_minute else _MOST_DOMAINS
    return tuple(found.values())[: min(most, _MOST_DOMAINS)]


def message(doctor: str, sender: str, token: str, date: str) -> EmailMessage:
    """Return a message of the doctor to itself, that is to leave as another address."""
    made = EmailMessage()
    made["From"] = made["To"] = doctor
    made["Subject"] = f"{token} [sendas:{sender}]"
    made["Date"] = date
    made["Message-ID"] = f"<{token}@{doctor.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content("The doctor of the mail server looks whether mail finds its way.\n")
    return made


@dataclass(frozen=True, slots=True)
class Signature:
    """A DKIM signature of a message."""

    domain: str
    selector: str
    algorithm: str
    # Why it is not right; "" if it is.
    why: str | Unknown = ""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that came back."""

    sender: str  # as whom it was to leave
    author: str  # who stands in its From
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Trip:
    """How far the messages came."""

    # Where they stopped ("submission", "queue", "fetching"), and why; "" if they came back.
    stopped: str = ""
    why: str = ""
    seconds: float = 0
    arrived: tuple[Arrived, ...] = ()


def trip(found: Trip) -> tuple[Finding, ...]:
    """Judge the way of messages to oneself."""
    if found.stopped:
        sentence, fix = _STOPPED[found.stopped]
        return (bad(found.stopped, sentence.format(found.why), fix),)
    wrong = tuple(each for arrived in found.arrived for each in _arrived(arrived))
    if wrong:
        return wrong
    number = counted(len(found.arrived), "message")
    way = "through submission, milters, queue, mailbox and POP3"
    signed = "signed, as DNS confirms"
    return (good(f"{number} to oneself went {way} in {found.seconds:.1f} s, {signed}."),)


_STOPPED = {
    "submission": (
        "A message to oneself cannot be sent: {}.",
        "journalctl -u postfix -u dovecot -u rspamd -u mailpopbox-milter --since -5min tells more.",
    ),
    "queue": (
        "A message to oneself was accepted, and does not arrive: {}.",
        "postqueue -p says where it waits; journalctl -u postfix --since -5min tells more.",
    ),
    "fetching": (
        "A message to oneself cannot be fetched: {}.",
        "journalctl -u dovecot --since -5min tells more.",
    ),
}


def _arrived(arrived: Arrived) -> Iterator[Finding]:
    domain = arrived.sender.rpartition("@")[2]
    if arrived.author != arrived.sender:
        yield bad(
            f"{domain} From",
            f"A message that was to leave as {arrived.sender} leaves as {arrived.author}.",
            "systemctl restart mailpopbox-milter, and send nothing before this is good.",
        )
    ours = [each for each in arrived.signatures if each.domain == domain]
    if not ours:
        yield bad(
            f"{domain} DKIM",
            f"Mail of {domain} leaves without a signature.",
            "mailpopbox dkim list shows its keys; systemctl restart rspamd reads them again.",
        )
    for each in ours:
        about = f"{domain} DKIM {each.algorithm}"
        signature = f"The signature of {domain} ({each.selector}, {each.algorithm})"
        if isinstance(each.why, Unknown):
            yield unknown(about, f"{signature} cannot be checked: {each.why.why}.")
        elif each.why:
            yield bad(
                about,
                f"{signature} is not believed: {each.why}.",
                f"Set {each.selector}._domainkey.{domain} as mailpopbox dns --values prints it.",
            )


# --- Signatures, as whoever gets the message reads them ---


def tags_of(header: str) -> Mapping[str, str]:
    """Read the tags of a DKIM-Signature (RFC 6376)."""
    pairs = (part.partition("=") for part in header.split(";"))
    return {name.strip(): "".join(value.split()) for name, _, value in pairs}


def key_name(tags: Mapping[str, str]) -> str:
    """Return where the key of a signature stands in DNS."""
    return f"{tags.get('s', '')}._domainkey.{tags.get('d', '')}"
