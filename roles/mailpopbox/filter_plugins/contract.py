"""The rules of the contract that no type can say.

Values of the right types go in; out comes the model that every template reads, or a
sentence for each thing that is wrong. Nothing here knows Ansible.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

Values = dict[str, Any]
Mailbox = dict[str, Any]

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
LOCAL = re.compile(r"[a-z0-9!#$&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$&'*+/=?^_`{|}~-]+)*")
LOGIN_LOCAL = re.compile(r"[a-z0-9][a-z0-9._+-]*")
PATH = re.compile(r"/[^\s\"'$%\\]+")
PARAMETER = re.compile(r"[a-z][a-z0-9_]*")
# IDNA 2003, which Python has, and 2008, which registries use, name different domains for these.
DISPUTED = frozenset("ßς\u200c\u200d")
ALWAYS_OPEN = ("postmaster", "abuse")
DKIM_ALGORITHMS = (["rsa"], ["rsa", "ed25519"])
MANY = 1_000_000
# Who writes to itself to see that all works; the domain can never be anybody's (RFC 6761).
DOCTOR = "doctor@doctor.invalid"

RANGES = {
    "mailpopbox_vmail_uid": (500, 60000),
    "mailpopbox_ledger_days": (1, 36500),
    "mailpopbox_acme_dns_seconds": (0, 3600),
    "mailpopbox_auth_failure_delay_seconds": (0, 30),
    "mailpopbox_spam_greylist": (0, 1000),
    "mailpopbox_spam_mark": (0, 1000),
    "mailpopbox_spam_reject": (0, 1000),
    "mailpopbox_max_message_mb": (1, 1000),
    "mailpopbox_max_recipients": (1, 10000),
    "mailpopbox_queue_days": (1, 30),
    "mailpopbox_client_connections": (0, MANY),
    "mailpopbox_client_connections_per_minute": (0, MANY),
    "mailpopbox_client_messages_per_minute": (0, MANY),
    "mailpopbox_client_recipients_per_minute": (0, MANY),
    "mailpopbox_client_auths_per_minute": (0, MANY),
}


class RefusedError(ValueError):
    """Why a value can't be used, and what to write instead."""


# --- One value at a time ---


def ascii_domain(text: str) -> str:
    """Return a domain as DNS spells it: lower case, international names as xn--."""
    if DISPUTED & set(text):
        raise RefusedError(
            f'"{text}" has a letter that old and new standards read differently.'
            " Write its xn-- form."
        )
    try:
        name = text.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise RefusedError(f'"{text}" is not a domain. Write it like example.com.') from None
    labels = name.split(".")
    if len(labels) < 2 or len(name) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise RefusedError(
            f'"{text}" is not a full domain. Write it like example.com, with no dot at the end.'
        )
    if labels[-1].isdigit():
        raise RefusedError(f'"{text}" is an IP address. Write a name.')
    if labels[-1] == "invalid":
        raise RefusedError(f'"{text}" ends in .invalid, where nothing is. Write a domain of yours.')
    return name


def split_address(text: str, local_form: re.Pattern[str]) -> str:
    local, at, domain = text.rpartition("@")
    if not at:
        raise RefusedError(f'"{text}" has no domain. Write it like shop@example.com.')
    if len(local) > 64 or not local_form.fullmatch(local.lower()):
        raise RefusedError(
            f'"{text}" is not an address: what stands before the @ is empty, too long'
            " or has odd characters. Write it like shop@example.com."
        )
    return f"{local.lower()}@{ascii_domain(domain)}"


def address(text: str) -> str:
    return split_address(text, LOCAL)


def login_name(text: str) -> str:
    return split_address(text, LOGIN_LOCAL)


def password_problem(password: str, login: str) -> str | None:
    octets = len(password.encode("utf-8", "replace"))
    if not 10 <= octets <= 72:  # bcrypt reads no further
        return f"has {octets} bytes. Write 10 to 72, or leave it out to have one made."
    if not password.isprintable():
        return "holds a line break or another control character. Take it out."
    if password.lower() == login:
        return "is the login. Write another one, or leave it out to have one made."
    return None


def ip_address(text: str) -> str:
    """Return an address that others may reach, as DNS spells it."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        raise RefusedError(
            f'"{text}" is not an IP address. Write it like 192.0.2.1 or 2001:db8::1.'
        ) from None
    traits = ("is_unspecified", "is_loopback", "is_link_local", "is_multicast", "is_reserved")
    if any(getattr(found, trait) for trait in traits):
        raise RefusedError(f'"{text}" leads nobody to this host. Write the one that others reach.')
    return str(found)


def host_name(text: str) -> str:
    """Return a host that is asked for something, by name or address."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ascii_domain(text)


def domain_of(text: str) -> str:
    return text.rpartition("@")[2]


# --- One mailbox at a time ---


class Reader:
    """Reads the texts of a contract, and keeps what is wrong so that all is said at once."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def text(self, key: str, form: Callable[[str], str], text: str) -> str:
        """Return the text in its proper form, or nothing if it has none."""
        try:
            return form(text)
        except RefusedError as problem:
            self.problems.append(f"{key}: {problem}")
            return ""

    def texts(self, key: str, form: Callable[[str], str], texts: list[str]) -> list[str]:
        """Read each entry and refuse one that stands there twice."""
        found: list[str] = []
        for place, text in enumerate(texts, start=1):
            value = self.text(f"{key}[{place}]", form, text)
            if value in found:
                self.problems.append(f'{key}[{place}]: "{text}" stands there twice. Take one out.')
            elif value:
                found.append(value)
        return found

    def mailbox(self, key: str, given: Mailbox) -> Mailbox:
        mailbox = {
            "login": self.text(f"{key}.login", login_name, given["login"]),
            "domains": self.texts(f"{key}.domains", ascii_domain, given["domains"]),
            "addresses": self.texts(f"{key}.addresses", address, given["addresses"]),
            "blocked": self.texts(f"{key}.blocked", address, given["blocked"]),
            "aliases": given["aliases"],
        }
        if not given["domains"] and not given["addresses"]:
            self.problems.append(
                f"{key}: has neither domains nor addresses, so nothing would arrive. Give it one."
            )
        else:
            self.problems += mailbox_problems(key, mailbox)
        if given["password"] is not None:
            weakness = password_problem(given["password"], str(mailbox["login"]))
            self.problems += [f"{key}.password: {weakness}"] if weakness else []
        return mailbox


def mailbox_problems(key: str, mailbox: Mailbox) -> Iterator[str]:
    """Say what does not fit together within one mailbox."""
    login, domains, addresses = mailbox["login"], mailbox["domains"], mailbox["addresses"]
    arrives = domain_of(login) in domains or any(fnmatchcase(login, a) for a in addresses)
    if login and not arrives:
        yield (
            f'{key}.login: mail to "{login}" would not arrive here.'
            " Add its domain to domains, or the login to addresses."
        )
    for blocked in mailbox["blocked"]:
        if domain_of(blocked) not in {*domains, *map(domain_of, addresses)}:
            yield (
                f'{key}.blocked: "{blocked}" is at none of the domains of this mailbox.'
                " Block it where its mail arrives."
            )
        elif blocked.partition("@")[0] in ALWAYS_OPEN:
            yield f'{key}.blocked: "{blocked}" must arrive, as the standards ask. Take it out.'


# --- All mailboxes together ---


def claimed_twice(mailboxes: list[Mailbox]) -> Iterator[str]:
    """Say what two mailboxes both claim."""
    claims: tuple[tuple[str, Callable[[Mailbox], Iterable[str]], str], ...] = (
        ("login", lambda box: [box["login"]], "is the login of two mailboxes. Rename one."),
        (
            "domains",
            lambda box: box["domains"],
            "is the catch-all of two mailboxes. Leave it to one, and give the other addresses.",
        ),
        (
            "addresses",
            lambda box: {*box["addresses"], box["login"]},
            "arrives in two mailboxes. Leave it to one.",
        ),
    )
    for field, claimed, sentence in claims:
        owners: dict[str, int] = {}
        for place, mailbox in enumerate(mailboxes, start=1):
            for claim in sorted(filter(None, claimed(mailbox))):
                owner = owners.setdefault(claim, place)
                if owner != place:
                    yield (
                        f'mailpopbox_mailboxes[{place}].{field}: "{claim}" {sentence}'
                        f" (The other is mailpopbox_mailboxes[{owner}].)"
                    )


# --- The other settings ---


def range_problems(values: Values) -> Iterator[str]:
    for key, (least, most) in RANGES.items():
        if not least <= values[key] <= most:
            yield f"{key}: {values[key]} is out of range. Write a number from {least} to {most}."


def login_problems(values: Values, logins: list[str]) -> Iterator[str]:
    for key in ("mailpopbox_admin", "mailpopbox_capture_outbound"):
        if values[key] and values[key].lower() not in logins:
            yield f'{key}: "{values[key]}" is no login. Write one of: {", ".join(logins)}.'


def tls_problems(values: Values) -> Iterator[str]:
    for key in ("mailpopbox_tls_certificate", "mailpopbox_tls_key"):
        path = values[key]
        if values["mailpopbox_tls"] == "files" and not PATH.fullmatch(path):
            yield (
                f'{key}: "{path}" is not the path of a file on the host.'
                " Write it in full, like /etc/ssl/mail.pem."
            )
        if values["mailpopbox_tls"] != "files" and path:
            yield f'{key}: "{path}" has no effect. Set mailpopbox_tls: files, or take it out.'


def address_problems(values: Values, addresses: list[str]) -> Iterator[str]:
    for address in addresses:
        if ":" in address and not values["mailpopbox_ipv6"]:
            yield (
                f'mailpopbox_addresses: "{address}" has no effect while mailpopbox_ipv6 is false.'
                " Take one of them out."
            )


def dns_domain_problems(named: list[str], mailboxes: list[Mailbox]) -> Iterator[str]:
    catchalls = {domain for box in mailboxes for domain in box["domains"]}
    single = {domain_of(address) for box in mailboxes for address in box["addresses"]}
    for domain in named:
        if domain in catchalls:
            yield f'mailpopbox_dns_domains: "{domain}" has a catch-all, so it counts. Take it out.'
        elif domain not in single:
            yield (
                f'mailpopbox_dns_domains: no address at "{domain}" arrives in a mailbox.'
                " Give one of them an address there, or take it out."
            )


def ledger_problems(values: Values) -> Iterator[str]:
    place = values["mailpopbox_ledger"]
    folder, _, name = place.rpartition("/")
    file = folder == "/var/lib/mailpopbox" and PATH.fullmatch(f"/{name}")
    if not file and not place.startswith("postgresql://"):
        # Not shown: it may hold a password.
        yield (
            "mailpopbox_ledger: is neither a file in /var/lib/mailpopbox nor a PostgreSQL database."
            " Write /var/lib/mailpopbox/ledger.sqlite or postgresql://user:password@host/database."
        )


def mail_problems(values: Values) -> Iterator[str]:
    """Say what is wrong with how mail is signed and judged."""
    given = values["mailpopbox_dkim_algorithms"]
    if given not in DKIM_ALGORITHMS:
        yield (
            f"mailpopbox_dkim_algorithms: [{', '.join(given)}] is none of its choices."
            " Write [rsa] or [rsa, ed25519]: not everybody can check the second one alone."
        )
    reject = values["mailpopbox_spam_reject"]
    for key in ("mailpopbox_spam_greylist", "mailpopbox_spam_mark"):
        if 0 < reject <= values[key]:
            yield (
                f"{key}: {values[key]} is not below mailpopbox_spam_reject, which is {reject},"
                " so it would never count. Write less, or 0 to do without."
            )


def dnsbl_problems(values: Values) -> Iterator[str]:
    if values["mailpopbox_dnsbl"] and not values["mailpopbox_resolver"]:
        yield (
            "mailpopbox_dnsbl: needs mailpopbox_resolver, which is false: blocklists do not answer"
            " large public resolvers. Set that to true, or take the lists out."
        )


def extra_problems(values: Values) -> Iterator[str]:
    for name, value in values["mailpopbox_postfix_extra"].items():
        key = f"mailpopbox_postfix_extra.{name}"
        if not isinstance(name, str) or not PARAMETER.fullmatch(name):
            yield f"{key}: is not the name of a Postfix parameter. Write it as postconf prints it."
        if isinstance(value, bool) or not isinstance(value, str | int) or "\n" in str(value):
            yield f'{key}: has a value that is not one line of text. Quote it, like "yes" or "no".'
        if name == "smtp_generic_maps" and values["mailpopbox_tls_reports"]:
            yield (
                f"{key}: is what mailpopbox_tls_reports gives its reports their sender by. Take one"
                " of the two out."
            )


# --- The whole ---


def model(values: Values) -> dict[str, Any]:
    """Return the model and the passwords that were given, or what is wrong (`problems`)."""
    read, given = Reader(), values["mailpopbox_mailboxes"]
    hostname = read.text("mailpopbox_hostname", ascii_domain, values["mailpopbox_hostname"])
    acme_names = read.texts("mailpopbox_acme_names", ascii_domain, values["mailpopbox_acme_names"])
    email = values["mailpopbox_acme_email"]
    acme_email = read.text("mailpopbox_acme_email", address, email) if email else ""
    mailboxes = [
        read.mailbox(f"mailpopbox_mailboxes[{place}]", mailbox)
        for place, mailbox in enumerate(given, start=1)
    ]
    if not mailboxes:
        read.problems.append(
            "mailpopbox_mailboxes: is empty. Give at least one mailbox, with login and domains."
        )
    logins = [mailbox["login"] for mailbox in mailboxes]
    addresses = read.texts("mailpopbox_addresses", ip_address, values["mailpopbox_addresses"])
    domains = read.texts("mailpopbox_dns_domains", ascii_domain, values["mailpopbox_dns_domains"])
    trusted = read.texts("mailpopbox_arc_trusted", ascii_domain, values["mailpopbox_arc_trusted"])
    lists = read.texts("mailpopbox_dnsbl", ascii_domain, values["mailpopbox_dnsbl"])
    named = values["mailpopbox_doctor_blocklists"]
    blocklists = read.texts("mailpopbox_doctor_blocklists", ascii_domain, named)
    asked = {
        key: read.text(f"mailpopbox_{key}", host_name, text) if text else ""
        for key in ("doctor_outside", "doctor_clock")
        for text in [values[f"mailpopbox_{key}"]]
    }
    problems = [
        *read.problems,
        *claimed_twice(mailboxes),
        *range_problems(values),
        *login_problems(values, logins),
        *tls_problems(values),
        *address_problems(values, addresses),
        *dns_domain_problems(domains, mailboxes),
        *ledger_problems(values),
        *mail_problems(values),
        *dnsbl_problems(values),
        *extra_problems(values),
    ]
    if problems:
        return {"problems": problems}
    plain = {key.removeprefix("mailpopbox_"): value for key, value in values.items()}
    return {
        "problems": [],
        "passwords": {
            login: mailbox["password"]
            for login, mailbox in zip(logins, given, strict=True)
            if mailbox["password"] is not None
        },
        "model": plain
        | {
            "hostname": hostname,
            "acme_names": acme_names,
            "acme_email": acme_email,
            "mailboxes": mailboxes,
            "arc_trusted": trusted,
            "dnsbl": lists,
            "admin": plain["admin"].lower() or logins[0],
            "capture_outbound": plain["capture_outbound"].lower(),
            "addresses": addresses,
            "dns_domains": domains,
            "doctor_blocklists": blocklists,
            "doctor_login": DOCTOR,
            **asked,
        },
    }


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        return {"mailpopbox_model": model}
