"""Which address arrives in which mailbox, in the forms that Postfix's tables take.

The mailboxes of a checked contract go in. Nothing here knows Ansible.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Mailbox = dict[str, Any]
Entry = dict[str, str]

ALWAYS_OPEN = ("postmaster", "abuse")


def domain_of(address: str) -> str:
    return address.rpartition("@")[2]


def is_glob(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def spellings(domain: str) -> list[str]:
    """Return the forms in which a client may name a domain: SMTPUTF8 sends the second."""
    try:
        return sorted({domain, domain.encode("ascii").decode("idna")})
    except UnicodeError:
        return [domain]


def expression(pattern: str) -> str:
    """Return a glob as the POSIX expression of a regexp table, which ignores case."""
    local, _, domain = pattern.partition("@")
    special = {"*": ".*", "?": ".", "^": r"\^", "/": r"\/"}
    local_part = "".join(c if c.isalnum() else special.get(c, f"[{c}]") for c in local)
    names = "|".join(name.replace(".", "[.]") for name in spellings(domain))
    return f"/^{local_part}@({names})$/"


def owners_of_domains(mailboxes: list[Mailbox]) -> dict[str, str]:
    """Say who answers for each domain: its catch-all, else the first with an address there."""
    owners: dict[str, str] = {}
    for mailbox in mailboxes:
        owners |= dict.fromkeys(mailbox["domains"], mailbox["login"])
    for mailbox in mailboxes:
        for domain in map(domain_of, mailbox["addresses"]):
            owners.setdefault(domain, mailbox["login"])
    return owners


def single_addresses(mailboxes: list[Mailbox]) -> dict[str, str]:
    """Map single addresses to logins: what is listed, each login, postmaster and abuse."""
    owners = owners_of_domains(mailboxes)
    exact = {f"{name}@{domain}": owners[domain] for domain in owners for name in ALWAYS_OPEN}
    for mailbox in mailboxes:
        exact |= {a: mailbox["login"] for a in mailbox["addresses"] if not is_glob(a)}
        exact[mailbox["login"]] = mailbox["login"]
    return exact


def entries(owners: Iterable[tuple[str, str]]) -> list[Entry]:
    """Return a table's lines, each repeated for every spelling of its domain."""
    return [
        {"key": f"{local}@{domain}", "login": login}
        for address, login in sorted(owners)
        for local, _, name in [address.rpartition("@")]
        for domain in spellings(name)
    ]


def routes(mailboxes: list[Mailbox]) -> dict[str, Any]:
    """Return what Postfix's tables hold."""
    catchalls = [(f"@{domain}", box["login"]) for box in mailboxes for domain in box["domains"]]
    globs = [(a, box["login"]) for box in mailboxes for a in box["addresses"] if is_glob(a)]
    domains = sorted(owners_of_domains(mailboxes))
    return {
        "domains": domains,
        "names": [name for domain in domains for name in spellings(domain)],
        "exact": entries(single_addresses(mailboxes).items()),
        "catchalls": entries(catchalls),
        "globs": [{"key": expression(pattern), "login": login} for pattern, login in globs],
    }


class FilterModule:
    """What Ansible looks for in a file of filters."""

    def filters(self) -> dict[str, Any]:
        return {"mailpopbox_routes": routes}
