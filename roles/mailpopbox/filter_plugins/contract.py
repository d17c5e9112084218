"""The rules that no type can say, and the model that every template reads.

Values of the right types go in; a model, or a sentence for each thing that is
wrong, comes out. Nothing here knows Ansible.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

Values = dict[str, Any]
Mailbox = dict[str, Any]

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
LOCAL = re.compile(r"[a-z0-9!#$&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$&'*+/=?^_`{|}~-]+)*")
LOGIN_LOCAL = re.compile(r"[a-z0-9][a-z0-9._+-]*")
PARAMETER = re.compile(r"[a-z][a-z0-9_]*")
# IDNA 2003, which Python has, and 2008, which registries use, name different domains for these.
DISPUTED = frozenset("ßς\u200c\u200d")
ALWAYS_OPEN = ("postmaster", "abuse")

LIMITS = {
    "mailpopbox_vmail_uid": (500, 60000),
    "mailpopbox_auth_failure_delay_seconds": (0, 30),
    "mailpopbox_max_message_mb": (1, 1000),
    "mailpopbox_max_recipients": (1, 10000),
    "mailpopbox_queue_days": (1, 30),
    "mailpopbox_client_connections": (0, 100000),
    "mailpopbox_client_connections_per_minute": (0, 1000000),
    "mailpopbox_client_messages_per_minute": (0, 1000000),
    "mailpopbox_client_recipients_per_minute": (0, 1000000),
    "mailpopbox_client_auths_per_minute": (0, 1000000),
}


class Refused(ValueError):
    """Why a value can't be used, and what to write instead."""


# One value at a time


def ascii_domain(text: str) -> str:
    """Return a domain as DNS spells it: lower case, international names as xn--."""
    if DISPUTED & set(text):
        raise Refused(f'"{text}" has a letter that old and new standards read differently. Write its xn-- form.')
    try:
        name = text.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise Refused(f'"{text}" is not a domain. Write it like example.com.') from None
    labels = name.split(".")
    if len(labels) < 2 or len(name) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise Refused(f'"{text}" is not a full domain. Write it like example.com, with no dot at the end.')
    if labels[-1].isdigit():
        raise Refused(f'"{text}" is an IP address. Write a name.')
    return name


def spellings(domain: str) -> list[str]:
    """Return the forms in which a client may name a domain; SMTPUTF8 sends the second."""
    try:
        return sorted({domain, domain.encode("ascii").decode("idna")})
    except UnicodeError:
        return [domain]


def split_address(text: str, local_form: re.Pattern[str]) -> tuple[str, str]:
    local, at, domain = text.lower().rpartition("@")
    if not at:
        raise Refused(f'"{text}" has no domain. Write it like shop@example.com.')
    if len(local) > 64 or not local_form.fullmatch(local):
        raise Refused(f'"{text}" is not an address: what stands before the @ is empty, too long or has odd characters.')
    return local, ascii_domain(domain)


def address(text: str) -> str:
    return "@".join(split_address(text, LOCAL))


def login_name(text: str) -> str:
    return "@".join(split_address(text, LOGIN_LOCAL))


def is_glob(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def expression(pattern: str) -> str:
    """Return a glob as the POSIX expression that Postfix's regexp tables read."""
    local, _, domain = pattern.partition("@")
    wild = {"*": ".*", "?": ".", "^": r"\^", "/": r"\/"}
    local_expression = "".join(c if c.isalnum() else wild.get(c, f"[{c}]") for c in local)
    names = "|".join(name.replace(".", "[.]") for name in spellings(domain))
    return f"/^{local_expression}@({names})$/"


def check_password(password: str, login: str) -> None:
    octets = len(password.encode("utf-8", "replace"))
    if octets < 10 or octets > 72:
        raise Refused(f"has {octets} bytes. Write 10 to 72 of them, or leave it out to have one made.")
    if not password.isprintable():
        raise Refused("holds a line break or another control character. Take it out.")
    if password.lower() == login:
        raise Refused("is the login. Write another one, or leave it out to have one made.")


# One mailbox at a time


class Contract:
    """Collects what is wrong, so that all of it is said at once."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def read(self, key: str, reader: Callable[[str], str], text: str) -> str | None:
        try:
            return reader(text)
        except Refused as problem:
            self.problems.append(f"{key}: {problem}")
            return None

    def read_list(self, key: str, reader: Callable[[str], str], texts: list[str]) -> list[str]:
        """Read each entry and refuse one that stands there twice."""
        found: list[str] = []
        for place, text in enumerate(texts, start=1):
            value = self.read(f"{key}[{place}]", reader, text)
            if value in found:
                self.problems.append(f'{key}[{place}]: "{text}" stands there twice. Take one out.')
            elif value is not None:
                found.append(value)
        return found

    def read_mailbox(self, key: str, given: Mailbox) -> Mailbox:
        mailbox = {
            "login": self.read(f"{key}.login", login_name, given["login"]),
            "domains": self.read_list(f"{key}.domains", ascii_domain, given["domains"]),
            "addresses": self.read_list(f"{key}.addresses", address, given["addresses"]),
            "blocked": self.read_list(f"{key}.blocked", address, given["blocked"]),
        }
        if given["password"] is not None:
            self.read(f"{key}.password", lambda text: check_password(text, str(mailbox["login"])) or "", given["password"])
        if not given["domains"] and not given["addresses"]:
            self.problems.append(f"{key}: has neither domains nor addresses, so nothing would arrive. Give it one.")
        elif mailbox["login"]:
            self.check_login(key, mailbox)
        for place, blocked in enumerate(mailbox["blocked"], start=1):
            self.check_blocked(f"{key}.blocked[{place}]", blocked, mailbox)
        return mailbox

    def check_login(self, key: str, mailbox: Mailbox) -> None:
        login = mailbox["login"]
        if domain_of(login) in mailbox["domains"] or any(fnmatchcase(login, a) for a in mailbox["addresses"]):
            return
        self.problems.append(
            f'{key}.login: mail to "{login}" would not arrive here. Add its domain to domains, or the login to addresses.'
        )

    def check_blocked(self, key: str, blocked: str, mailbox: Mailbox) -> None:
        if domain_of(blocked) not in {*mailbox["domains"], *map(domain_of, mailbox["addresses"])}:
            self.problems.append(
                f'{key}: "{blocked}" is at none of this mailbox\'s domains. Block it where its mail arrives.'
            )
        elif blocked.partition("@")[0] in ALWAYS_OPEN:
            self.problems.append(f'{key}: "{blocked}" must arrive, as the standards ask. Take it out.')


def domain_of(text: str) -> str:
    return text.rpartition("@")[2]


# All mailboxes together


def shared_claims(mailboxes: list[Mailbox]) -> Iterator[str]:
    """Say what two mailboxes both claim."""
    claims = (
        ("login", "stands there twice. Give each mailbox a login of its own.", lambda m: [m["login"]]),
        ("domains", "is the catch-all of two mailboxes. Leave it to one; list single addresses for the other.",
         lambda m: m["domains"]),
        ("addresses", "arrives in two mailboxes. Leave it to one.", lambda m: m["addresses"]),
    )
    for field, sentence, claimed in claims:
        owners: dict[str, int] = {}
        for place, mailbox in enumerate(mailboxes, start=1):
            for claim in filter(None, claimed(mailbox)):
                if owners.setdefault(claim, place) != place:
                    yield (
                        f'mailpopbox_mailboxes[{place}].{field}: "{claim}" {sentence}'
                        f" (The other is mailpopbox_mailboxes[{owners[claim]}].)"
                    )
    logins = {mailbox["login"] for mailbox in mailboxes}
    for place, mailbox in enumerate(mailboxes, start=1):
        for stolen in sorted(logins & set(mailbox["addresses"]) - {mailbox["login"]}):
            yield (
                f'mailpopbox_mailboxes[{place}].addresses: "{stolen}" is the login of another mailbox. Take it out.'
            )


def cross_checks(values: Values, logins: list[str | None]) -> Iterator[str]:
    """Say what does not fit together among the plain settings."""
    for key, (least, most) in LIMITS.items():
        if not least <= values[key] <= most:
            yield f"{key}: {values[key]} is out of range. Write a number from {least} to {most}."
    for key in ("mailpopbox_admin", "mailpopbox_capture_outbound"):
        if values[key] and values[key].lower() not in logins:
            yield f'{key}: "{values[key]}" is no login. Write one of those in mailpopbox_mailboxes.'
    for key in ("mailpopbox_tls_certificate", "mailpopbox_tls_key"):
        path = values[key]
        if values["mailpopbox_tls"] == "files" and not re.fullmatch(r"/[^\s\"'$\\]+", path):
            yield f'{key}: "{path}" is not the path of a file on the host. Write it in full, like /etc/ssl/mail.pem.'
        if values["mailpopbox_tls"] != "files" and path:
            yield f'{key}: "{path}" has no effect. Set mailpopbox_tls: files, or take it out.'
    for name, value in values["mailpopbox_postfix_extra"].items():
        key = f"mailpopbox_postfix_extra.{name}"
        if not isinstance(name, str) or not PARAMETER.fullmatch(name):
            yield f"{key}: is not the name of a Postfix parameter. Write it as postconf prints it."
        if not isinstance(value, str | int) or isinstance(value, bool) or "\n" in str(value):
            yield f"{key}: its value is not one line of text. Put it in quotes; Postfix says yes and no."


# The model


def explicit_addresses(mailboxes: list[Mailbox]) -> dict[str, str]:
    """Map each single address to its login; postmaster and abuse of every domain are among them."""
    owners = {}
    for mailbox in mailboxes:  # the first mailbox with an address at a domain answers for that domain
        for domain in map(domain_of, mailbox["addresses"]):
            owners.setdefault(domain, mailbox["login"])
    owners.update({domain: mailbox["login"] for mailbox in mailboxes for domain in mailbox["domains"]})
    exact = {f"{name}@{domain}": login for domain, login in owners.items() for name in ALWAYS_OPEN}
    for mailbox in mailboxes:
        exact.update({a: mailbox["login"] for a in mailbox["addresses"] if not is_glob(a)})
    exact.update({mailbox["login"]: mailbox["login"] for mailbox in mailboxes})
    return exact


def entry(key: str, login: str) -> dict[str, str]:
    return {"key": key, "login": login}


def spelled(keys: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Repeat each entry for every spelling of its domain."""
    return [
        entry(f"{local}@{domain}", login)
        for key, login in keys
        for local, _, name in [key.rpartition("@")]
        for domain in spellings(name)
    ]


def routes(mailboxes: list[Mailbox]) -> dict[str, Any]:
    """Return what Postfix's tables hold: which address arrives where, and which is blocked."""
    exact = explicit_addresses(mailboxes)
    served = {domain for mailbox in mailboxes for domain in mailbox["domains"]} | {domain_of(a) for a in exact}
    return {
        "domains": [name for domain in sorted(served) for name in spellings(domain)],
        "exact": spelled(sorted(exact.items())),
        "globs": [
            entry(expression(a), mailbox["login"]) for mailbox in mailboxes for a in mailbox["addresses"] if is_glob(a)
        ],
        "catchalls": spelled(
            sorted((f"@{domain}", mailbox["login"]) for mailbox in mailboxes for domain in mailbox["domains"])
        ),
        "blocked": [expression(blocked) for mailbox in mailboxes for blocked in mailbox["blocked"]],
    }


def model(values: Values) -> dict[str, Any]:
    """Return the model (`mail`) and the given passwords, or a sentence for each broken rule (`problems`)."""
    contract = Contract()
    hostname = contract.read("mailpopbox_hostname", ascii_domain, values["mailpopbox_hostname"])
    if not values["mailpopbox_mailboxes"]:
        contract.problems.append("mailpopbox_mailboxes: is empty. Give at least one mailbox: a login and its domains.")
    mailboxes = [
        contract.read_mailbox(f"mailpopbox_mailboxes[{place}]", given)
        for place, given in enumerate(values["mailpopbox_mailboxes"], start=1)
    ]
    logins = [mailbox["login"] for mailbox in mailboxes]
    problems = [*contract.problems, *shared_claims(mailboxes), *cross_checks(values, logins)]
    if problems:
        return {"mail": {}, "problems": problems}
    plain = {key.removeprefix("mailpopbox_"): value for key, value in values.items() if key != "mailpopbox_mailboxes"}
    return {
        "mail": {
            **plain,
            "hostname": hostname,
            "admin": plain["admin"].lower() or logins[0],
            "capture_outbound": plain["capture_outbound"].lower(),
            "mailboxes": mailboxes,
            "routes": routes(mailboxes),
        },
        "passwords": {
            str(login): given["password"]
            for login, given in zip(logins, values["mailpopbox_mailboxes"], strict=True)
            if given["password"] is not None
        },
        "problems": [],
    }


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        return {"mailpopbox_model": model}
